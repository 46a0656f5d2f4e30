// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list `eips`: a VIP taken whole by one target.
#include <stdlib.h>

#include "control/config/context.h"
#include "control/config/text.h"
#include "dataplane/main/limits.h"

// What EIPs must be unique by. A position is its place in the list.
struct eip_key {
	uint32_t target;
	uint32_t interface;
	uint32_t position;
};

static enum reading parse_vip_ref(struct parse *ps, const struct reader *r, unsigned int *out)
{
	const char *name = NULL;

	if (read_text(r, "vip", REQUIRED, &name) != READ_OK)
		return READ_BAD;
	int i = vip_find(ps, name);
	if (i >= 0) {
		*out = (unsigned int)i;
		return READ_OK;
	}
	report_member(r, "vip", "%s",
		name_index_find(&ps->interface_names, name) >= 0
			? "is an interface, whose own addresses cannot be EIPs"
			: unknown_name(ps, "no VIP has this name", name, NAMES_VIP));
	return READ_BAD;
}

static void claim_vip(struct parse *ps, const struct reader *r, size_t index)
{
	const struct config *c = ps->config;
	unsigned int vip = c->eips[index].vip;
	uint32_t *holder = &ps->eip_of_vip[vip];

	if (ps->vips[vip] && c->interfaces[c->vips[vip].interface].role != INTERFACE_PUBLIC)
		report_member(r, "vip", "its interface is not public");
	if (*holder != 0)
		report_member(r, "vip", "already carries the EIP /eips/%u", *holder - 1);
	else
		*holder = (uint32_t)index + 1;
}

// True when VIP and target are good.
static bool parse_eip(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "name", "vip", "target", "source_nat_inbound", NULL };
	struct eip_config *eip = &ps->config->eips[index];
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return false;
	parse_name(ps, &r, "eips", &ps->names, index, text_name, eip->name);
	(void)read_bool(&r, "source_nat_inbound", &eip->source_nat_inbound);
	enum reading vip = parse_vip_ref(ps, &r, &eip->vip);
	if (vip == READ_OK)
		claim_vip(ps, &r, index);
	enum reading target = parse_target(ps, &r, "target", &eip->target);
	return vip == READ_OK && target == READ_OK && ps->vips[eip->vip];
}

static int order_keys(const void *a, const void *b)
{
	const struct eip_key *x = a, *y = b;

	if (x->target != y->target)
		return x->target > y->target ? 1 : -1;
	if (x->interface != y->interface)
		return x->interface > y->interface ? 1 : -1;
	return (x->position > y->position) - (x->position < y->position);
}

// Which EIP a target's own traffic leaves by would be left to chance.
static void check_targets(struct parse *ps, struct eip_key *keys, size_t n)
{
	const struct config *c = ps->config;

	qsort(keys, n, sizeof(*keys), order_keys);
	for (size_t i = 1; i < n; i++)
		if (keys[i].target == keys[i - 1].target &&
			keys[i].interface == keys[i - 1].interface)
			report_entry(ps, "eips", keys[i].position, "target", -1,
				"already has the EIP /eips/%u on interface \"%s\"",
				keys[i - 1].position, c->interfaces[keys[i].interface].name);
}

void parse_eips(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	size_t n = parse_list(ps, "eips", LIMIT_EIPS - 1, &list, &json), good = 0;
	struct eip_key *keys = parse_alloc(ps, n, sizeof(*keys));

	c->eips = parse_alloc(ps, n, sizeof(*c->eips));
	if (keys != NULL && c->eips != NULL) {
		c->n_eips = (unsigned int)n;
		name_index_clear(&ps->names);
		for (size_t i = 0; i < n; i++) {
			struct path path = { .up = &list, .index = i };

			if (parse_eip(ps, json_array_get(json, i), &path, i))
				keys[good++] = (struct eip_key){ c->eips[i].target.s_addr,
					c->vips[c->eips[i].vip].interface, (uint32_t)i };
		}
		check_targets(ps, keys, good);
	}
	free(keys);
}
