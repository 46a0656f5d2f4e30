// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The conditions of a run, for its report.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conditions {
	char cpu[80];
	char load[40]; // before the run
	bool huge;
	unsigned int rounds;
	uint32_t sessions; // capacity of the table
};

void conditions_read(struct conditions *c, bool huge, unsigned int rounds, uint32_t sessions);

// The load averages of 1 and 5 minutes.
void load_read(char *out, size_t size);
