// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Everything that decides where an IPv4 packet goes next, behind one handle: FIB and adjacencies
// (read by workers), RIB, neighbours and connected prefixes (control thread only).
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/fib/adj.h"
#include "dataplane/fib/connected.h"
#include "dataplane/fib/ecmp.h"
#include "dataplane/fib/fib.h"
#include "dataplane/fib/neigh.h"
#include "dataplane/fib/rib.h"

struct l3_conf {
	uint32_t max_routes;	 // from control, 0: DEFAULT_ROUTES
	uint32_t tbl8;		 // 0: DEFAULT_TBL8
	uint32_t max_neighbours; // 0: LIMIT_NEIGHBOURS
	uint32_t max_unresolved; // 0: LIMIT_UNRESOLVED
	uint32_t seed;		 // of flow hashes
	struct rte_rcu_qsbr *qsbr;
};

struct l3 {
	// Read by workers, constant after creation.
	struct fib *fib;
	struct adj *adjs;
	struct ecmp_group *groups;
	uint32_t seed; // of flow hashes: routers in a row shall not all choose the same

	// Adjacency of the gateway of each port, 0: none. Written by the control thread.
	_Atomic uint32_t uplink[LIMIT_PORTS];

	// Control thread only.
	struct adj_table *adj;
	struct ecmp_table *ecmp;
	struct rib *rib;
	struct neigh *neigh;
	struct connected connected;
	rte_be32_t gateway[LIMIT_PORTS];
};

int l3_create(const struct l3_conf *conf, struct l3 **out); // 0, -ENOMEM or -EINVAL
void l3_destroy(struct l3 *l3);				    // no worker uses it any more

// Worker side: an adjacency by its index.
static inline struct adj *l3_adj(const struct l3 *l3, uint32_t index)
{
	return &l3->adjs[index];
}

// Worker side: a group by the index that a lookup gave, see ecmp_is_group().
static inline const struct ecmp_group *l3_group(const struct l3 *l3, uint32_t index)
{
	return &l3->groups[index - ECMP_INDEX_FIRST];
}

// Worker side: the adjacency that leaves by a port towards its gateway, 0: it has none.
static inline uint32_t l3_uplink(const struct l3 *l3, uint16_t port)
{
	return atomic_load_explicit(&l3->uplink[port], memory_order_acquire);
}

// A port and its attributes; again when they change: all its adjacencies are edited in place.
int l3_port_set(struct l3 *l3, uint16_t port, uint16_t mtu, const struct rte_ether_addr *mac);
// The gateway of a port, 0: none; kept resolved. 0, -ENODEV, -ENOSPC, and nothing changed.
int l3_gateway_set(struct l3 *l3, uint16_t port, rte_be32_t gateway);
// Forgets a port with its gateway, prefixes, routes and neighbours; own addresses are removed by
// local_del().
void l3_port_clear(struct l3 *l3, uint16_t port);

// Bounded background work: FIB batches, grace periods, host routes. True while more is left: call
// again within about a millisecond.
bool l3_poll(struct l3 *l3);
// Timers, `now` in milliseconds of a monotonic clock; a few times a second.
void l3_tick(struct l3 *l3, uint64_t now);

// Host routes of neighbours follow the prefixes that cover them in the background. They have
// followed the changes up to a version: a ticket taken from then on stands for them, too.
static inline uint64_t l3_version(const struct l3 *l3)
{
	return l3->rib->version;
}
static inline bool l3_followed(const struct l3 *l3, uint64_t version)
{
	return neigh_follows(l3->neigh, version);
}

// Has everything that was changed until the ticket was taken reached every worker?
static inline uint64_t l3_ticket(const struct l3 *l3)
{
	return fib_ticket(l3->fib);
}
static inline bool l3_visible(const struct l3 *l3, uint64_t ticket)
{
	return fib_visible(l3->fib, ticket);
}
