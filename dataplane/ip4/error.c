// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_error: a packet that cannot be delivered becomes the ICMP error about itself and goes back
// through the lookup, or is dropped where no error may be sent. Either way it is counted as dropped
// for its reason; an error sent is counted as generated. Rate-limited per worker (RFC
// 1812 4.3.2.8).
#include <netinet/ip_icmp.h>

#include "dataplane/ip4/local.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/main/node.h"
#include "dataplane/packet/icmp_error.h"

#define ERRORS_PER_SECOND 1000
#define ERRORS_BURST	  100

enum {
	ERROR_DROP,
	ERROR_LOOKUP,
	ERROR_EDGE_COUNT,
};

// Administrative refusals leave half of the burst to errors that path discovery lives from: a host
// over its limit causes as many as it likes.
static bool limiter_admit(struct worker *w, uint8_t code)
{
	struct error_limiter *l = &w->errors;
	uint64_t cost = w->tsc_hz / ERRORS_PER_SECOND;
	uint64_t keep = code == ICMP_PKT_FILTERED ? cost * ERRORS_BURST / 2 : 0;

	l->tokens = RTE_MIN(l->tokens + (w->tsc - l->last), cost * ERRORS_BURST);
	l->last = w->tsc;
	if (l->tokens < cost + keep)
		return false;
	l->tokens -= cost;
	return true;
}

static rte_edge_t error_decide(struct worker *w, struct rte_mbuf *m, struct meta *meta)
{
	const struct local_section *local = local_of(w->set);
	uint8_t reason = meta->reason;
	rte_be32_t from = local_port_address(local, meta->in_port);

	// From the address of the arrival port (RFC 1812 4.3.2.4): the sender knows it. A port
	// without addresses sends none.
	if (from == 0 || !limiter_admit(w, meta->error_code) ||
		packet_make_icmp_error(
			m, meta, meta->error_type, meta->error_code, meta->icmp_mtu, from) < 0)
		return node_drop(meta, reason);
	w->stats.drops[reason]++;
	w->stats.accounts[ACCT_DROPPED]++;
	w->stats.accounts[ACCT_GENERATED]++;
	meta->flags |= META_NAT_DONE;
	return ERROR_LOOKUP;
}

static uint16_t error_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return node_each(graph, node, objs, n, true, error_decide);
}

static struct rte_node_register error_node = {
	.name = NODE_IP4_ERROR,
	.process = error_process,
	.nb_edges = ERROR_EDGE_COUNT,
	.next_nodes = {
		[ERROR_DROP] = NODE_DROP,
		[ERROR_LOOKUP] = NODE_IP4_LOOKUP,
	},
};
RTE_NODE_REGISTER(error_node);
