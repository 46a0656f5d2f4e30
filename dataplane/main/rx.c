// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// rx: the only source of the graph. Takes, at most LIMIT_BURST packets per walk in all: packets
// whose neighbour was resolved meanwhile, fragments whose first one has come, packets that another
// worker hands over, packets that the kernel sent on mirrors, and packets from the worker's receive
// queues, in turn. What ports received is parsed here, while its first bytes are at hand.
#include "dataplane/ip4/forward.h"
#include "dataplane/ip4/held.h"
#include "dataplane/ip4/input.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/ip4/vfr.h"
#include "dataplane/main/node.h"
#include "dataplane/packet/parse.h"
#include "dataplane/port/port.h"
#include "dataplane/port/rxq_map.h"
#include "dataplane/punt/mirror.h"

#define RX_HELD	     32 // of the burst, at most
#define RX_FRAGMENTS 32
#define RX_KERNEL    32
#define RX_OTHERS    64 // handed over by other workers

static uint16_t rx_held(struct worker *w, struct rte_graph *graph, struct rte_node *node)
{
	struct rte_mbuf *pkts[RX_HELD];
	uint16_t ready, n = held_release(w, pkts, RX_HELD, &ready);

	if (likely(n == 0))
		return 0;
	for (uint16_t i = ready; i < n; i++)
		forward_error(mbuf_meta(pkts[i]), DROP_NEIGHBOUR_TIMEOUT, ICMP_DEST_UNREACH,
			ICMP_HOST_UNREACH);
	if (ready > 0)
		rte_node_enqueue(graph, node, RX_LOOKUP, (void **)pkts, ready);
	if (n > ready)
		rte_node_enqueue(graph, node, RX_ERROR, (void **)&pkts[ready], n - ready);
	return n;
}

static uint16_t rx_fragments(struct worker *w, struct rte_graph *graph, struct rte_node *node)
{
	struct rte_mbuf *pkts[RX_FRAGMENTS];
	uint16_t n = vfr_release(w, pkts, RX_FRAGMENTS);

	if (unlikely(n > 0))
		rte_node_enqueue(graph, node, RX_LOOKUP, (void **)pkts, n);
	return n;
}

// What the kernel sends on a mirror leaves by the mirror's port as it is.
static void rx_kernel_packet(struct rte_mbuf *m, uint16_t port, rte_edge_t *next)
{
	struct meta *meta = mbuf_meta(m);

	meta->side = SIDE_KERNEL;
	meta->in_port = port;
	*next = RX_TX;
	if (packet_parse_kernel(m, meta) == PARSE_DROP && meta->reason != DROP_ETH_TYPE)
		*next = RX_DROP;
	meta->out_port = port;
}

static uint16_t rx_kernel(struct worker *w, struct rte_graph *graph, struct rte_node *node)
{
	const struct rxq_map *map = w->set->poll;
	struct rxq_span span = map->mirror_of[w->index];
	struct rte_mbuf *pkts[RX_KERNEL];
	rte_edge_t next[RX_KERNEL];
	uint16_t n = 0;

	for (uint16_t i = 0; i < span.count && n < RX_KERNEL; i++) {
		const struct port *p = map->mirror[span.first + i];
		uint16_t got = mirror_receive(p->mirror, w->index, &pkts[n], RX_KERNEL - n);

		for (uint16_t k = n; k < n + got; k++)
			rx_kernel_packet(pkts[k], p->id, &next[k]);
		w->stats.ports[p->id].from_kernel += got;
		n += got;
	}
	if (n > 0)
		node_split(graph, node, (void **)pkts, next, n);
	w->stats.accounts[ACCT_INJECTED] += n;
	return n;
}

