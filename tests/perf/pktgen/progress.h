// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What is told on stderr while it runs.
#pragma once

#include "tests/perf/pktgen/engine.h"

struct progress {
	enum phase phase;
	uint64_t sent, received; // at the last line
	uint64_t at;		 // time of it, TSC
};

// Called again and again by the main thread: tells the phases' beginning, and how it goes once a
// second unless --quiet.
void progress_tell(struct progress *p, const struct engine *e);
