// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets that leave from a NAT node, and those that go on: to pass on a packet whose adjacency is
// at hand costs more than to send it. Worker.
#pragma once

#include "dataplane/fib/l3.h"
#include "dataplane/ip4/send.h"
#include "dataplane/main/node.h"
#include "dataplane/nat/nodes.h"

#define NAT_SENT UINT16_MAX // in place of an edge: the packet is gone

// Sends a packet that is to go to ip4_send, if its neighbour is there.
static __rte_always_inline rte_edge_t nat_send(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, rte_edge_t edge)
{
	struct adj *adj = l3_adj(w->l3, meta->adj);

	if (unlikely(edge != NAT_SEND || !send_ready(adj)))
		return edge;
	send_now(w, m, meta, adj);
	return NAT_SENT;
}

// Those of n packets that were not sent, in order; returns how many.
static uint16_t nat_rest(void *const *objs, rte_edge_t *next, uint16_t n, void **rest)
{
	uint16_t n_rest = 0;

	for (uint16_t i = 0; i < n; i++) {
		rest[n_rest] = objs[i];
		next[n_rest] = next[i];
		n_rest += next[i] != NAT_SENT;
	}
	return n_rest;
}

// node_split() of what was not sent. Overwrites `next`.
static __rte_always_inline void nat_split(struct rte_graph *graph, struct rte_node *node,
	void **objs, rte_edge_t *next, uint16_t n, uint16_t sent)
{
	void *rest[LIMIT_BURST];

	if (sent == 0)
		node_split(graph, node, objs, next, n);
	else if (sent < n)
		node_split(graph, node, rest, next, nat_rest(objs, next, n, rest));
}
