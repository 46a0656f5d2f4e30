// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One scenario: every flow is seen twice before anything is measured, then rounds of walks.
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

struct samples {
	double *cycles; // per packet
	unsigned int n;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct cost cost_of(struct samples *s)
{
	qsort(s->cycles, s->n, sizeof(*s->cycles), compare);
	return (struct cost){ .p10 = s->cycles[s->n / 10], .median = s->cycles[s->n / 2] };
}

// Full bursts alone: two ports that are given packets at random run out one after the other.
static void add_sample(struct samples *s, uint64_t start, unsigned int packets)
{
	uint64_t end = rte_rdtsc_precise();

	if (packets == BENCH_BURST)
		s->cycles[s->n++] = (double)(end - start) / BENCH_BURST;
}

// A full table leaves a flow in a million without a place in the index; more is an error.
static uint64_t sent(const struct bench *b, const struct scenario *s)
{
	if (s->out != 0)
		return b->ports[s->out]->sent;
	return b->ports[BENCH_VPC1]->sent + b->ports[BENCH_PUB0]->sent;
}

static int all_sent(struct bench *b, const struct scenario *s, uint64_t before)
{
	static const char *const reasons[] = {
#define X(sym, name, text) name,
		DROP_REASONS(X)
#undef X
	};
	const struct worker_stats *stats = &b->harness->dp->workers[0]->stats;

	if (sent(b, s) >= before + BENCH_BUFFERS - BENCH_BUFFERS / 1000)
		return 0;
	fprintf(stderr, "%s: %lu of %u packets came out\n", s->name,
		(unsigned long)(sent(b, s) - before), BENCH_BUFFERS);
	for (unsigned int i = 0; i < DROP_COUNT; i++)
		if (stats->drops[i] != 0)
			fprintf(stderr, "  dropped: %s %lu\n", reasons[i],
				(unsigned long)stats->drops[i]);
	return -EPROTO;
}

// A round through the graph; `out` may be NULL.
static int graph_round(struct bench *b, const struct scenario *s, struct samples *out)
{
	struct worker *w = b->harness->dp->workers[0];
	uint64_t before = sent(b, s);

	bench_refill(b, s);
	for (unsigned int i = 0; i < WALKS; i++) {
		uint64_t start = rte_rdtsc_precise();
		unsigned int n;

		if (out != NULL)
			n = measured_walk(w, start + b->passed);
		else
			n = worker_walk(w, start + b->passed);
		if (out != NULL)
			add_sample(out, start, n);
	}
	return all_sent(b, s, before);
}

static void bare_round(struct bench *b, const struct scenario *s, struct samples *out)
{
	bench_refill(b, s);
	for (unsigned int i = 0; i < WALKS; i++) {
		uint64_t start = rte_rdtsc_precise();

		add_sample(out, start, bench_bare(b, s));
	}
}

static int warm_up(struct bench *b, const struct scenario *s)
{
	int rc = 0;

	b->fresh = 0;
	b->added = 0;
	while (rc == 0 && !s->fresh && b->fresh < (uint64_t)BENCH_WARM * s->flows) {
		rc = graph_round(b, s, NULL);
		if (s->mixed)
			mix_learn(b);
	}
	return rc;
}

int measure(struct bench *b, const struct scenario *s, unsigned int rounds, struct result *out)
{
	// Flows of the bare loop count as used, too.
	unsigned int most = s->fresh ? s->flows / BENCH_BUFFERS / 2 : rounds;
	unsigned int n = RTE_MIN(rounds, most);
	struct samples graph = { calloc(n * WALKS, sizeof(double)), 0 };
	struct samples bare = { calloc(n * WALKS, sizeof(double)), 0 };
	int rc = graph.cycles != NULL && bare.cycles != NULL ? warm_up(b, s) : -ENOMEM;

	for (unsigned int i = 0; rc == 0 && i < n; i++) {
		rc = graph_round(b, s, &graph);
		bare_round(b, s, &bare);
	}
	if (rc == 0)
		*out = (struct result){ .scenario = s,
			.walks = graph.n,
			.graph = cost_of(&graph),
			.bare = cost_of(&bare) };
	free(graph.cycles);
	free(bare.cycles);
	return rc;
}
