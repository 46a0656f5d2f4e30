// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The loop's turn.
#include "tests/perf/pktgen/turn.h"

#include "tests/perf/pktgen/lane.h"
#include "tests/perf/pktgen/receive.h"

bool turn_flush(struct engine *e)
{
	bool empty = true;

	for (unsigned int i = 0; i < e->options->n_ports; i++)
		for (uint16_t q = 0; q < e->ports[i].options->queues; q++) {
			lane_flush(&e->ports[i], q);
			empty &= e->ports[i].lanes[q].n == 0;
		}
	return empty;
}

unsigned int turn(struct engine *e, uint64_t *now)
{
	unsigned int n;

	*now = rte_rdtsc();
	if (e->last_turn != 0 && *now - e->last_turn > e->max_gap)
		e->max_gap = *now - e->last_turn;
	e->last_turn = *now;
	e->stamp = (uint32_t)(*now >> FRAME_STAMP_SHIFT);
	n = receive_packets(e);
	turn_flush(e);
	return n;
}
