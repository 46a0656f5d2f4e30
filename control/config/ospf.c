// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The object `ospf`: the router's part and the areas; what is inside of an area is in
// ospf_interface.c.
#include "control/config/ospf.h"

#include <arpa/inet.h>
#include <string.h>

#include "control/config/text.h"
#include "dataplane/main/limits.h"

#define REFERENCE_DEFAULT 100000  // Mbit/s, as FRR's: 10 Gbit/s cost 10
#define REFERENCE_MAX	  4294967 // as FRR's
#define GRACE_DEFAULT	  120	  // RFC 3623 appendix B.1
#define GRACE_MAX	  1800

static const char *const area_types[] = {
	[OSPF_AREA_STANDARD] = "standard",
	[OSPF_AREA_STUB] = "stub",
	[OSPF_AREA_NSSA] = "nssa",
	NULL,
};

// The router id identifies the router to all others: an address of its own, best a public one.
static bool default_router_id(const struct parse *ps, struct in_addr *out)
{
	static const enum interface_role roles[] = { INTERFACE_PUBLIC, INTERFACE_PRIVATE };
	const struct config *c = ps->config;

	for (unsigned int k = 0; k < 2; k++) {
		for (unsigned int i = 0; i < c->n_interfaces; i++) {
			const struct interface_config *f = &c->interfaces[i];

			if (f->role != roles[k] || f->n_addresses == 0)
				continue;
			*out = f->addresses[0].prefix.addr;
			return true;
		}
	}
	return false;
}

static void parse_router_id(struct parse *ps, const struct reader *r)
{
	struct in_addr *id = &ps->config->ospf.router_id;
	enum reading got = read_address(r, "router_id", OPTIONAL, id);

	if (got == READ_OK && id->s_addr == 0)
		report_member(r, "router_id", "0.0.0.0 identifies no router");
	if (got == READ_ABSENT && !default_router_id(ps, id))
		report_member(r, "router_id", "missing, and no interface has an address");
}

static void parse_redistribute(struct parse *ps, const struct reader *r)
{
	static const char *const sources[] = { "static", "connected", "default", NULL };
	struct path list = { .up = r->path, .key = "redistribute" };
	json_t *json = NULL, *entry;
	size_t i;

	if (read_array(r, "redistribute", &json) != READ_OK)
		return;
	json_array_foreach(json, i, entry)
	{
		const char *text = json_string_value(entry);
		struct path path = { .up = &list, .index = i };
		unsigned int k = 0;

		while (sources[k] != NULL && (text == NULL || strcmp(text, sources[k]) != 0))
			k++;
		if (sources[k] == NULL)
			report(r->problems, &path, entry, "expected static, connected or default");
		else if (ps->config->ospf.redistribute & 1u << k)
			report(r->problems, &path, entry, "given twice");
		else
			ps->config->ospf.redistribute |= 1u << k;
	}
}

static void parse_router(struct ospf_parse *op, const struct reader *r)
{
	static const char *const profiles[] = { "standard", "fast", NULL };
	struct ospf_config *o = &op->ps->config->ospf;
	unsigned int profile = 0;
	uint32_t grace = GRACE_DEFAULT;

	parse_router_id(op->ps, r);
	(void)ospf_parse_intervals(r, &op->hello_interval_s, &op->dead_interval_s);
	(void)read_choice(r, "convergence", OPTIONAL, profiles, &profile);
	o->fast_convergence = profile == 1;
	(void)read_integer(r, "graceful_restart_s", OPTIONAL, 0, GRACE_MAX, &grace);
	o->graceful_restart_s = (uint16_t)grace;
	o->reference_bandwidth_mbps = REFERENCE_DEFAULT;
	(void)read_integer(r, "reference_bandwidth_mbps", OPTIONAL, 1, REFERENCE_MAX,
		&o->reference_bandwidth_mbps);
	parse_redistribute(op->ps, r);
}

// A number, or the same in dotted form.
static bool parse_area_id(const struct reader *r, struct in_addr *out)
{
	json_t *id = reader_member(r, "id");

	if (json_is_string(id))
		return read_address(r, "id", REQUIRED, out) == READ_OK;
	if (!json_is_integer(id) || json_integer_value(id) < 0 ||
		json_integer_value(id) > UINT32_MAX) {
		report_member(r, "id", "expected a number from 0 to 4294967295 or \"a.b.c.d\"");
		return false;
	}
	out->s_addr = htonl((uint32_t)json_integer_value(id));
	return true;
}

