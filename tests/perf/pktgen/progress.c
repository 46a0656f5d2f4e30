// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The progress line. The generator's counters are read while it counts.
#include "tests/perf/pktgen/progress.h"

#include <stdio.h>

#include <rte_cycles.h>

#include "tests/perf/pktgen/losses.h"

static uint64_t read_counter(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void totals(const struct engine *e, uint64_t *sent, uint64_t *received)
{
	*sent = *received = 0;
	for (unsigned int i = 0; i < e->options->n_ports; i++) {
		*sent += read_counter(&e->ports[i].sent);
		*received += read_counter(&e->ports[i].received);
	}
}

// Packets of the measured run that have not come out yet: on their way, or lost.
static uint64_t missing(const struct engine *e)
{
	uint64_t sent = 0, received = 0;

	for (unsigned int i = 0; i < 2 * e->options->n_sets; i++) {
		const struct counts *c = &e->sets[i / 2].directions[i % 2].counts;

		received += read_counter(&c->received);
		sent += read_counter(&c->sent);
	}
	return sent > received ? sent - received : 0;
}

static void tell_rates(struct progress *p, const struct engine *e, uint64_t now)
{
	static const char *const names[] = { "links", "resolve", "learn", "run", "drain", "end" };
	double seconds = (double)(now - p->at) / (double)e->tsc_hz;
	uint64_t sent, received;

	totals(e, &sent, &received);
	fprintf(stderr,
		"%-7s sent %12ju  received %12ju  %7.3f Mpps out  %7.3f Mpps in  missing %ju\n",
		names[p->phase], (uintmax_t)sent, (uintmax_t)received,
		(double)(sent - p->sent) / seconds / 1e6,
		(double)(received - p->received) / seconds / 1e6, (uintmax_t)missing(e));
	*p = (struct progress){ p->phase, sent, received, now };
}

void progress_tell(struct progress *p, const struct engine *e)
{
	enum phase phase = __atomic_load_n(&e->phase, __ATOMIC_ACQUIRE);
	uint64_t now = rte_rdtsc();

	if (p->phase < PHASE_RUN && phase >= PHASE_RUN && e->rc == 0)
		fputs("vrouter-pktgen: measuring\n", stderr);
	if (p->phase < PHASE_DRAIN && phase >= PHASE_DRAIN && e->rc == 0)
		fputs("vrouter-pktgen: done\n", stderr);
	p->phase = phase;
	if (p->at == 0)
		p->at = now;
	if (!e->options->quiet && now - p->at >= e->tsc_hz)
		tell_rates(p, e, now);
}
