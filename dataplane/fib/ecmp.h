// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Groups of next hops that share the traffic of a route (ECMP). In the FIB a group stands where an
// adjacency does, at indices above all adjacencies. It has a fixed array of buckets, each a next
// hop; a flow's hash names the bucket. Routes with the same hops share a group. Hops whose
// neighbour does not answer own no buckets while another one does. A change moves only the buckets
// that it must: those of a hop that goes away, and the fair share of one that comes.
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/fib/adj.h"
#include "dataplane/main/limits.h"

struct rte_rcu_qsbr;

#define ECMP_BUCKETS	 256
#define ECMP_INDEX_FIRST LIMIT_ADJACENCIES // what the FIB yields from here on are groups

static_assert(LIMIT_ADJACENCIES <= UINT16_MAX + 1, "an adjacency fits a bucket");

struct ecmp_hop {
	uint32_t adj; // ADJ_NEXT_HOP
	uint32_t weight;
};

struct ecmp_group {
	// Read by workers. A bucket changes at any time, from one of the hops to another.
	alignas(64) _Atomic uint16_t bucket[ECMP_BUCKETS];
	_Atomic uint8_t usable; // bit by hop: owns buckets
	uint8_t n;
	// Constant while the index is in use, by adjacency, each once.
	struct ecmp_hop hops[LIMIT_ECMP];
	// Control thread only.
	uint32_t refs;	 // routes; 0: free or retired
	uint64_t serial; // of the group, never used again
	uint64_t origin; // what its first route had before, see ecmp_get()
};

static inline bool ecmp_is_group(uint32_t index)
{
	return index >= ECMP_INDEX_FIRST;
}

// Worker side.

// A flow's next hop: its adjacency index.
static inline uint32_t ecmp_pick(const struct ecmp_group *g, uint32_t hash)
{
	return atomic_load_explicit(&g->bucket[hash % ECMP_BUCKETS], memory_order_acquire);
}

// The same among the hops that leave by one port: usable ones, with `any` others, too, when there
// is none; 0: no such hop. Each flow keeps its hop while that is usable.
uint32_t ecmp_pick_port(
	const struct ecmp_group *g, const struct adj *adjs, uint16_t port, uint32_t hash, bool any);

// Control side.

struct ecmp_table;

// `qsbr`: the workers'. 0 or -ENOMEM.
int ecmp_create(struct adj_table *adj, struct rte_rcu_qsbr *qsbr, struct ecmp_table **out);
void ecmp_destroy(struct ecmp_table *t); // NULL is fine; no worker uses it any more
struct ecmp_group *ecmp_groups(const struct ecmp_table *t);
struct ecmp_group *ecmp_at(const struct ecmp_table *t, uint32_t index);

// The group of n hops (2..LIMIT_ECMP, each adjacency once), with a reference to it. `from`: group
// or adjacency that the route has now, 0: none; its flows stay where they can. *created: it is new
// and owns the caller's references to the neighbours until ecmp_put() says that it is over.
// -EINVAL, -ENOSPC.
int ecmp_get(struct ecmp_table *t, struct ecmp_hop *hops, unsigned int n, uint32_t from,
	uint32_t *index, bool *created);

// Gives a reference back. True: it was the last; the group is not reused before FIB ticket `ticket`
// is visible and a grace period has passed since. The caller puts the neighbours of its hops.
bool ecmp_put(struct ecmp_table *t, uint32_t index, uint64_t ticket);

// The state of an adjacency has changed.
void ecmp_refresh(struct ecmp_table *t, uint32_t adj);

// Moves retired groups on. True while some are left.
bool ecmp_poll(struct ecmp_table *t, uint64_t visible);

uint32_t ecmp_used(const struct ecmp_table *t); // groups in use or retired
