// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_input: parses and validates every frame that a port received, and sorts it: IPv4 to the
// lookup, ARP to the kernel, multicast to the local services, the rest to the drop node.
#include "dataplane/ip4/nodes.h"
#include "dataplane/main/node.h"
#include "dataplane/packet/parse.h"
#include "dataplane/port/port.h"

enum {
	INPUT_DROP,
	INPUT_LOOKUP,
	INPUT_LOCAL,
	INPUT_PUNT,
	INPUT_EDGE_COUNT,
};

static __rte_always_inline rte_edge_t input_decide(
	struct worker *w, struct rte_mbuf *m, struct meta *meta)
{
	const struct port *port = worker_port(w, meta->in_port);

	if (unlikely(port == NULL))
		return node_drop(meta, DROP_TX_PORT_GONE);
	switch (packet_parse(m, meta, (const struct rte_ether_addr *)port->conf.mac)) {
	case PARSE_IP4:
		return likely(!packet_is_multicast(meta)) ? INPUT_LOOKUP : INPUT_LOCAL;
	case PARSE_ARP:
		meta->punt_class = PUNT_ARP;
		return INPUT_PUNT;
	default:
		return INPUT_DROP;
	}
}

static uint16_t input_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return node_each(graph, node, objs, n, true, input_decide);
}

static struct rte_node_register input_node = {
	.name = NODE_IP4_INPUT,
	.process = input_process,
	.nb_edges = INPUT_EDGE_COUNT,
	.next_nodes = {
		[INPUT_DROP] = NODE_DROP,
		[INPUT_LOOKUP] = NODE_IP4_LOOKUP,
		[INPUT_LOCAL] = NODE_IP4_LOCAL,
		[INPUT_PUNT] = NODE_PUNT,
	},
};
RTE_NODE_REGISTER(input_node);
