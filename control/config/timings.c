// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Steps of a commit and how they are told.
#include "control/config/timings.h"

#include <stdio.h>
#include <time.h>

#define TOLD_US 100 // shorter steps are part of the sum alone

uint64_t timings_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void timings_add(struct timings *t, const char *phase, const char *name, uint64_t since)
{
	if (t != NULL && t->count < TIMINGS_MAX)
		t->list[t->count++] = (struct timing){ phase, name, timings_now() - since };
}

void timings_text(const struct timings *t, char out[static TIMINGS_TEXT])
{
	const char *before = ":";
	uint64_t sum = 0;

	for (unsigned int i = 0; i < t->count; i++)
		sum += t->list[i].us;
	size_t len = (size_t)snprintf(out, TIMINGS_TEXT, "%.1f ms", (double)sum / 1e3);
	for (unsigned int i = 0; i < t->count && len < TIMINGS_TEXT; i++) {
		const struct timing *x = &t->list[i];

		if (x->us < TOLD_US)
			continue;
		len += (size_t)snprintf(out + len, TIMINGS_TEXT - len, "%s %s%s%s %.1f", before,
			x->phase, x->name[0] != '\0' ? " " : "", x->name, (double)x->us / 1e3);
		before = ",";
	}
}