static void check_area(struct ospf_parse *op, const struct reader *r, size_t index)
{
	const struct ospf_config *o = &op->ps->config->ospf;
	const struct ospf_area_config *area = &o->areas[index];

	if (area->id.s_addr == 0 && area->type != OSPF_AREA_STANDARD)
		report_member(r, "type", "area 0 is the backbone, a standard area");
	for (size_t i = 0; i < index; i++) {
		if (!op->area_read[i] || o->areas[i].id.s_addr != area->id.s_addr)
			continue;
		report_member(r, "id", "the same area as /ospf/areas/%zu", i);
		return;
	}
	op->area_read[index] = true;
}

static void parse_area(struct ospf_parse *op, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "id", "type", "authentication", "interfaces", NULL };
	struct ospf_config *o = &op->ps->config->ospf;
	struct ospf_area_config *area = &o->areas[index];
	struct ospf_authentication authentication = { 0 };
	unsigned int type = OSPF_AREA_STANDARD;
	struct reader r;

	if (!reader_open(&r, json, path, op->ps->problems, fields))
		return;
	bool good = parse_area_id(&r, &area->id);
	good &= read_choice(&r, "type", OPTIONAL, area_types, &type) != READ_BAD;
	area->type = (enum ospf_area_type)type;
	ospf_parse_authentication(&r, &authentication);
	ospf_parse_interfaces(op, &r, area, &authentication);
	if (good)
		check_area(op, &r, index);
}

static void parse_areas(struct ospf_parse *op, const struct reader *r)
{
	struct ospf_config *o = &op->ps->config->ospf;
	struct path list = { .up = r->path, .key = "areas" };
	json_t *json = NULL;

	if (read_array(r, "areas", &json) != READ_OK)
		return;
	size_t n = json_array_size(json);
	if (n > LIMIT_PORTS) {
		report(r->problems, &list, NULL, "%zu entries, more than the limit of %d", n,
			LIMIT_PORTS);
		return;
	}
	o->areas = parse_alloc(op->ps, n, sizeof(*o->areas));
	if (o->areas == NULL)
		return;
	o->n_areas = (unsigned int)n;
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_area(op, json_array_get(json, i), &path, i);
	}
}

static bool overlap(const struct ipv4_prefix *a, const struct ipv4_prefix *b)
{
	return a->plen <= b->plen ? prefix_contains(a, b->addr) : prefix_contains(b, a->addr);
}

static bool advertises(const struct config *c, const struct ipv4_prefix *source)
{
	for (unsigned int i = 0; i < c->ospf.n_areas; i++) {
		const struct ospf_area_config *area = &c->ospf.areas[i];

		for (unsigned int k = 0; k < area->n_interfaces; k++) {
			const struct interface_config *f =
				&c->interfaces[area->interfaces[k].interface];

			for (unsigned int n = 0; n < f->n_addresses; n++)
				if (overlap(source, &f->addresses[n].prefix))
					return true;
		}
	}
	return false;
}

// Whoever learns of a network reaches it, but is answered from another address.
static void warn_of_snat(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list = { .up = &ps->root, .key = "snat" };

	for (unsigned int i = 0; i < c->n_snat; i++) {
		struct path entry = { .up = &list, .index = i };
		struct path path = { .up = &entry, .key = "source" };

		if (advertises(c, &c->snat[i].source))
			report(&c->warnings, &path, NULL,
				"OSPF advertises a network that this rule hides");
	}
}

void parse_ospf(struct parse *ps)
{
	static const char *const fields[] = { "router_id", "areas", "hello_interval_s",
		"dead_interval_s", "convergence", "graceful_restart_s", "reference_bandwidth_mbps",
		"redistribute", NULL };
	struct ospf_parse op = { .ps = ps,
		.hello_interval_s = OSPF_HELLO_DEFAULT,
		.dead_interval_s = OSPF_DEAD_DEFAULT };
	struct path path = { .up = &ps->root, .key = "ospf" };
	json_t *json = json_object_get(ps->document, "ospf");
	struct reader r;

	if (json == NULL || !reader_open(&r, json, &path, ps->problems, fields))
		return;
	parse_router(&op, &r);
	parse_areas(&op, &r);
	warn_of_snat(ps);
}
