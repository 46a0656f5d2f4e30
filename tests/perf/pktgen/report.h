// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a run found: as JSON, and as text.
#pragma once

#include <jansson.h>

#include "tests/perf/pktgen/engine.h"
#include "tests/perf/pktgen/losses.h"

struct report_context {
	const struct engine *engine;
	const char *const *command; // ends with NULL
	const char *start;	    // UTC, ISO 8601
};

// The report, owned by the caller, or NULL without memory.
json_t *report_make(const struct report_context *c);

// A summary for people, made from the report alone.
void summary_print(const json_t *report);
