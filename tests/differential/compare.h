// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Compares what the two routers sent at each step of a sequence: number, interface and bytes of the
// packets, up to a bijection of the ports that they chose. Checksums are verified in both.
#pragma once

#include "tests/differential/ports.h"
#include "tests/differential/track.h"

enum verdict {
	VERDICT_SAME,
	VERDICT_DIFFERENT,
	VERDICT_COINCIDENCE, // a router chose a port that the sequence uses itself: says nothing
};

// Of one sequence.
struct comparison {
	const struct exchange *ours, *kernel; // by step id
	struct flow flows[STEPS_MAX];	      // by step id
	struct tracks tracks;
	struct ports ports;
	uint64_t used[RULE_COUNT];
	char why[256]; // of a difference
};

void comparison_start(
	struct comparison *c, const struct exchange *ours, const struct exchange *kernel);

// The step was played to both.
enum verdict comparison_step(struct comparison *c, const struct step *s);
