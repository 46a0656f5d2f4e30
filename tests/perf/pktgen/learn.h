// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a flow looks like behind the router: the tuple of its first packet that came out. The other
// direction is sent to it, and later packets are compared with it.
#pragma once

#include <stdbool.h>
#include <string.h>

#include "tests/perf/pktgen/churn.h"
#include "tests/perf/pktgen/space.h"

enum learn_verdict {
	LEARN_NEW,     // the first one of this generation
	LEARN_SAME,    // as learned
	LEARN_CHANGED, // another tuple than the one that was learned: the router changed its mind
	LEARN_OLD,     // of a flow that was replaced meanwhile
};

struct learned {
	struct tuple out;
	uint8_t known, answered; // came out; its answer came back
	uint8_t generation;
	uint32_t sent; // packets of the other direction: their sequence number
};

static inline enum learn_verdict learn_packet(
	struct learned *l, struct tuple out, uint8_t generation)
{
	uint8_t ahead = (uint8_t)(generation - l->generation) & GENERATION_MASK;

	if (l->known && ahead == 0)
		return memcmp(&l->out, &out, sizeof(out)) == 0 ? LEARN_SAME : LEARN_CHANGED;
	if (l->known && ahead > GENERATION_MASK / 2)
		return LEARN_OLD;
	l->out = out;
	l->generation = generation;
	l->known = 1;
	l->answered = 0;
	return LEARN_NEW;
}

// Whether the other direction can be sent.
static inline bool learn_has(const struct learned *l, uint32_t generation)
{
	return l->known && l->generation == (generation & GENERATION_MASK);
}
