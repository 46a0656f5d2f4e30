// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_lookup: finds the adjacency of each destination in one bulk lookup, then decides: transit
// packets go on to be sent or to the services of the outbound arc, packets to an own address to the
// inbound arc.
#include "dataplane/fib/fib.h"
#include "dataplane/fib/l3.h"
#include "dataplane/ip4/forward.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/ip4/route.h"
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

static __rte_always_inline rte_edge_t lookup_decide(const struct adj *adj, struct meta *meta)
{
	if (adj->type == ADJ_LOCAL)
		return likely(!(meta->flags & META_NAT_DONE)) ? LOOKUP_ARC_INBOUND : LOOKUP_LOCAL;
	if (unlikely(meta->flags & META_NAT_DONE &&
		     (adj->type == ADJ_NEXT_HOP || adj->type == ADJ_GLEAN)))
		return LOOKUP_SEND; // checked before it was translated
	switch (forward_check(meta, adj)) {
	case FORWARD_SEND:
		if (meta->side == SIDE_PRIVATE)
			return LOOKUP_ARC_OUTBOUND;
		return meta->side == SIDE_PUBLIC && adj->side == SIDE_PRIVATE ? LOOKUP_ARC_ROUTED
									      : LOOKUP_SEND;
	case FORWARD_ERROR:
		return LOOKUP_ERROR;
	default:
		return LOOKUP_DROP;
	}
}

static uint16_t lookup_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);
	const struct adj *adjs = w->l3->adjs;
	uint32_t dst[LIMIT_BURST], adj[LIMIT_BURST];
	rte_edge_t next[LIMIT_BURST];

	if (unlikely(n == 0 || n > LIMIT_BURST))
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		if (i + NODE_PREFETCH < n)
			rte_prefetch0(rte_mbuf_to_priv(objs[i + NODE_PREFETCH]));
		dst[i] = rte_be_to_cpu_32(mbuf_meta(objs[i])->dst);
	}
	fib_lookup_bulk(w->l3->fib, dst, adj, n);
	for (uint16_t i = 0; i < n; i++) {
		struct meta *meta = mbuf_meta(objs[i]);
		const struct adj *to;

		if (i + NODE_PREFETCH < n)
			rte_prefetch0(&adjs[adj[i + NODE_PREFETCH]]);
		to = route_take(w->l3, meta, adj[i]);
		if (unlikely(meta->flags & META_PINNED))
			to = lookup_pinned(w, meta);
		next[i] = lookup_decide(to, meta);
	}
	node_split(graph, node, objs, next, n);
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
