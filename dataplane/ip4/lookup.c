// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_lookup: finds the adjacency of each destination in one bulk lookup, then decides: transit
// packets leave or go to the services of the outbound arc, packets to an own address to those of
// the inbound arc.
#include "dataplane/fib/fib.h"
#include "dataplane/fib/l3.h"
#include "dataplane/ip4/forward.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/ip4/route.h"
#include "dataplane/ip4/send.h"
#include "dataplane/main/node.h"

// The adjacency of a packet whose uplink is decided and that waited for its gateway; as the FIB
// says when the gateway is gone.
static const struct adj *lookup_pinned(const struct worker *w, struct meta *meta)
{
	uint32_t gateway = l3_uplink(w->l3, meta->out_port);

	if (gateway != 0)
		meta->adj = gateway;
	return l3_adj(w->l3, meta->adj);
}

// A packet whose addresses are final: what there was to check was, before it was translated. One
// that waited has the address of the uplink that it waited for, which must not be seen on another.
static __rte_noinline rte_edge_t lookup_final(
	const struct set *set, const struct adj *adj, struct meta *meta)
{
	if (meta->flags & META_KEEPS_PORT && adj->port != meta->out_port &&
		set_is_public(set, adj->port))
		return node_drop(meta, DROP_NAT_UPLINK);
	return LOOKUP_SEND;
}

static __rte_always_inline rte_edge_t lookup_decide(
	const struct set *set, const struct adj *adj, struct meta *meta)
{
	if (adj->type == ADJ_LOCAL)
		return likely(!(meta->flags & META_NAT_DONE)) ? LOOKUP_ARC_INBOUND : LOOKUP_LOCAL;
	if (unlikely(meta->flags & META_NAT_DONE &&
		     (adj->type == ADJ_NEXT_HOP || adj->type == ADJ_GLEAN)))
		return lookup_final(set, adj, meta);
	switch (forward_check(meta, adj)) {
	case FORWARD_SEND:
		if (meta->side == SIDE_PRIVATE)
			return !set_is_public(set, adj->port) && (meta->flags & META_NO_TARGET)
				       ? LOOKUP_SEND
				       : LOOKUP_ARC_OUTBOUND;
		return meta->side == SIDE_PUBLIC && !set_is_public(set, adj->port)
			       ? LOOKUP_ARC_ROUTED
			       : LOOKUP_SEND;
	case FORWARD_ERROR:
		return LOOKUP_ERROR;
	default:
		return LOOKUP_DROP;
	}
}

// What lookup_decide() would send at once, told by few looks: of a host that nothing translates, to
// a private neighbour, with nothing decided before.
static __rte_always_inline bool lookup_is_plain(
	const struct set *set, const struct adj *adj, const struct meta *meta)
{
	const uint16_t decided = META_PINNED | META_NAT_DONE | META_GENERATED;

	return (meta->flags & (META_NO_TARGET | decided)) == META_NO_TARGET && adj_is_ready(adj) &&
	       !set_is_public(set, adj->port) && meta->ttl > 1 && meta->ip_len <= adj->mtu;
}

// Sends what has nothing more to pass; the rest, n of them, goes on.
static __rte_always_inline uint16_t lookup_each(struct worker *w, void **objs,
	const uint32_t *routes, uint16_t n, void **rest, rte_edge_t *next)
{
	const struct set *set = w->set;
	struct l3 *l3 = w->l3;
	uint16_t n_rest = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct meta *meta = mbuf_meta(m);
		const struct adj *to;
		rte_edge_t edge;

		node_prefetch(objs, i, n, true);
		if (i + NODE_PREFETCH < n)
			rte_prefetch0(l3_adj(l3, routes[i + NODE_PREFETCH]));
		to = route_take(l3, meta, routes[i]);
		if (lookup_is_plain(set, to, meta)) {
			send_now(w, m, meta, (struct adj *)(uintptr_t)to);
			continue;
		}
		if (unlikely(meta->flags & META_PINNED))
			to = lookup_pinned(w, meta);
		edge = lookup_decide(set, to, meta);
		if (edge == LOOKUP_SEND && send_ready(to)) {
			send_now(w, m, meta, (struct adj *)(uintptr_t)to);
			continue;
		}
		rest[n_rest] = m;
		next[n_rest++] = edge;
	}
	return n_rest;
}

static uint16_t lookup_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);
	uint32_t dst[LIMIT_BURST], routes[LIMIT_BURST];
	rte_edge_t next[LIMIT_BURST];
	void *rest[LIMIT_BURST];
	uint16_t n_rest;

	if (unlikely(n == 0 || n > LIMIT_BURST))
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		node_prefetch(objs, i, n, false);
		dst[i] = rte_be_to_cpu_32(mbuf_meta(objs[i])->dst);
	}
	fib_lookup_bulk(w->l3->fib, dst, routes, n);
	n_rest = lookup_each(w, objs, routes, n, rest, next);
	if (n_rest > 0)
		node_split(graph, node, n_rest == n ? objs : rest, next, n_rest);
	return n;
}

static struct rte_node_register lookup_node = {
	.name = NODE_IP4_LOOKUP,
	.process = lookup_process,
	.nb_edges = LOOKUP_EDGE_COUNT,
	.next_nodes = {
		[LOOKUP_DROP] = NODE_DROP,
		[LOOKUP_SEND] = NODE_IP4_SEND,
		[LOOKUP_LOCAL] = NODE_IP4_LOCAL,
		[LOOKUP_ERROR] = NODE_IP4_ERROR,
		// Without a service on the arc, the packet simply goes on.
		[LOOKUP_ARC_OUTBOUND] = NODE_IP4_SEND,
		[LOOKUP_ARC_INBOUND] = NODE_IP4_LOCAL,
		[LOOKUP_ARC_ROUTED] = NODE_IP4_SEND,
	},
};
RTE_NODE_REGISTER(lookup_node);
