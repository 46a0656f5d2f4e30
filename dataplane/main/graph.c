// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Graph assembly: one graph per worker, built once. Services are put on the arcs of the lookup node
// here, which is the only place that knows both.
#include "dataplane/main/graph.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_lcore.h>

#include "dataplane/ip4/nodes.h"
#include "dataplane/nat/nodes.h"

// Only source nodes need a name: the library follows the edges.
static const char *const graph_sources[] = { NODE_RX };

static const struct {
	const char *node;
	rte_edge_t edge;
	const char *service;
} arcs[] = {
	{ NODE_RX, RX_ARC_IP4, NODE_NAT_ESTABLISHED },
	{ NODE_IP4_LOOKUP, LOOKUP_ARC_OUTBOUND, NODE_NAT_OUTBOUND },
	{ NODE_IP4_LOOKUP, LOOKUP_ARC_INBOUND, NODE_NAT_INBOUND },
	{ NODE_IP4_LOOKUP, LOOKUP_ARC_ROUTED, NODE_NAT_ROUTED },
};

int graph_attach_services(void)
{
	for (unsigned int i = 0; i < RTE_DIM(arcs); i++) {
		rte_node_t id = rte_node_from_name(arcs[i].node);
		const char *names[] = { arcs[i].service };

		if (id == RTE_NODE_ID_INVALID ||
			rte_node_edge_update(id, arcs[i].edge, names, 1) != 1)
			return -EINVAL;
	}
	return 0;
}

struct rte_graph *graph_create(struct worker *w, unsigned int index)
{
	const char *patterns[RTE_DIM(graph_sources)];
	struct rte_graph_param param = {
		.socket_id = (int)rte_socket_id(),
		.nb_node_patterns = RTE_DIM(graph_sources),
		.node_patterns = patterns,
	};
	char name[RTE_GRAPH_NAMESIZE];
	struct rte_graph *graph;
	struct rte_node *node;
	rte_graph_off_t off;
	rte_node_t count;

	memcpy(patterns, graph_sources, sizeof(patterns));
	snprintf(name, sizeof(name), "worker%u", index);
	if (rte_graph_create(name, &param) == RTE_GRAPH_ID_INVALID)
		return NULL;
	graph = rte_graph_lookup(name);
	if (graph == NULL)
		return NULL;
	rte_graph_foreach_node(count, off, graph, node) memcpy(node->ctx, &w, sizeof(w));
	return graph;
}

void graph_destroy(struct rte_graph *graph)
{
	if (graph != NULL)
		rte_graph_destroy(graph->id);
}
