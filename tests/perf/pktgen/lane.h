// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Sending: packets wait in their lane until the ring has room.
#pragma once

#include "tests/perf/pktgen/engine.h"

static inline void lane_put(struct lane *l, struct rte_mbuf *m)
{
	l->pending[l->first + l->n++] = m;
}

// Room for one more packet, whatever has been sent from the front.
static inline bool lane_has_room(const struct lane *l)
{
	return l->first + l->n < LANE_PENDING;
}

static inline void lane_flush(struct port *p, uint16_t queue)
{
	struct lane *l = &p->lanes[queue];

	while (l->n > 0) {
		unsigned int burst = RTE_MIN(l->n, (unsigned int)BURST), sent;
		uint64_t bytes[BURST + 1] = { 0 };

		for (unsigned int i = 0; i < burst; i++) // a packet that is sent is no longer ours
			bytes[i + 1] = bytes[i] + l->pending[l->first + i]->pkt_len + FRAME_FCS;
		sent = rte_eth_tx_burst(p->id, queue, &l->pending[l->first], (uint16_t)burst);
		p->sent += sent;
		p->bytes_sent += bytes[sent];
		l->first += sent;
		l->n -= sent;
		l->waited -= RTE_MIN(l->waited, sent);
		if (sent < burst) {
			p->refused += l->n - l->waited;
			l->waited = l->n;
			return;
		}
	}
	l->first = 0;
}
