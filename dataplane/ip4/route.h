// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// From what the FIB says about a destination to the adjacency of a packet: where it says a group of
// next hops, the packet's flow chooses among them. All of a flow, and all fragments of a datagram,
// go the same way. Workers only.
#pragma once

#include "dataplane/fib/l3.h"
#include "dataplane/packet/meta.h"

// Addresses, protocol and ports; not those of fragments, of which only the first one has any.
static inline uint32_t route_hash(const struct l3 *l3, const struct meta *meta)
{
	uint64_t x = ((uint64_t)meta->src << 32 | meta->dst) ^ (uint64_t)l3->seed << 16;
	uint64_t l4 = meta->proto;

	if (!(meta->flags & (META_FRAG_FIRST | META_FRAG_OTHER)) && (meta->flags & META_HAS_PORTS))
		l4 |= (uint64_t)meta->sport << 32 | (uint64_t)meta->dport << 16;
	// A product depends on lower bits only: each shift brings the high ones down.
	x *= 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 32 ^ l4) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 32) * 0x94d049bb133111ebull;
	return (uint32_t)(x >> 32);
}

// The adjacency of the packet's flow in a group.
__rte_cold uint32_t route_pick(const struct l3 *l3, const struct meta *meta, uint32_t group);

// The adjacency by which the packet's flow would leave, without touching the packet.
static inline const struct adj *route_adj(
	const struct l3 *l3, const struct meta *meta, uint32_t route)
{
	return l3_adj(l3, unlikely(ecmp_is_group(route)) ? route_pick(l3, meta, route) : route);
}

// The packet goes where the FIB said: the adjacency.
static inline const struct adj *route_take(const struct l3 *l3, struct meta *meta, uint32_t route)
{
	meta->route = route;
	if (unlikely(ecmp_is_group(route)))
		route = route_pick(l3, meta, route);
	meta->adj = route;
	return l3_adj(l3, route);
}

// Of the next hops of the packet's route, one that leaves by `port`: true, and it is taken. False:
// there is none that is usable.
bool route_take_port(const struct l3 *l3, struct meta *meta, uint16_t port);

// Whether all that goes to `route` leaves by `port`.
bool route_only_by(const struct l3 *l3, uint32_t route, uint16_t port);
