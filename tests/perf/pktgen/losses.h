// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The books of a run, once it is over: what each flow lost.
#pragma once

#include "tests/perf/pktgen/engine.h"

struct flow_losses {
	uint64_t tracked;				      // flows
	uint64_t with_loss, with_reordering, with_duplicates; // flows
	uint64_t lost, most_lost; // packets of tracked flows, of one of them
};

void losses_of_flows(const struct engine *e, const struct flow_set *s, enum direction d,
	struct flow_losses *out);

// Packets that were sent and did not come out. Without sequences (--check none) duplicates hide
// some.
static inline uint64_t losses_count(const struct counts *c)
{
	uint64_t arrived = c->received - c->duplicated;

	return c->sent > arrived ? c->sent - arrived : 0;
}

void counts_add(struct counts *into, const struct counts *c);
