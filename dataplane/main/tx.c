// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Cuts packets that are too big into fragments, and sends what a walk collected. What a port does
// not take is dropped and counted, never waited for. The node port_tx collects what did not come
// through ip4_send: the kernel's packets and those of other workers.
#include "dataplane/main/tx.h"

#include "dataplane/ip4/nodes.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/node.h"
#include "dataplane/packet/fragment.h"
#include "dataplane/port/port.h"
#include "dataplane/port/tx.h"

#define FRAGMENTS_MAX 64 // 65535 bytes over an MTU of 1280 and more

void tx_drop(struct worker *w, struct rte_mbuf **pkts, uint16_t n, enum drop_reason reason)
{
	w->stats.accounts[ACCT_DROPPED] += n;
	w->stats.drops[reason] += n;
	rte_pktmbuf_free_bulk(pkts, n);
}

// The transmit queue is another worker's.
static void tx_hand_over(struct worker *w, unsigned int owner, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t taken =
		rte_ring_sp_enqueue_burst(w->to_worker[owner], (void *const *)pkts, n, NULL);

	w->stats.accounts[ACCT_HANDED_OVER] += taken;
	if (taken < n)
		tx_drop(w, pkts + taken, n - taken, DROP_TX_FULL);
}

// `bytes`: of all packets. `prepare`: some may not be what the driver takes.
static void tx_send(struct worker *w, struct port *p, struct rte_mbuf **pkts, uint16_t n,
	uint32_t bytes, bool prepare)
{
	struct port_counters *c = &w->stats.ports[p->id];
	unsigned int owner = port_tx_worker(p, w->index);
	uint32_t unsent = 0;
	uint16_t sent;

	if (owner != w->index) {
		tx_hand_over(w, owner, pkts, n);
		return;
	}
	sent = prepare ? port_send(p, w->index, pkts, n) : port_send_plain(p, w->index, pkts, n);
	for (uint16_t i = sent; i < n; i++) {
		unsent += pkts[i]->pkt_len;
		tx_drop(w, &pkts[i], 1, mbuf_meta(pkts[i])->reason);
	}
	c->tx_packets += sent;
	c->tx_bytes += bytes - unsent;
	w->stats.accounts[ACCT_SENT] += sent;
}

static void tx_flush(struct worker *w, uint16_t id)
{
	struct tx_buffer *b = &w->tx[id];
	struct port *p = worker_port(w, id);

	if (unlikely(p == NULL))
		tx_drop(w, b->pkts, b->count, DROP_TX_PORT_GONE);
	else if (b->count > 0)
		tx_send(w, p, b->pkts, b->count, b->bytes, b->prepare);
	b->count = 0;
	b->bytes = 0;
	b->prepare = 0;
}

// The fragments leave at once, so that they never meet the bound of a burst; what was collected
// before them goes first, so that a flow keeps its order.
void tx_fragment(struct worker *w, struct rte_mbuf *m, uint16_t port, uint16_t mtu)
{
	struct rte_mbuf *fragments[FRAGMENTS_MAX];
	struct port *p = worker_port(w, port);
	uint32_t bytes = 0;
	int n;

	if (p == NULL) {
		tx_drop(w, &m, 1, DROP_TX_PORT_GONE);
		return;
	}
	n = packet_fragment(m, mtu, w->dp->pool, fragments, FRAGMENTS_MAX);
	tx_flush(w, port);
	if (n < 0) {
		tx_drop(w, &m, 1, DROP_FRAGMENT_MEMORY);
		return;
	}
	w->stats.accounts[ACCT_CONSUMED]++;
	w->stats.accounts[ACCT_GENERATED] += n;
	rte_pktmbuf_free(m);
	for (int i = 0; i < n; i++)
		bytes += fragments[i]->pkt_len;
	tx_send(w, p, fragments, n, bytes, true);
}

void tx_flush_all(struct worker *w)
{
	for (uint64_t ports = w->tx_ports; ports != 0; ports &= ports - 1)
		tx_flush(w, (uint16_t)__builtin_ctzll(ports));
	w->tx_ports = 0;
}

static uint16_t tx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		const struct meta *meta = mbuf_meta(objs[i]);

		tx_put(w, objs[i], meta, meta->out_port, UINT16_MAX); // was cut by whoever sent it
	}
	return n;
}

static struct rte_node_register tx_node = {
	.name = NODE_PORT_TX,
	.process = tx_process,
};
RTE_NODE_REGISTER(tx_node);
