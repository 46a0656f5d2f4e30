// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Commits on trial: unless it is confirmed in time, the configuration goes back to the revision
// before it. The trial is on the disk before its commit, so it outlives this process: one that was
// over while nobody ran ends at the next start. Commit thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/config/engine.h"

#define CONFIRM_SECONDS_MAX 86400

struct trial {
	uint64_t revision; // on trial
	uint64_t back_to;  // 0: to no configuration at all
	int64_t deadline;  // seconds since the epoch
};

// The trial that runs, of the current revision; false: none. Forgets what a power cut left of one
// whose commit never was.
bool confirm_pending(struct store *s, uint64_t current, struct trial *out);

// Before the commit of `revision`; takes it back with confirm_end() when that is refused. 0 or
// negative errno.
int confirm_begin(struct store *s, uint64_t revision, uint64_t back_to, uint32_t seconds);
int confirm_end(struct store *s); // 0 or negative errno: then it still runs

// Ends a trial that is over, by committing the document of before. To be called about once a
// second. 0: nothing to do, or done; negative errno with problems.
int confirm_check(struct engine *e, struct store *s, struct problems *p);
