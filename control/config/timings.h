// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Where the time of a commit went, step by step.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TIMINGS_MAX  32	 // steps; more are not kept
#define TIMINGS_TEXT 960 // bytes of a text with all of them, as far as log lines go

struct timing {
	const char *phase; // static: "read", "prepare"
	const char *name;  // static, of the subsystem; "": none
	uint64_t us;
};

struct timings {
	struct timing list[TIMINGS_MAX];
	unsigned int count;
};

uint64_t timings_now(void); // microseconds of the monotonic clock
// Adds the step that began at `since`. `t` may be NULL.
void timings_add(struct timings *t, const char *phase, const char *name, uint64_t since);
// "12.3 ms: read 1.0, prepare dataplane 4.0": the sum, and each step of at least 0.1 ms.
void timings_text(const struct timings *t, char out[static TIMINGS_TEXT]);
