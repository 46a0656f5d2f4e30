// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The interfaces of an OSPF area: names, or objects with settings of their own.
#include <string.h>

#include "control/config/ospf.h"
#include "control/config/text.h"

#define COST_MAX     65535
#define INTERVAL_MAX 65535

static const char *const authentication_types[] = {
	[OSPF_AUTHENTICATION_NONE] = "none",
	[OSPF_AUTHENTICATION_PLAINTEXT] = "plaintext",
	[OSPF_AUTHENTICATION_MD5] = "md5",
	NULL,
};

bool ospf_parse_intervals(
	const struct reader *r, uint32_t *hello_interval_s, uint32_t *dead_interval_s)
{
	enum reading hello =
		read_integer(r, "hello_interval_s", OPTIONAL, 1, INTERVAL_MAX, hello_interval_s);
	enum reading dead =
		read_integer(r, "dead_interval_s", OPTIONAL, 1, INTERVAL_MAX, dead_interval_s);

	if (hello == READ_BAD || dead == READ_BAD)
		return false;
	if (hello == READ_ABSENT && dead == READ_ABSENT)
		return true; // reported where they come from
	if (*dead_interval_s > *hello_interval_s)
		return true;
	report_member(r, dead == READ_OK ? "dead_interval_s" : "hello_interval_s",
		"neighbours would be given up (after %u s) before their next hello (after %u s)",
		*dead_interval_s, *hello_interval_s);
	return false;
}

// Problems with it do not show the value.
static bool parse_key(const struct reader *r, size_t max, char *out)
{
	struct path path = { .up = r->path, .key = "key" };
	json_t *json = reader_member(r, "key");
	const char *wrong = json == NULL	    ? "missing, expected a string"
			    : !json_is_string(json) ? "expected a string"
						    : NULL;

	if (wrong == NULL)
		wrong = text_ospf_key(json_string_value(json), max);
	if (wrong == NULL)
		memcpy(out, json_string_value(json), json_string_length(json) + 1);
	else
		report(r->problems, &path, NULL, "%s", wrong);
	return wrong == NULL;
}

static void refuse_key(const struct reader *r, const char *member, const char *why)
{
	struct path path = { .up = r->path, .key = member };

	if (reader_member(r, member) != NULL)
		report(r->problems, &path, NULL, "%s", why);
}

void ospf_parse_authentication(const struct reader *entry, struct ospf_authentication *out)
{
	static const char *const fields[] = { "type", "key_id", "key", NULL };
	struct path path = { .up = entry->path, .key = "authentication" };
	json_t *json = reader_member(entry, "authentication");
	unsigned int type = OSPF_AUTHENTICATION_NONE;
	uint32_t key_id = 0;
	struct reader r;

	if (json == NULL || !reader_open(&r, json, &path, entry->problems, fields) ||
		read_choice(&r, "type", REQUIRED, authentication_types, &type) != READ_OK)
		return;
	*out = (struct ospf_authentication){ .type = (enum ospf_authentication_type)type };
	if (type == OSPF_AUTHENTICATION_NONE)
		refuse_key(&r, "key", "there is no key without authentication");
	else
		(void)parse_key(&r,
			type == OSPF_AUTHENTICATION_MD5 ? OSPF_MD5_KEY_MAX : OSPF_PLAINTEXT_KEY_MAX,
			out->key);
	if (type != OSPF_AUTHENTICATION_MD5)
		refuse_key(&r, "key_id", "only an MD5 key has one");
	else if (read_integer(&r, "key_id", REQUIRED, 1, UINT8_MAX, &key_id) == READ_OK)
		out->key_id = (uint8_t)key_id;
}

// Cost 1 is the reference bandwidth; slower links cost more.
static uint16_t cost_of(uint32_t reference_mbps, uint32_t speed_mbps)
{
	uint32_t cost = reference_mbps / (speed_mbps > 0 ? speed_mbps : 1);

	return (uint16_t)(cost < 1 ? 1 : cost > COST_MAX ? COST_MAX : cost);
}

