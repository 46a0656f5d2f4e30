// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The rules of address translation, with their use.
#include "control/api/state.h"

#include <stdlib.h>

#include "control/api/handlers.h"

// Rules that have sessions, in the order of kind and id.
struct rule_use {
	const struct dump_rule *records;
	uint32_t count;
	const struct stats_shm *shm; // NULL: none
};

static int by_rule(const void *a, const void *b)
{
	const struct dump_rule *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static uint64_t sessions_of(const struct rule_use *use, enum obj_kind kind, uint32_t id)
{
	const struct dump_rule key = { .kind = kind, .id = id };
	const struct dump_rule *found = NULL;

	if (use->count > 0)
		found = bsearch(&key, use->records, use->count, sizeof(key), by_rule);
	return found != NULL ? found->sessions : 0;
}

static void add_rule(json_t *items, enum obj_kind kind, const char *name, uint32_t id,
	const struct rule_use *use)
{
	struct rule_stats flows = { 0 };

	if (use->shm != NULL)
		flows = rules_stats_of(use->shm, kind, id);
	// A one-to-one translation keeps no state, but for the hairpins through it.
	json_array_append_new(items,
		json_pack("{s:s, s:s, s:i, s:o, s:o, s:o}", "kind", kind_name(kind), "name", name,
			"id", (int)id, "sessions", json_counter(sessions_of(use, kind, id)),
			"created", json_counter(flows.created), "refused",
			json_counter(flows.refused)));
}

static json_t *rules(const struct config *now, const struct rule_use *use)
{
	json_t *items = json_array();

	for (unsigned int i = 0; now && i < now->n_eips; i++)
		add_rule(items, OBJ_EIP, now->eips[i].name, now->eips[i].id, use);
	for (unsigned int i = 0; now && i < now->n_port_forwards; i++)
		add_rule(items, OBJ_PORT_FORWARD, now->port_forwards[i].name,
			now->port_forwards[i].id, use);
	for (unsigned int i = 0; now && i < now->n_snat; i++)
		add_rule(items, OBJ_SNAT, now->snat[i].name, now->snat[i].id, use);
	return items;
}

void state_nat_rules(struct request *r)
{
	const struct msg_sessions ask = { .op = SESSIONS_BY_RULE };
	struct session_page page;
	struct rule_use use;
	struct config *now;
	json_t *items;

	if (state_sessions(r, &ask, &page) < 0)
		return;
	use = (struct rule_use){ page.records, page.count, client_stats(r->env->client) };
	now = engine_current(r->env->engine);
	items = rules(now, &use);
	reply_list(r, items, json_array_size(items));
	config_unref(now);
	free(page.records);
}
