// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_send: the last IP step. Decrements the TTL, clamps the MSS of SYNs, writes the Ethernet
// header of the adjacency, and hands the packet to port_tx; or to ip4_held when the neighbour is
// not resolved yet.
#include <rte_tcp.h>

#include "dataplane/fib/l3.h"
#include "dataplane/ip4/forward.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/main/node.h"
#include "dataplane/packet/mss.h"
#include "dataplane/packet/rewrite.h"
#include "dataplane/port/port.h"

enum {
	SEND_DROP,
	SEND_TX,
	SEND_HELD,
	SEND_ERROR,
	SEND_EDGE_COUNT,
};

// A SYN of either direction: segments must fit both ports of the connection.
static __rte_noinline void send_syn(
	struct worker *w, struct rte_mbuf *m, const struct meta *meta, uint16_t mtu)
{
	const struct port *in = worker_port(w, meta->in_port);

	packet_clamp_mss(m, meta, in == NULL ? mtu : RTE_MIN(mtu, in->conf.mtu));
}

static __rte_always_inline rte_edge_t send_decide(
	struct worker *w, struct rte_mbuf *m, struct meta *meta)
{
	struct adj *adj = l3_adj(w->l3, meta->adj);
	enum adj_state state = adj_state(adj);

	if (unlikely(adj->type != ADJ_NEXT_HOP || state != ADJ_RESOLVED)) {
		if (adj->type == ADJ_NEXT_HOP && state == ADJ_FAILED) {
			forward_error(
				meta, DROP_NEIGHBOUR_FAILED, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH);
			return SEND_ERROR;
		}
		if (adj->type == ADJ_NEXT_HOP || adj->type == ADJ_GLEAN)
			return SEND_HELD;
		return node_drop(meta, DROP_NO_ROUTE);
	}
	if (likely(!(meta->flags & META_GENERATED)))
		packet_decrement_ttl(m, meta);
	if (unlikely(meta->tcp_flags & RTE_TCP_SYN_FLAG))
		send_syn(w, m, meta, adj->mtu);
	packet_set_ethernet(m, &adj->eth);
	meta->out_port = adj->port;
	adj_touch(adj, w->tick);
	return SEND_TX;
}

static uint16_t send_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return node_each(graph, node, objs, n, true, send_decide);
}

static struct rte_node_register send_node = {
	.name = NODE_IP4_SEND,
	.process = send_process,
	.nb_edges = SEND_EDGE_COUNT,
	.next_nodes = {
		[SEND_DROP] = NODE_DROP,
		[SEND_TX] = NODE_PORT_TX,
		[SEND_HELD] = NODE_IP4_HELD,
		[SEND_ERROR] = NODE_IP4_ERROR,
	},
};
RTE_NODE_REGISTER(send_node);
