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

// Ports of one address and protocol, for the overlap check.
struct port_span {
	uint32_t address;
	uint8_t protocol;
	uint16_t first, last;
	uint32_t position;
};

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

static bool parse_address(struct parse *ps, const struct reader *r, struct address_ref *out)
{
	if (parse_owner(ps, r, "vip", out) != READ_OK)
		return false;
	if (out->vip >= 0 && ps->eip_of_vip[out->vip] != 0)
		report_member(r, "vip", "carries the EIP /eips/%u and can carry nothing else",
			ps->eip_of_vip[out->vip] - 1);
	return true;
}

// True when address, protocol and ports are good.
static bool parse_forward(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "name", "vip", "protocol", "ports", "target",
		"target_ports", "allowed_cidr", NULL };
	struct port_forward_config *forward = &ps->config->port_forwards[index];
	unsigned int protocol = 0;
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return false;
	parse_name(ps, &r, "port_forwards", ps->names, index, text_name, forward->name);
	bool address = parse_address(ps, &r, &forward->address);
	enum reading got = read_choice(&r, "protocol", REQUIRED, protocols, &protocol);
	forward->protocol = protocol_numbers[protocol];
	bool ports = parse_ports(&r, forward);
	(void)parse_target(ps, &r, &forward->target);
	// 0.0.0.0/0 is everybody, as if it were not there.
	if (read_prefix(&r, "allowed_cidr", OPTIONAL, &forward->allowed) == READ_OK)
		forward->has_allowed = forward->allowed.plen > 0;
	return address && ports && got == READ_OK;
}

static int order_spans(const void *a, const void *b)
{
	const struct port_span *x = a, *y = b;

	if (x->address != y->address)
		return x->address > y->address ? 1 : -1;
	if (x->protocol != y->protocol)
		return x->protocol > y->protocol ? 1 : -1;
	if (x->first != y->first)
		return x->first > y->first ? 1 : -1;
	return (x->position > y->position) - (x->position < y->position);
}

static void report_overlap(struct parse *ps, const struct port_span *a, const struct port_span *b)
{
	const struct port_span *wrong = a->position > b->position ? a : b;
	const struct port_span *other = wrong == a ? b : a;

	report_entry(ps, "port_forwards", wrong->position, "ports", -1,
		"overlaps %u-%u of /port_forwards/%u on the same address and protocol",
		other->first, other->last, other->position);
}

// In sorted order, a range that overlaps an earlier one overlaps the one that reaches highest.
static void check_overlaps(struct parse *ps, struct port_span *spans, size_t n)
{
	const struct port_span *highest = spans;

	qsort(spans, n, sizeof(*spans), order_spans);
	for (size_t i = 1; i < n; i++) {
		const struct port_span *s = &spans[i];
		bool same = s->address == highest->address && s->protocol == highest->protocol;

		if (same && s->first <= highest->last)
			report_overlap(ps, highest, s);
		if (!same || s->last > highest->last)
			highest = s;
	}
}

void parse_port_forwards(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	size_t n = parse_list(ps, "port_forwards", LIMIT_PORT_FORWARDS - 1, &list, &json), good = 0;
	struct port_span *spans = parse_alloc(ps, n, sizeof(*spans));

	c->port_forwards = parse_alloc(ps, n, sizeof(*c->port_forwards));
	if (spans != NULL && c->port_forwards != NULL) {
		c->n_port_forwards = (unsigned int)n;
		json_object_clear(ps->names);
		for (size_t i = 0; i < n; i++) {
			struct path path = { .up = &list, .index = i };
			const struct port_forward_config *forward = &c->port_forwards[i];

			if (parse_forward(ps, json_array_get(json, i), &path, i))
				spans[good++] = (struct port_span){ forward->address.address.s_addr,
					forward->protocol, forward->first, forward->last,
					(uint32_t)i };
		}
		check_overlaps(ps, spans, good);
	}
	free(spans);
}
