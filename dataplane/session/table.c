// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Puts the arena's parts together.
#include "dataplane/session/table.h"

#include <errno.h>

static void set_slab(struct session_table *t, enum arena_slab kind, uint32_t capacity,
	uint32_t stride, size_t link_off)
{
	struct arena_header *h = t->arena.header;

	t->slabs[kind] = (struct slab){ .head = &h->slabs[kind],
		.links = (char *)arena_at(&t->arena, h->slots_off[kind]) + link_off,
		.stride = stride,
		.capacity = capacity };
}

static void set_up(struct session_table *t, const struct session_timers *timers)
{
	struct arena_header *h = t->arena.header;

	t->timers = *timers;
	t->sessions = arena_at(&t->arena, h->slots_off[ARENA_SESSIONS]);
	t->mappings = arena_at(&t->arena, h->slots_off[ARENA_MAPPINGS]);
	t->hosts = arena_at(&t->arena, h->slots_off[ARENA_HOSTS]);
	set_slab(t, ARENA_SESSIONS, h->conf.sessions, sizeof(struct session),
		offsetof(struct session, next_free));
	set_slab(t, ARENA_MAPPINGS, h->conf.sessions, sizeof(struct mapping),
		offsetof(struct mapping, next_free));
	set_slab(t, ARENA_HOSTS, h->conf.hosts, sizeof(struct host),
		offsetof(struct host, next_free));
	t->portsets.sets = arena_at(&t->arena, h->portsets_off);
	t->portsets.n = h->conf.nat_addresses;
	t->index = (struct index){
		.buckets = arena_at(&t->arena, h->buckets_off),
		.n_buckets = h->n_buckets,
		.seed = { h->seed[0], h->seed[1] },
		.kinds = {
			[INDEX_SESSION_FORWARD] = { (const char *)&t->sessions->key[0], 7 },
			[INDEX_SESSION_REVERSE] = { (const char *)&t->sessions->key[1], 7 },
			[INDEX_MAPPING] = { (const char *)&t->mappings->key, 6 },
			[INDEX_HOST] = { (const char *)&t->hosts->key, 7 },
		},
	};
}

int session_table_create(struct session_table *t, const struct session_table_conf *conf)
{
	int rc = arena_create(&t->arena, &conf->sizes, conf->huge);

	if (rc == 0)
		set_up(t, &conf->timers);
	return rc;
}

int session_table_attach(struct session_table *t, int fd, const struct session_timers *timers)
{
	int rc = arena_attach(&t->arena, fd);

	if (rc == 0)
		set_up(t, timers);
	return rc;
}

void session_table_close(struct session_table *t)
{
	arena_close(&t->arena);
}

int session_table_acquire_portset(struct session_table *t, uint32_t addr, struct portset **portset)
{
	int rc = portsets_acquire(&t->portsets, addr, portset);
	uint64_t off;

	if (rc != 0)
		return rc;
	off = (uintptr_t)portset_tables(*portset) - (uintptr_t)t->arena.header;
	rc = arena_populate(&t->arena, off, sizeof(struct port_tables));
	if (rc != 0)
		(*portset)->state = PORTSET_FREE;
	return rc;
}
