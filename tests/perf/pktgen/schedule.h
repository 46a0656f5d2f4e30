// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which set and direction the next packet is of, and how long it is: tables in random order that
// hold the shares exactly each time they are walked through.
#pragma once

#include <stdint.h>

#include "tests/perf/pktgen/options.h"

#define SCHEDULE_TURNS 4096
#define SIZES_MAX      1020 // a multiple of IMIX' 12

struct stream {
	uint8_t set, direction;
};

struct schedule {
	struct stream turns[SCHEDULE_TURNS];
	uint32_t next;
};

// Shares by the weights; a set that is measured both ways gives half to each.
void schedule_init(struct schedule *s, const struct options *o);

static inline struct stream schedule_next(struct schedule *s)
{
	return s->turns[s->next++ % SCHEDULE_TURNS];
}

// Fills `lengths` (without FCS) for a set; returns how many.
uint32_t schedule_lengths(uint16_t lengths[SIZES_MAX], const struct set_options *s, uint64_t seed);
