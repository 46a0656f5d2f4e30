// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_held and the table behind it. Workers only; a neighbour that cannot be resolved is asked for
// by an event to the control thread, never by punting the packet.
#include "dataplane/ip4/held.h"

#include <errno.h>

#include "dataplane/fib/l3.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/main/node.h"

#define HELD_CHECKS_PER_SECOND 2000
#define HELD_ASKS_PER_SECOND   20 // after a link came back, packets wait that long more at most

enum {
	HELD_DROP,
	HELD_EDGE_COUNT,
};

static struct held_neighbour *held_find(struct held_table *t, uint16_t port, rte_be32_t addr)
{
	struct held_neighbour *vacant = NULL;

	for (unsigned int i = 0; i < HELD_NEIGHBOURS; i++) {
		struct held_neighbour *n = &t->neighbour[i];

		if (n->count != 0 && n->addr == addr && n->port == port)
			return n;
		if (n->count == 0 && vacant == NULL)
			vacant = n;
	}
	return vacant;
}

static void held_ask(struct worker *w, struct held_neighbour *n)
{
	n->next_ask = w->tsc + w->tsc_hz / HELD_ASKS_PER_SECOND;
	worker_want_neighbour(w, n->port, n->addr);
}

int held_add(struct worker *w, struct rte_mbuf *m, uint16_t port, rte_be32_t addr)
{
	struct held_neighbour *n = held_find(w->held, port, addr);

	if (n == NULL || n->count == LIMIT_HELD_PER_NEIGHBOUR)
		return -ENOBUFS;
	if (n->count == 0) {
		n->addr = addr;
		n->port = port;
		n->deadline = w->tsc + HELD_SECONDS * w->tsc_hz;
		held_ask(w, n);
	}
	n->pkts[n->count++] = m;
	w->held->packets++;
	w->stats.accounts[ACCT_HELD]++;
	return 0;
}

// Resolved: the neighbour has an adjacency of its own that packets can leave by.
static bool held_resolved(struct worker *w, const struct held_neighbour *n)
{
	uint32_t route = fib_lookup(w->l3->fib, n->addr);
	const struct adj *adj;

	if (ecmp_is_group(route)) // no longer a neighbour
		return true;
	adj = l3_adj(w->l3, route);
	return adj->type != ADJ_GLEAN &&
	       !(adj->type == ADJ_NEXT_HOP && adj_state(adj) == ADJ_INCOMPLETE);
}

static uint16_t held_take(struct worker *w, struct held_neighbour *n, struct rte_mbuf **pkts)
{
	uint16_t count = n->count;

	memcpy(pkts, n->pkts, count * sizeof(*pkts));
	n->count = 0;
	w->held->packets -= count;
	w->stats.accounts[ACCT_HELD] -= count;
	return count;
}

uint16_t held_release(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint16_t *n_ready)
{
	struct held_table *t = w->held;
	struct rte_mbuf *late[LIMIT_HELD];
	uint16_t ready = 0, n_late = 0;

	*n_ready = 0;
	if (likely(t->packets == 0 || w->tsc < t->next_check))
		return 0;
	t->next_check = w->tsc + w->tsc_hz / HELD_CHECKS_PER_SECOND;
	for (unsigned int i = 0; i < HELD_NEIGHBOURS; i++) {
		struct held_neighbour *h = &t->neighbour[i];

		if (h->count == 0 || ready + n_late + h->count > n)
			continue;
		if (held_resolved(w, h))
			ready += held_take(w, h, pkts + ready);
		else if (w->tsc >= h->deadline)
			n_late += held_take(w, h, late + n_late);
		else if (w->tsc >= h->next_ask)
			held_ask(w, h);
	}
	memcpy(pkts + ready, late, n_late * sizeof(*pkts));
	*n_ready = ready;
	return ready + n_late;
}

void held_flush(struct worker *w)
{
	for (unsigned int i = 0; i < HELD_NEIGHBOURS; i++) {
		struct rte_mbuf *pkts[LIMIT_HELD_PER_NEIGHBOUR];
		uint16_t count = held_take(w, &w->held->neighbour[i], pkts);

		rte_pktmbuf_free_bulk(pkts, count);
		w->stats.accounts[ACCT_DROPPED] += count;
		w->stats.drops[DROP_NEIGHBOUR_TIMEOUT] += count;
	}
}

static uint16_t held_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct meta *meta = mbuf_meta(m);
		const struct adj *adj = l3_adj(w->l3, meta->adj);
		rte_be32_t addr = adj->type == ADJ_GLEAN ? meta->dst : adj->next_hop;

		// What nothing has translated is judged anew: until it goes on, rules and routes
		// may be others, and its source private.
		if (meta->flags & META_NAT_DONE) {
			meta->out_port = adj->port;
			meta->flags |= META_KEEPS_PORT;
		}
		if (likely(held_add(w, m, adj->port, addr) == 0))
			continue;
		node_drop(meta, DROP_NEIGHBOUR_QUEUE);
		rte_node_enqueue_x1(graph, node, HELD_DROP, m);
	}
	return n;
}

static struct rte_node_register held_node = {
	.name = NODE_IP4_HELD,
	.process = held_process,
	.nb_edges = HELD_EDGE_COUNT,
	.next_nodes = {
		[HELD_DROP] = NODE_DROP,
	},
};
RTE_NODE_REGISTER(held_node);
