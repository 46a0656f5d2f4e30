// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One turn of the generator's loop: what every phase does all the time.
#pragma once

#include <rte_cycles.h>

#include "tests/perf/pktgen/engine.h"

// Receives, answers and sends what waits. *now is the TSC. Returns how many packets came.
unsigned int turn(struct engine *e, uint64_t *now);

// Sends what waits; true when nothing waits any more.
bool turn_flush(struct engine *e);

static inline bool turn_stopped(const struct engine *e)
{
	return __atomic_load_n(&e->stop, __ATOMIC_RELAXED);
}

// How many of a rate are due: those of the time since `start` without the ones that were dealt
// with.
static inline uint64_t turn_due(uint64_t cycles, uint64_t tsc_hz, uint64_t rate, uint64_t done)
{
	uint64_t due = (uint64_t)((__uint128_t)cycles * rate / tsc_hz);

	return due > done ? due - done : 0;
}
