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
		uint16_t burst = l->n < BURST ? (uint16_t)l->n : BURST, sent;
		uint64_t bytes[BURST + 1] = { 0 };

		for (uint16_t i = 0; i < burst; i++) // a packet that is sent is no longer ours
			bytes[i + 1] = bytes[i] + l->pending[l->first + i]->pkt_len + FRAME_FCS;
		sent = rte_eth_tx_burst(p->id, queue, &l->pending[l->first], burst);
		p->sent += sent;
		p->bytes_sent += bytes[sent];
		l->first += sent;
		l->n -= sent;
		if (sent < burst) {
			p->refused += (uint64_t)burst - sent;
			return;
		}
	}
	l->first = 0;
}
