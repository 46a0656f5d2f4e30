// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Plays sequences to both routers and shortens one that shows a difference.
#pragma once

#include "tests/differential/compare.h"

struct bench {
	struct side vrouter, kernel;
	struct exchange ours[STEPS_MAX], theirs[STEPS_MAX]; // by step id
	struct comparison comparison;			    // of the sequence played last
	unsigned int played;				    // steps of it
	uint64_t packets;				    // sent to each router
	uint64_t coincidences;				    // sequences that were played again
};

// 0 and the verdict, or negative errno: a side is broken.
int play_sequence(struct bench *b, const struct sequence *s, enum verdict *verdict);

// Drops steps as long as the rest still differs. 0 or negative errno.
int play_shrink(struct bench *b, struct sequence *s);
