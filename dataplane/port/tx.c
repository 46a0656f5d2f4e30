// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The common case, packets that need nothing, costs a test per packet.
#include "dataplane/port/tx.h"

#include <rte_branch_prediction.h>

#include "dataplane/main/limits.h"
#include "dataplane/packet/csum.h"
#include "dataplane/packet/meta.h"
#include "dataplane/port/port.h"
#include "dataplane/stats/reason.h"

// Makes the packet what the driver takes. DROP_NONE, or why it cannot be.
static enum drop_reason prepare(const struct port *p, struct rte_mbuf *m, struct meta *meta)
{
	if (unlikely(meta->flags & META_CSUM_PARTIAL)) {
		if (p->tx_csum)
			packet_csum_offload(m, meta);
		else if (packet_csum_finish(m, meta) < 0)
			return DROP_TX_CHECKSUM;
	}
	if (unlikely(m->nb_segs > 1) && !p->tx_multi_seg && rte_pktmbuf_linearize(m) < 0)
		return DROP_MTU;
	return DROP_NONE;
}

static uint16_t send_good(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = p->ops->tx_burst(p, queue, pkts, n);

	for (uint16_t i = sent; i < n; i++)
		mbuf_meta(pkts[i])->reason = DROP_TX_FULL;
	return sent;
}

static uint16_t send_some(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *bad[LIMIT_BURST];
	uint16_t n_good = 0, n_bad = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct meta *meta = mbuf_meta(pkts[i]);
		enum drop_reason reason = prepare(p, pkts[i], meta);

		if (likely(reason == DROP_NONE)) {
			pkts[n_good++] = pkts[i];
			continue;
		}
		meta->reason = reason;
		bad[n_bad++] = pkts[i];
	}
	for (uint16_t i = 0; i < n_bad; i++)
		pkts[n_good + i] = bad[i];
	return send_good(p, queue, pkts, n_good);
}

uint16_t port_send(struct port *p, unsigned int worker, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t most = RTE_MIN(n, (uint16_t)LIMIT_BURST);
	uint16_t sent = 0;

	if (likely(worker < p->nb_txq))
		sent = send_some(p, (uint16_t)worker, pkts, most);
	else
		most = 0;
	for (uint16_t i = most; i < n; i++)
		mbuf_meta(pkts[i])->reason = DROP_TX_FULL;
	return sent;
}

uint16_t port_send_plain(struct port *p, unsigned int worker, struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely(worker >= p->nb_txq))
		return port_send(p, worker, pkts, n);
	return send_good(p, (uint16_t)worker, pkts, n);
}
