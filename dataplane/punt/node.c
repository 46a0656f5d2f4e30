// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// punt: hands packets to the kernel, by the mirror of their port of arrival, unmodified. Each class
// has its own token bucket, so that a flood of one leaves the others alone.
#include "dataplane/ip4/nodes.h"
#include "dataplane/main/node.h"
#include "dataplane/port/port.h"
#include "dataplane/punt/mirror.h"
#include "dataplane/punt/police.h"

enum {
	PUNT_DROP,
	PUNT_EDGE_COUNT,
};

static enum drop_reason punt_packet(struct worker *w, struct rte_mbuf *m, const struct meta *meta)
{
	const struct port *p = worker_port(w, meta->in_port);
	enum punt_class class = meta->punt_class;

	if (p == NULL || p->mirror == NULL)
		return DROP_PUNT_NO_MIRROR;
	if (!police_admit(w->police, p->id, class, w->tsc)) {
		w->stats.policed[class]++;
		return DROP_PUNT_POLICED;
	}
	if (mirror_send(p->mirror, w->index, &m, 1) != 1)
		return DROP_PUNT_QUEUE;
	// The packet is the punt thread's now: not even its metadata may be looked at.
	w->stats.punts[class]++;
	w->stats.ports[p->id].to_kernel++;
	w->stats.accounts[ACCT_PUNTED]++;
	return DROP_NONE;
}

static uint16_t punt_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		enum drop_reason reason = punt_packet(w, m, mbuf_meta(m));

		if (likely(reason == DROP_NONE))
			continue;
		node_drop(mbuf_meta(m), reason);
		rte_node_enqueue_x1(graph, node, PUNT_DROP, m);
	}
	return n;
}

static struct rte_node_register punt_node = {
	.name = NODE_PUNT,
	.process = punt_process,
	.nb_edges = PUNT_EDGE_COUNT,
	.next_nodes = {
		[PUNT_DROP] = NODE_DROP,
	},
};
RTE_NODE_REGISTER(punt_node);
