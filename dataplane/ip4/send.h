// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The last IP step of a packet: TTL, MSS of SYNs, the Ethernet header of the adjacency; then it is
// with those that leave at the end of the walk. For the node ip4_send, and for nodes that have the
// adjacency at hand anyway: to pass on a packet costs more than this does. Worker.
#pragma once

#include <rte_tcp.h>

#include "dataplane/fib/adj.h"
#include "dataplane/main/tx.h"
#include "dataplane/packet/rewrite.h"

// Whether send_now() may be called; else ip4_send knows what to do.
static inline bool send_ready(const struct adj *adj)
{
	return adj_is_ready(adj);
}

// A SYN of either direction: segments must fit both ports of the connection.
__rte_cold void send_syn(
	struct worker *w, struct rte_mbuf *m, const struct meta *meta, uint16_t mtu);

// Takes the packet, whose TTL is what it is to be.
static __rte_always_inline void send_hopped(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, struct adj *adj)
{
	if (unlikely(meta->tcp_flags & RTE_TCP_SYN_FLAG))
		send_syn(w, m, meta, adj->mtu);
	packet_set_ethernet(m, &adj->eth);
	adj_touch(adj, w->tick);
	meta->out_port = adj->port;
	tx_put(w, m, meta, adj->port, adj->mtu);
}

// Takes the packet. Its TTL and length were checked (forward_check()).
static __rte_always_inline void send_now(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, struct adj *adj)
{
	if (likely(!(meta->flags & META_GENERATED)))
		packet_decrement_ttl(m, meta);
	send_hopped(w, m, meta, adj);
}
