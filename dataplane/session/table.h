// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The session table of all workers: the arena's parts as this process sees them, and what the
// graph nodes need of it: lookup and access. Creation is nat_create(), ending is the sweeper's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/session/portset.h"
#include "dataplane/session/arena.h"
#include "dataplane/session/index.h"
#include "dataplane/session/mapping.h"
#include "dataplane/session/session.h"
#include "dataplane/session/slab.h"

struct session_table_conf {
	struct arena_conf sizes;
	struct session_timers timers;
	bool huge; // ask for 2 MiB pages
};

struct session_table {
	struct arena arena;
	struct index index;
	struct session *sessions;
	struct mapping *mappings;
	struct host *hosts;
	struct slab slabs[ARENA_SLABS];
	struct portsets portsets;
	struct session_timers timers;
};

int session_table_create(struct session_table *t, const struct session_table_conf *conf);
// Attaches the table of another process (or of a dead one) by its arena's descriptor.
int session_table_attach(struct session_table *t, int fd, const struct session_timers *timers);
void session_table_close(struct session_table *t);

// Starts using port state of an address (portsets_acquire()), resident before it returns.
// Control thread.
int session_table_acquire_portset(struct session_table *t, uint32_t addr, struct portset **portset);

// Looks n <= INDEX_BULK_MAX packets' keys up: references, 0 for a miss. A reference is an index
// entry: slot + 1 and the direction, valid until the caller's next quiescent state.
static inline void session_lookup_bulk(
	const struct session_table *t, const struct session_key *keys, unsigned n, uint32_t *refs)
{
	index_lookup_bulk(&t->index, keys, n, refs);
}

static inline uint32_t session_lookup(const struct session_table *t, const struct session_key *key)
{
	return index_lookup(&t->index, key);
}

static inline unsigned session_ref_dir(uint32_t ref)
{
	return index_entry_kind(ref) == INDEX_SESSION_REVERSE;
}

// ref != 0.
static inline struct session *session_at(const struct session_table *t, uint32_t ref)
{
	return &t->sessions[index_entry_ref(ref) - 1];
}

static inline struct mapping *mapping_at(const struct session_table *t, uint32_t ref)
{
	return &t->mappings[index_entry_ref(ref) - 1];
}

static inline struct host *host_at(const struct session_table *t, uint32_t ref)
{
	return &t->hosts[index_entry_ref(ref) - 1];
}
