// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Adjacencies: what a FIB lookup yields, an index into one array. They keep their index for life
// and are edited in place by the control thread; workers read them without a lock, so an edit
// writes the data first and `state` last (release), and clears `state` first.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "dataplane/main/limits.h"

struct rte_rcu_qsbr;

enum adj_type {
	ADJ_NO_ROUTE, // index 0: the FIB's default
	ADJ_NEXT_HOP, // a neighbour; `state` says whether it is resolved
	ADJ_GLEAN,    // connected prefix: the destination itself is the neighbour
	ADJ_LOCAL,    // own address `address_id`
	ADJ_BLACKHOLE,
	ADJ_UNREACHABLE,
	ADJ_PROHIBIT,
	ADJ_BROADCAST, // network or broadcast address of a connected prefix
	ADJ_TYPE_COUNT,
};

// Adjacencies that need no data exist once, at fixed indices.
enum adj_index {
	ADJ_INDEX_NO_ROUTE,
	ADJ_INDEX_BLACKHOLE,
	ADJ_INDEX_UNREACHABLE,
	ADJ_INDEX_PROHIBIT,
	ADJ_INDEX_BROADCAST,
	ADJ_INDEX_FIRST_FREE,
};

enum adj_state {
	ADJ_INCOMPLETE, // wait for the neighbour
	ADJ_RESOLVED,
	ADJ_FAILED, // the kernel gave up on it
};

struct adj {
	alignas(64) uint8_t type; // enum adj_type, constant while the index is in use
	_Atomic uint8_t state;	  // enum adj_state
	uint16_t pad;
	uint16_t port;		  // egress port id
	uint16_t mtu;		  // IP MTU of the port, bytes
	struct rte_ether_hdr eth; // destination, source, type: as written in front of a packet
	uint16_t pad2;
	rte_be32_t next_hop;   // the neighbour's address; ADJ_LOCAL: the own one
	uint32_t address_id;   // ADJ_LOCAL: obj_address id, in the set that it came with
	_Atomic uint32_t used; // tick of the last packet, written by workers when it changes
};
static_assert(sizeof(struct adj) == 64, "one cache line per adjacency");
static_assert(offsetof(struct adj, eth) == 8, "a destination is one aligned 8-byte store");

// Worker side.

static inline enum adj_state adj_state(const struct adj *a)
{
	return (enum adj_state)atomic_load_explicit(&a->state, memory_order_acquire);
}

// Whether it takes packets at once: of a neighbour that has answered. Type and state in one load.
static inline bool adj_is_ready(const struct adj *a)
{
	typedef uint16_t __attribute__((may_alias)) word;

	static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN && offsetof(struct adj, state) == 1,
		"one word");
	return __atomic_load_n((const word *)(const void *)a, __ATOMIC_ACQUIRE) ==
	       (ADJ_NEXT_HOP | ADJ_RESOLVED << 8);
}

// Notes that a packet went by; at most one store per tick. Next hops only: they are refreshed while
// they carry traffic.
static inline void adj_touch(struct adj *a, uint32_t tick)
{
	if (atomic_load_explicit(&a->used, memory_order_relaxed) != tick)
		atomic_store_explicit(&a->used, tick, memory_order_relaxed);
}

// Control side: the table. It also knows what its adjacencies copy from their port, and keeps one
// glean adjacency per port.

// Every adjacency of a port carries these; editing the port edits all of them.
struct adj_port {
	bool valid;
	uint16_t mtu; // IP MTU, bytes
	struct rte_ether_addr mac;
	uint32_t glean; // index of the port's ADJ_GLEAN
};

struct adj_retired;

struct adj_table {
	struct adj *adj; // LIMIT_ADJACENCIES of them, cache-line aligned
	struct rte_rcu_qsbr *qsbr;
	struct adj_port port[LIMIT_PORTS];
	uint32_t used;	 // indices in use or retired
	uint32_t n_free; // entries of `free`
	uint32_t *free;	 // stack of free indices
	// Freed indices on their way back, a ring in the order of adj_free(): first their route
	// must be out of every worker's sight, then a grace period passes.
	struct adj_retired *retired;
	uint32_t first, ripe,
		last; // [first, ripe) wait for a grace period, [ripe, last) for tickets
};

// NULL on memory failure. `qsbr`: the workers', may have no thread registered.
struct adj_table *adj_table_create(struct rte_rcu_qsbr *qsbr);
void adj_table_destroy(struct adj_table *t);

// Creates or edits a port's data. A MAC that changes reaches workers in two stores: a packet sent
// in that instant may carry a mix of the old and the new source address. -EINVAL, -ENOSPC.
int adj_port_set(
	struct adj_table *t, uint16_t port, uint16_t mtu, const struct rte_ether_addr *mac);
// Forgets a port; no adjacency of it may be in use but its glean, which is freed with `ticket`.
void adj_port_clear(struct adj_table *t, uint16_t port, uint64_t ticket);
static inline const struct adj_port *adj_port(const struct adj_table *t, uint16_t port)
{
	return port < LIMIT_PORTS && t->port[port].valid ? &t->port[port] : NULL;
}

// A new adjacency: ADJ_NEXT_HOP (INCOMPLETE), ADJ_GLEAN or ADJ_LOCAL. -ENODEV: unknown port,
// -ENOSPC: table full.
int adj_alloc(struct adj_table *t, enum adj_type type, uint16_t port, rte_be32_t next_hop,
	uint32_t address_id, uint32_t *index);

// Gives an index back that no route uses after FIB ticket `ticket`; it is reused only when that
// ticket is visible and a grace period has passed since. Its contents stay valid until then.
void adj_free(struct adj_table *t, uint32_t index, uint64_t ticket);

// Moves retired indices on, `visible`: the newest visible FIB ticket. Never waits. True while some
// are left.
bool adj_poll(struct adj_table *t, uint64_t visible);

// Tick of the last packet, see adj_touch().
static inline uint32_t adj_used(const struct adj_table *t, uint32_t index)
{
	return atomic_load_explicit(&t->adj[index].used, memory_order_relaxed);
}

// In-place edits of an ADJ_NEXT_HOP. A reader sees the old or the new address, never a mix.
void adj_resolve(struct adj_table *t, uint32_t index, const struct rte_ether_addr *mac);
void adj_unresolve(struct adj_table *t, uint32_t index, enum adj_state state);

const char *adj_type_name(enum adj_type type); // "unicast", "connected", "local", "blackhole" ...
