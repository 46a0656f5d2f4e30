// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One scenario: every flow is seen once before anything is measured, then rounds of walks.
#include "tests/perf/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/main/worker.h"
#include "tests/perf/bench_port.h"

#define WALKS (BENCH_BUFFERS / BENCH_BURST) // of a round

// What callgrind counts: tests/perf/instructions.py names this function.
unsigned int measured_walk(struct worker *w, uint64_t tsc);

__rte_noinline unsigned int measured_walk(struct worker *w, uint64_t tsc)
{
	return worker_walk(w, tsc);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct cost cost_of(double *samples, unsigned int n)
{
	qsort(samples, n, sizeof(*samples), compare);
	return (struct cost){ .p10 = samples[n / 10], .median = samples[n / 2] };
}

// A full table leaves a flow in a million without a place in the index; more is an error.
static int all_sent(struct bench *b, const struct scenario *s, uint64_t before)
{
	static const char *const reasons[] = {
#define X(sym, name, text) name,
		DROP_REASONS(X)
#undef X
	};
	const struct worker_stats *stats = &b->harness->dp->workers[0]->stats;

	if (b->ports[s->out]->sent >= before + BENCH_BUFFERS - BENCH_BUFFERS / 1000)
		return 0;
	fprintf(stderr, "%s: %lu of %u packets came out\n", s->name,
		(unsigned long)(b->ports[s->out]->sent - before), BENCH_BUFFERS);
	for (unsigned int i = 0; i < DROP_COUNT; i++)
		if (stats->drops[i] != 0)
			fprintf(stderr, "  dropped: %s %lu\n", reasons[i],
				(unsigned long)stats->drops[i]);
	return -EPROTO;
}

// A round through the graph; `samples` may be NULL.
static int graph_round(struct bench *b, const struct scenario *s, double *samples)
{
	struct worker *w = b->harness->dp->workers[0];
	uint64_t before = b->ports[s->out]->sent;

	bench_refill(b, s);
	for (unsigned int i = 0; i < WALKS; i++) {
		uint64_t start = rte_rdtsc_precise(), end;

		if (samples != NULL)
			measured_walk(w, start + b->passed);
		else
			worker_walk(w, start + b->passed);
		end = rte_rdtsc_precise();
		if (samples != NULL)
			samples[i] = (double)(end - start) / BENCH_BURST;
	}
	return all_sent(b, s, before);
}

static void bare_round(struct bench *b, const struct scenario *s, double *samples)
{
	bench_refill(b, s);
	for (unsigned int i = 0; i < WALKS; i++) {
		uint64_t start = rte_rdtsc_precise();

		bench_bare(b, s);
		samples[i] = (double)(rte_rdtsc_precise() - start) / BENCH_BURST;
	}
}

static int warm_up(struct bench *b, const struct scenario *s)
{
	int rc = 0;

	b->fresh = 0;
	while (rc == 0 && !s->fresh && b->fresh < s->flows)
		rc = graph_round(b, s, NULL);
	return rc;
}

int measure(struct bench *b, const struct scenario *s, unsigned int rounds, struct result *out)
{
	// Flows of the bare loop count as used, too.
	unsigned int most = s->fresh ? s->flows / BENCH_BUFFERS / 2 : rounds;
	unsigned int n = RTE_MIN(rounds, most);
	double *graph = calloc(n * WALKS, sizeof(*graph)), *bare = calloc(n * WALKS, sizeof(*bare));
	int rc = graph != NULL && bare != NULL ? warm_up(b, s) : -ENOMEM;

	for (unsigned int i = 0; rc == 0 && i < n; i++) {
		rc = graph_round(b, s, &graph[i * WALKS]);
		bare_round(b, s, &bare[i * WALKS]);
	}
	if (rc == 0)
		*out = (struct result){ .scenario = s,
			.walks = n * WALKS,
			.graph = cost_of(graph, n * WALKS),
			.bare = cost_of(bare, n * WALKS) };
	free(graph);
	free(bare);
	return rc;
}
