// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The NAT section of the configuration set: built, activated, destroyed. Control thread only.
#include "dataplane/nat/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/main/sweep.h"
#include "dataplane/main/worker.h"
#include "dataplane/nat/build.h"

const struct obj_address *nat_address_of(
	struct nat_build *b, unsigned int kind, uint32_t rule, const char *field, uint32_t address)
{
	const struct obj_address *a = objects_get(b->objects, OBJ_ADDRESS, address);

	if (a == NULL)
		txn_error(b->errors, kind, rule, field, -ENOENT, "no address with id %u", address);
	return a;
}

static bool uses_portset(const struct nat_section *s, const struct portset *portset)
{
	for (uint32_t i = 0; s != NULL && i < s->n_snat; i++)
		for (uint32_t p = 0; p < s->snat[i].source.n_pool; p++)
			if (s->snat[i].source.pool[p].portset == portset)
				return true;
	for (uint32_t i = 0; s != NULL && i < LIMIT_PORTS; i++)
		if (s->inbound[i].n_pool != 0 && s->inbound[i].pool[0].portset == portset)
			return true;
	return false;
}

// Port state that the configuration in force does not name any more drains.
static void drop_pool(
	struct dataplane *dp, const struct nat_section *current, const struct nat_source *source)
{
	for (uint32_t i = 0; i < source->n_pool; i++)
		if (!uses_portset(current, source->pool[i].portset))
			portsets_drop(source->pool[i].portset);
}

// What the section in force ends, once no worker can make it again by the one before.
static void begin_ending(struct dataplane *dp, struct nat_section *current)
{
	sweep_end_begin(dp, current->ending);
	current->ending = NULL;
}

static void nat_destroy(struct dataplane *dp, struct section *section)
{
	struct nat_section *s = (struct nat_section *)section;
	const struct set *set = atomic_load_explicit(&dp->set, memory_order_relaxed);
	const struct nat_section *current = set == NULL ? NULL : nat_of(set);

	sweep_end_drop(s->ending);
	if (current != NULL && current != s)
		begin_ending(dp, (struct nat_section *)(uintptr_t)current);
	for (uint32_t i = 0; i < s->n_snat; i++)
		drop_pool(dp, current, &s->snat[i].source);
	for (uint32_t i = 0; i < LIMIT_PORTS; i++)
		drop_pool(dp, current, &s->inbound[i]);
	for (uint32_t i = 0; i < s->n_own; i++) {
		for (unsigned int p = 0; p < 2; p++) {
			if (s->own[i].forward[p] == NULL)
				continue;
			portmap_free(s->own[i].forward[p]);
			free(s->own[i].forward[p]);
		}
	}
	free(s->own);
	free(s->own_places);
	free(s->eips);
	free(s->forwards);
	free(s->snat);
	free(s->pools);
	free(s->targets);
	free(s);
}

// Whether a reply can be led back to where its flow came in, and might else leave elsewhere.
static bool has_several_uplinks(const struct objects *objects)
{
	unsigned int public = 0, gateways = 0;

	for (OBJECTS_EACH(objects, OBJ_PORT, const struct obj_port, p)) {
		public += p->role == ROLE_PUBLIC;
		gateways += p->role == ROLE_PUBLIC && nat_addr(&p->gateway) != 0;
	}
	return public > 1 && gateways > 0;
}

static int nat_build(struct dataplane *dp, const struct objects *objects, struct section **out,
	struct txn_errors *errors)
{
	struct nat_section *s = calloc(1, sizeof(*s));
	struct nat_changes changes;
	struct nat_build b = { dp, objects, &changes, s, errors };
	int rc;

	if (s == NULL)
		return -ENOMEM;
	nat_compare(&dp->objects, objects, &changes);
	s->section.refs = 1;
	s->section.id = SECTION_NAT;
	s->pins = has_several_uplinks(objects);
	rc = nat_check_settings(&b);
	if (rc == 0)
		rc = nat_build_forwards(&b);
	if (rc == 0)
		rc = nat_build_snat(&b);
	if (rc == 0)
		rc = nat_build_ending(&b);
	if (rc < 0) {
		nat_destroy(dp, &s->section);
		return rc;
	}
	*out = &s->section;
	return 0;
}

// Ids of removed rules are used again: what was counted under them is not the new rule's.
static uint32_t id_at(const struct objects *o, unsigned int kind, uint32_t i)
{
	uint32_t id;

	memcpy(&id, objects_at(o, kind, i), sizeof(id));
	return id;
}

// What is new counts from 0: both tables are in the order of ids.
static void begin_counting(struct dataplane *dp, const struct objects *next, unsigned int kind)
{
	const struct object_table *t = &next->table[kind], *known = &dp->objects.table[kind];
	uint32_t k = 0;

	for (uint32_t i = 0; i < t->count; i++) {
		uint32_t id = id_at(next, kind, i);

		while (k < known->count && id_at(&dp->objects, kind, k) < id)
			k++;
		if (k == known->count || id_at(&dp->objects, kind, k) != id)
			*rules_stats_at(&dp->stats->rules_before, kind, id) =
				rules_stats_sum(dp->stats, kind, id);
	}
}

static void nat_activate(struct dataplane *dp, const struct objects *next,
	const struct section *old, const struct section *new_section)
{
	const struct nat_section *s = (const struct nat_section *)new_section;
	struct nat_changes changes;

	nat_compare(&dp->objects, next, &changes);
	nat_activate_ports(dp, (const struct nat_section *)old, s, next, &changes);
	nat_epochs_advance(dp, &changes);
	begin_counting(dp, next, OBJ_EIP);
	begin_counting(dp, next, OBJ_PORT_FORWARD);
	begin_counting(dp, next, OBJ_SNAT);
	nat_apply_settings(dp, next);
}

// A block's time is the clock's and not the burst's: its host before may have lost it since the
// burst began, and their times in the log must not overlap. Blocks are rare.
static void log_block(void *ctx, const struct port_block *b)
{
	event_ring_push_block(ctx, b, SESSION_EVENT_BLOCK_START, rte_rdtsc());
}

static int nat_worker_create(struct worker *w, void **state)
{
	struct nat_worker *nw = rte_zmalloc("nat_worker", sizeof(*nw), RTE_CACHE_LINE_SIZE);

	if (nw == NULL)
		return -ENOMEM;
	nat_worker_init(nw, rte_rdtsc() + w->index);
	nw->on_block = log_block;
	nw->on_block_ctx = &w->dp->events[w->index];
	// Written once, so that its pages are there before the first packet.
	memset(&w->dp->stats->rules[w->index], 0, sizeof(w->dp->stats->rules[0]));
	*state = nw;
	return 0;
}

const struct section_ops nat_section_ops = {
	.name = "nat",
	.kinds = 1u << OBJ_PORT | 1u << OBJ_ADDRESS | 1u << OBJ_EIP | 1u << OBJ_PORT_FORWARD |
		 1u << OBJ_SNAT | 1u << OBJ_NAT | 1u << OBJ_SERVICE,
	.build = nat_build,
	.activate = nat_activate,
	.destroy = nat_destroy,
	.worker_create = nat_worker_create,
	.worker_destroy = rte_free,
};