static void parse_settings(struct ospf_parse *op, const struct reader *r, uint32_t *cost,
	struct ospf_interface_config *out)
{
	static const char *const networks[] = { "broadcast", "point_to_point", NULL };
	uint32_t hello = op->hello_interval_s, dead = op->dead_interval_s;
	unsigned int network = 0;

	(void)read_integer(r, "cost", OPTIONAL, 1, COST_MAX, cost);
	(void)ospf_parse_intervals(r, &hello, &dead);
	out->hello_interval_s = (uint16_t)hello;
	out->dead_interval_s = (uint16_t)dead;
	(void)read_choice(r, "network_type", OPTIONAL, networks, &network);
	out->point_to_point = network == 1;
	(void)read_bool(r, "passive", &out->passive);
	ospf_parse_authentication(r, &out->authentication);
}

// The interface of the entry; -1, reported: there is none of that name, or OSPF cannot run on it.
static int find_interface(struct ospf_parse *op, const struct path *path, json_t *name)
{
	struct parse *ps = op->ps;
	const char *text = json_string_value(name);
	int i = text != NULL ? name_index_find(&ps->interface_names, text) : -1;
	const char *wrong = NULL;

	if (text == NULL)
		wrong = "expected the name of an interface, or an object with its \"name\"";
	else if (i < 0)
		wrong = unknown_name(ps, "no interface has this name", text, NAMES_INTERFACE);
	else if (ps->interfaces[i].role && ps->config->interfaces[i].role == INTERFACE_MANAGEMENT)
		wrong = "is a management interface, which does not forward";
	else if (op->in_area[i])
		wrong = "the interface is already in an area";
	if (wrong == NULL) {
		op->in_area[i] = true;
		return i;
	}
	report(ps->problems, path, name, "%s", wrong);
	return -1;
}

static void parse_interface(struct ospf_parse *op, json_t *json, const struct path *path,
	struct ospf_interface_config *out)
{
	static const char *const fields[] = { "name", "cost", "hello_interval_s", "dead_interval_s",
		"authentication", "network_type", "passive", NULL };
	struct path name_path = { .up = path, .key = "name" };
	const struct config *c = op->ps->config;
	bool object = json_is_object(json);
	uint32_t cost = 0;
	struct reader r;

	if (object && !reader_open(&r, json, path, op->ps->problems, fields))
		return;
	int i = object ? find_interface(op, &name_path, json_object_get(json, "name"))
		       : find_interface(op, path, json);
	out->hello_interval_s = (uint16_t)op->hello_interval_s;
	out->dead_interval_s = (uint16_t)op->dead_interval_s;
	if (object)
		parse_settings(op, &r, &cost, out);
	if (i < 0)
		return;
	out->interface = (unsigned int)i;
	out->cost =
		cost != 0 ? (uint16_t)cost
			  : cost_of(c->ospf.reference_bandwidth_mbps, c->interfaces[i].speed_mbps);
}

void ospf_parse_interfaces(struct ospf_parse *op, const struct reader *r,
	struct ospf_area_config *area, const struct ospf_authentication *authentication)
{
	struct path list = { .up = r->path, .key = "interfaces" };
	json_t *json = NULL;
	enum reading got = read_array(r, "interfaces", &json);
	size_t n = got == READ_OK ? json_array_size(json) : 0;

	if (n > LIMIT_PORTS) {
		report(r->problems, &list, NULL, "%zu entries, more than the limit of %d", n,
			LIMIT_PORTS);
		return;
	}
	area->interfaces = parse_alloc(op->ps, n, sizeof(*area->interfaces));
	if (area->interfaces == NULL)
		return;
	area->n_interfaces = (unsigned int)n;
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		area->interfaces[i].authentication = *authentication;
		parse_interface(op, json_array_get(json, i), &path, &area->interfaces[i]);
	}
}
