// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_vfr: fragments whose service needs ports. Those of a datagram that is another worker's are
// handed over; the others wait for their first fragment or go through the lookup once more, as
// packets with ports.
#include "dataplane/ip4/nodes.h"
#include "dataplane/ip4/vfr.h"
#include "dataplane/main/node.h"

enum {
	VFR_EDGE_DROP,
	VFR_EDGE_LOOKUP,
	VFR_EDGE_COUNT,
};

// Whether the worker took it; what it does not take is dropped, never waited for.
static bool hand_over(struct worker *w, unsigned int owner, struct rte_mbuf *m, struct meta *meta)
{
	meta->flags |= META_FRAG_OWNER;
	if (rte_ring_sp_enqueue(w->to_worker[owner], m) != 0) {
		meta->flags &= ~META_FRAG_OWNER;
		return false;
	}
	w->stats.accounts[ACCT_HANDED_OVER]++;
	return true;
}

static uint16_t vfr_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct meta *meta = mbuf_meta(m);
		unsigned int owner = vfr_owner(w, m, meta);
		enum vfr_verdict verdict;

		if (owner != w->index) {
			if (hand_over(w, owner, m, meta))
				continue;
			node_drop(meta, DROP_FRAGMENT_LIMIT);
			verdict = VFR_DROP;
		} else {
			verdict = vfr_note(w, m, meta);
		}
		if (verdict != VFR_HELD)
			rte_node_enqueue_x1(graph, node,
				verdict == VFR_PASS ? VFR_EDGE_LOOKUP : VFR_EDGE_DROP, m);
	}
	return n;
}

static struct rte_node_register vfr_node = {
	.name = NODE_IP4_VFR,
	.process = vfr_process,
	.nb_edges = VFR_EDGE_COUNT,
	.next_nodes = {
		[VFR_EDGE_DROP] = NODE_DROP,
		[VFR_EDGE_LOOKUP] = NODE_IP4_LOOKUP,
	},
};
RTE_NODE_REGISTER(vfr_node);
