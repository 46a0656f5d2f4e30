// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Measuring one scenario, and reporting what was measured.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/perf/bench.h"
#include "tests/perf/conditions.h"

// Cycles per packet over the full bursts of a run.
struct cost {
	double p10;
	double median;
};

struct result {
	const struct scenario *scenario; // NULL: did not run
	unsigned int walks;
	struct cost graph;
	struct cost bare;
};

// Rounds of as many walks as the buffers last, through the graph and through the bare loop in turn.
// -EPROTO when not every packet came out, with the reasons printed; -ENOMEM.
int measure(struct bench *b, const struct scenario *s, unsigned int rounds, struct result *out);

void report_table(
	const struct bench *b, const struct conditions *before, const struct result *results);
int report_json(const struct bench *b, const struct conditions *before,
	const struct result *results, const char *path);
