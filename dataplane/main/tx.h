// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Sending from the graph: packets of a walk are collected by egress port and leave at its end.
// Worker.
#pragma once

#include "dataplane/main/worker.h"
#include "dataplane/packet/meta.h"
#include "dataplane/stats/reason.h"

// Counts and frees packets; the graph does not see them again.
__rte_cold void tx_drop(
	struct worker *w, struct rte_mbuf **pkts, uint16_t n, enum drop_reason reason);
// Cuts a packet that is bigger than the MTU, and sends the pieces at once.
__rte_cold void tx_fragment(struct worker *w, struct rte_mbuf *m, uint16_t port, uint16_t mtu);
// Sends what was collected. Once a walk.
void tx_flush_all(struct worker *w);

// Takes the packet: it leaves by `port` at the end of the walk, unless that is gone. `mtu`: longer
// IPv4 packets are cut.
static __rte_always_inline void tx_put(
	struct worker *w, struct rte_mbuf *m, const struct meta *meta, uint16_t port, uint16_t mtu)
{
	struct tx_buffer *b = &w->tx[port];

	if (unlikely(meta->ip_len > mtu)) {
		tx_fragment(w, m, port, mtu);
		return;
	}
	if (unlikely(b->count == 0))
		w->tx_ports |= 1ull << port;
	b->pkts[b->count++] = m;
	b->bytes += m->pkt_len;
	if (unlikely(m->nb_segs > 1 || (meta->flags & META_CSUM_PARTIAL)))
		b->prepare = 1;
}
