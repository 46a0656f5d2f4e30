// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The driver of every graph node: walks a burst with prefetch, lets the node decide one packet, and
// hands runs of packets with the same decision on together. A node file holds its decision only.
#pragma once

#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_prefetch.h>

#include "dataplane/main/limits.h"
#include "dataplane/main/worker.h"
#include "dataplane/packet/meta.h"
#include "dataplane/stats/reason.h"

// Edge 0 of every node that can drop.
#define EDGE_DROP 0

#define NODE_PREFETCH 4 // packets ahead

// The worker that owns this instance of the node; written by worker_attach().
static inline struct worker *node_worker(const struct rte_node *node)
{
	struct worker *w;

	memcpy(&w, node->ctx, sizeof(w));
	return w;
}

// Marks a packet as dropped for `reason`; the returned edge takes it to the drop node.
static inline rte_edge_t node_drop(struct meta *meta, enum drop_reason reason)
{
	meta->reason = reason;
	return EDGE_DROP;
}

// Enqueues objs[i] to next[i], run by run.
static inline void node_split_runs(struct rte_graph *graph, struct rte_node *node, void **objs,
	const rte_edge_t *next, uint16_t n)
{
	uint16_t start = 0;

	for (uint16_t i = 1; i < n; i++) {
		if (next[i] == next[start])
			continue;
		rte_node_enqueue(graph, node, next[start], &objs[start], i - start);
		start = i;
	}
	if (n > start)
		rte_node_enqueue(graph, node, next[start], &objs[start], n - start);
}

// Enqueues objs[i] to next[i]. The whole burst to one edge, which a few vector instructions tell,
// costs a pointer swap.
static __rte_always_inline void node_split(struct rte_graph *graph, struct rte_node *node,
	void **objs, const rte_edge_t *next, uint16_t n)
{
	rte_edge_t differ = 0;

	for (uint16_t i = 0; i < n; i++)
		differ |= next[i] ^ next[0];
	if (unlikely(differ != 0 || n == 0))
		node_split_runs(graph, node, objs, next, n);
	else if (objs == node->objs)
		rte_node_next_stream_move(graph, node, next[0]);
	else
		rte_node_enqueue(graph, node, next[0], objs, n);
}

// Starts loading what packet i + NODE_PREFETCH of a burst is made of; `data_lines`: also its first
// bytes (nodes that read headers). Where those are is read from the buffer's header, which must be
// there by then.
static __rte_always_inline void node_prefetch(
	void *const *objs, uint16_t i, uint16_t n, bool data_lines)
{
	if (data_lines && i + 2 * NODE_PREFETCH < n)
		rte_prefetch0(objs[i + 2 * NODE_PREFETCH]);
	if (i + NODE_PREFETCH < n) {
		struct rte_mbuf *ahead = objs[i + NODE_PREFETCH];

		rte_prefetch0(rte_mbuf_to_priv(ahead));
		if (data_lines)
			rte_prefetch0(rte_pktmbuf_mtod(ahead, void *));
	}
}

typedef rte_edge_t (*node_decide)(struct worker *w, struct rte_mbuf *m, struct meta *meta);

// See node_prefetch() for `data_lines`.
static __rte_always_inline uint16_t node_each(struct rte_graph *graph, struct rte_node *node,
	void **objs, uint16_t n, bool data_lines, node_decide decide)
{
	struct worker *w = node_worker(node);
	rte_edge_t next[LIMIT_BURST];

	if (unlikely(n == 0 || n > LIMIT_BURST))
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		node_prefetch(objs, i, n, data_lines);
		next[i] = decide(w, objs[i], mbuf_meta(objs[i]));
	}
	node_split(graph, node, objs, next, n);
	return n;
}
