// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// drop: the one place where packets end without being sent. Counts each by its reason.
#include "dataplane/ip4/nodes.h"
#include "dataplane/main/node.h"

static uint16_t drop_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		uint8_t reason = mbuf_meta(objs[i])->reason;

		w->stats.drops[reason < DROP_COUNT ? reason : DROP_NONE]++;
	}
	w->stats.accounts[ACCT_DROPPED] += n;
	rte_pktmbuf_free_bulk((struct rte_mbuf **)objs, n);
	return n;
}

static struct rte_node_register drop_node = {
	.name = NODE_DROP,
	.process = drop_process,
};
RTE_NODE_REGISTER(drop_node);