// Packets for ports whose transmit queue is this worker's, and fragments of its datagrams.
static uint16_t rx_others(struct worker *w, struct rte_graph *graph, struct rte_node *node)
{
	struct rte_mbuf *pkts[RX_OTHERS];
	rte_edge_t next[RX_OTHERS];
	uint16_t n = 0;

	for (unsigned int i = 0; i < LIMIT_WORKERS && w->from_worker[i] != NULL; i++)
		n += rte_ring_sc_dequeue_burst(
			w->from_worker[i], (void **)&pkts[n], RX_OTHERS - n, NULL);
	for (uint16_t i = 0; i < n; i++) {
		struct meta *meta = mbuf_meta(pkts[i]);

		next[i] = meta->flags & META_FRAG_OWNER ? RX_VFR : RX_TX;
		meta->flags &= ~META_FRAG_OWNER;
	}
	if (n > 0)
		node_split(graph, node, (void **)pkts, next, n);
	w->stats.accounts[ACCT_TAKEN_OVER] += n;
	return n;
}

static uint16_t rx_queue(struct worker *w, struct rte_graph *graph, struct rte_node *node,
	const struct rxq *q, uint16_t room)
{
	struct rte_mbuf *pkts[LIMIT_RX_BURST];
	rte_edge_t next[LIMIT_RX_BURST];
	const struct port *p = q->port;
	struct port_counters *c = &w->stats.ports[p->id];
	const struct input_port in = input_port(w->set, p);
	uint16_t n =
		port_rx_burst(q->port, q->queue, pkts, RTE_MIN(room, (uint16_t)LIMIT_RX_BURST));
	uint64_t bytes = 0;

	if (n == 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		rte_prefetch0(pkts[i]);
		rte_prefetch0(rte_mbuf_to_priv(pkts[i]));
	}
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (uint16_t i = 0; i < n; i++) {
		bytes += pkts[i]->pkt_len;
		next[i] = input_decide(pkts[i], &in);
	}
	c->rx_bytes += bytes;
	c->rx_packets += n;
	node_split(graph, node, (void **)pkts, next, n);
	return n;
}

// All queues in turn, and those that had a full burst again: under load a walk is full with few
// queues, too, which is what makes it cheap, and an empty queue is asked once.
static uint16_t rx_queues(
	struct worker *w, struct rte_graph *graph, struct rte_node *node, uint16_t room)
{
	struct rxq_span span = w->set->poll->rxq_of[w->index];
	const struct rxq *rxq = &w->set->poll->rxq[span.first], *ask[LIMIT_PORTS * LIMIT_RXQ];
	uint16_t at = w->rx_turn < span.count ? w->rx_turn : 0, received = 0, left = span.count;

	w->rx_turn = at + 1;
	for (uint16_t i = 0; i < left; i++) {
		ask[i] = &rxq[at];
		at = at + 1 < span.count ? at + 1 : 0;
	}
	while (left > 0 && received < room) {
		uint16_t again = 0;

		for (uint16_t i = 0; i < left && received < room; i++) {
			uint16_t n = rx_queue(w, graph, node, ask[i], room - received);

			received += n;
			if (n == LIMIT_RX_BURST)
				ask[again++] = ask[i];
		}
		left = again;
	}
	return received;
}

static uint16_t rx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);
	uint16_t room = LIMIT_BURST, received;

	room -= rx_held(w, graph, node);
	room -= rx_fragments(w, graph, node);
	room -= rx_kernel(w, graph, node);
	room -= rx_others(w, graph, node);
	received = rx_queues(w, graph, node, room);
	w->stats.accounts[ACCT_RECEIVED] += received;
	return LIMIT_BURST - room + received;
}

static struct rte_node_register rx_node = {
	.name = NODE_RX,
	.flags = RTE_NODE_SOURCE_F,
	.process = rx_process,
	.nb_edges = RX_EDGE_COUNT,
	.next_nodes = {
		[RX_DROP] = NODE_DROP,
		// Without a service on the arc, the packet simply goes on.
		[RX_ARC_IP4] = NODE_IP4_LOOKUP,
		[RX_LOCAL] = NODE_IP4_LOCAL,
		[RX_PUNT] = NODE_PUNT,
		[RX_LOOKUP] = NODE_IP4_LOOKUP,
		[RX_TX] = NODE_PORT_TX,
		[RX_ERROR] = NODE_IP4_ERROR,
		[RX_VFR] = NODE_IP4_VFR,
	},
};
RTE_NODE_REGISTER(rx_node);
