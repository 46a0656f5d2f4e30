// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_send: the last IP step (send.h); or ip4_held when the neighbour is not resolved yet.
#include "dataplane/fib/l3.h"
#include "dataplane/ip4/forward.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/ip4/send.h"
#include "dataplane/main/node.h"
#include "dataplane/packet/mss.h"
#include "dataplane/port/port.h"

enum {
	SEND_DROP,
	SEND_HELD,
	SEND_ERROR,
	SEND_EDGE_COUNT,
};

void send_syn(struct worker *w, struct rte_mbuf *m, const struct meta *meta, uint16_t mtu)
{
	const struct port *in = worker_port(w, meta->in_port);

	packet_clamp_mss(m, meta, in == NULL ? mtu : RTE_MIN(mtu, in->conf.mtu));
}

// No neighbour to send to.
static __rte_noinline rte_edge_t send_later(struct meta *meta, const struct adj *adj)
{
	if (adj->type == ADJ_NEXT_HOP && adj_state(adj) == ADJ_FAILED) {
		forward_error(meta, DROP_NEIGHBOUR_FAILED, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH);
		return SEND_ERROR;
	}
	if (adj->type == ADJ_NEXT_HOP || adj->type == ADJ_GLEAN)
		return SEND_HELD;
	return node_drop(meta, DROP_NO_ROUTE);
}

static uint16_t send_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);
	rte_edge_t next[LIMIT_BURST];
	void *rest[LIMIT_BURST];
	uint16_t n_rest = 0;

	if (unlikely(n > LIMIT_BURST))
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct meta *meta = mbuf_meta(m);
		struct adj *adj = l3_adj(w->l3, meta->adj);

		node_prefetch(objs, i, n, true);
		if (likely(send_ready(adj))) {
			send_now(w, m, meta, adj);
			continue;
		}
		next[n_rest] = send_later(meta, adj);
		rest[n_rest++] = m;
	}
	if (unlikely(n_rest > 0))
		node_split(graph, node, rest, next, n_rest);
	return n;
}

static struct rte_node_register send_node = {
	.name = NODE_IP4_SEND,
	.process = send_process,
	.nb_edges = SEND_EDGE_COUNT,
	.next_nodes = {
		[SEND_DROP] = NODE_DROP,
		[SEND_HELD] = NODE_IP4_HELD,
		[SEND_ERROR] = NODE_IP4_ERROR,
	},
};
RTE_NODE_REGISTER(send_node);
