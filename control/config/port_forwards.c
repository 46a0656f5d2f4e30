// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list `port_forwards`.
#include <netinet/in.h>
#include <stdlib.h>

#include "control/config/context.h"
#include "control/config/text.h"
#include "dataplane/main/limits.h"

static const char *const protocols[] = { "tcp", "udp", NULL };
static const uint8_t protocol_numbers[] = { IPPROTO_TCP, IPPROTO_UDP };

// `ports` and `target_ports`: the same range, or one port to another.
static bool parse_ports(const struct reader *r, struct port_forward_config *forward)
{
	uint16_t first = 0, last = 0;

	if (read_ports(r, "ports", REQUIRED, &forward->first, &forward->last) != READ_OK)
		return false;
	forward->target_first = forward->first;
	if (read_ports(r, "target_ports", OPTIONAL, &first, &last) != READ_OK)
		return true;
	forward->target_first = first;
	if (last - first != forward->last - forward->first)
		report_member(r, "target_ports", "not as many ports as in \"ports\"");
	else if (first != forward->first && first != last)
		report_member(r, "target_ports", "only a single port may map to another one");
	return true;
}

static void parse_forward(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "name", "vip", "protocol", "ports", "target",
		"target_ports", "allowed_cidr", NULL };
	struct port_forward_config *forward = &ps->config->port_forwards[index];
	unsigned int protocol = 0;
	struct claim *claim;
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return;
	parse_name(ps, &r, "port_forwards", &ps->names, index, text_name, forward->name);
	bool address = parse_service_address(ps, &r, "vip", &forward->address);
	enum reading got = read_choice(&r, "protocol", REQUIRED, protocols, &protocol);
	forward->protocol = protocol_numbers[protocol];
	bool ports = parse_ports(&r, forward);
	(void)parse_target(ps, &r, "target", &forward->target);
	// 0.0.0.0/0 is everybody, as if it were not there.
	if (read_prefix(&r, "allowed_cidr", OPTIONAL, &forward->allowed) == READ_OK)
		forward->has_allowed = forward->allowed.plen > 0;
	claim = address && ports && got == READ_OK ? claim_ports(ps) : NULL;
	if (claim != NULL)
		*claim = (struct claim){ .address = forward->address.address,
			.protocol = forward->protocol,
			.first = forward->first,
			.last = forward->last,
			.holder = CLAIM_FORWARD,
			.index = (uint32_t)index };
}

void parse_port_forwards(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	size_t n = parse_list(ps, "port_forwards", LIMIT_PORT_FORWARDS - 1, &list, &json);

	c->port_forwards = parse_alloc(ps, n, sizeof(*c->port_forwards));
	if (c->port_forwards == NULL)
		return;
	c->n_port_forwards = (unsigned int)n;
	name_index_clear(&ps->names);
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_forward(ps, json_array_get(json, i), &path, i);
	}
}
