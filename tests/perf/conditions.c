// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The conditions of a run: what a figure means little without.
#include "tests/perf/conditions.h"

#include <stdio.h>
#include <string.h>

static void read_cpu(char *out, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(out, size, "unknown");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || colon == NULL)
			continue;
		snprintf(out, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
		break;
	}
	if (f != NULL)
		fclose(f);
}

void load_read(char *out, size_t size)
{
	FILE *f = fopen("/proc/loadavg", "r");
	float one, five;

	snprintf(out, size, "unknown");
	if (f == NULL)
		return;
	if (fscanf(f, "%f %f", &one, &five) == 2)
		snprintf(out, size, "%.2f %.2f", one, five);
	fclose(f);
}

void conditions_read(struct conditions *c, bool huge, unsigned int rounds, uint32_t sessions)
{
	*c = (struct conditions){ .huge = huge, .rounds = rounds, .sessions = sessions };
	read_cpu(c->cpu, sizeof(c->cpu));
	load_read(c->load, sizeof(c->load));
}
