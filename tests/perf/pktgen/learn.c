// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The learn phase: each flow is opened once, then again what did not come out.
#include <errno.h>
#include <netinet/in.h>

#include "tests/perf/pktgen/phases.h"
#include "tests/perf/pktgen/send.h"
#include "tests/perf/pktgen/turn.h"

#define QUIET_MS 300 // without a packet: the round is over

// TCP is learned once the answer is back: both ends are established then.
static bool learned(const struct flow_set *s, uint32_t slot)
{
	const struct learned *l = &s->learned[slot];

	return s->options->proto == IPPROTO_TCP ? l->answered : l->known;
}

// Where a round is.
struct round {
	unsigned int set;
	uint32_t slot;
	uint64_t start, sent;
};

// The next flow to open; NULL at the end of the round.
static struct flow_set *next(struct engine *e, struct round *r, uint32_t *slot)
{
	for (; r->set < e->options->n_sets; r->set++, r->slot = 0) {
		struct flow_set *s = &e->sets[r->set];

		if (!s->options->learn)
			continue;
		while (r->slot < s->options->flows) {
			*slot = r->slot++;
			if (!learned(s, *slot))
				return s;
		}
	}
	return NULL;
}

// Sends up to a burst of what is due; true at the end of the round.
static bool send_due(struct engine *e, struct round *r, uint64_t now)
{
	uint64_t due = turn_due(now - r->start, e->tsc_hz, e->options->learn_rate, r->sent);
	struct flow_set *s;
	uint32_t slot;

	for (unsigned int i = 0; i < due && i < BURST; i++) {
		s = next(e, r, &slot);
		if (s == NULL)
			return true;
		if (send_open(e, s, slot) < 0) {
			r->slot--; // later
			return false;
		}
		r->sent++;
	}
	return false;
}

static uint32_t count(struct engine *e, uint64_t *flows)
{
	uint32_t total = 0;

	*flows = 0;
	for (unsigned int i = 0; i < e->options->n_sets; i++) {
		struct flow_set *s = &e->sets[i];

		s->n_learned = 0;
		if (!s->options->learn)
			continue;
		*flows += s->options->flows;
		for (uint32_t slot = 0; slot < s->options->flows; slot++)
			s->n_learned += learned(s, slot);
		total += s->n_learned;
	}
	return total;
}

static uint64_t expected(const struct engine *e)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < e->options->n_sets; i++) {
		const struct flow_set *s = &e->sets[i];

		n += s->learning.opened - s->learning.arrived;
		if (s->options->proto == IPPROTO_TCP)
			n += s->learning.opened - s->learning.answered;
	}
	return n;
}

static void learn_round(struct engine *e)
{
	uint64_t now = rte_rdtsc(), last = now;
	struct round r = { .start = now };
	bool over = false;

	while (!turn_stopped(e)) {
		if (turn(e, &now) > 0 || !over)
			last = now;
		if (!over && turn_flush(e))
			over = send_due(e, &r, now);
		if (over && (expected(e) == 0 || now - last > QUIET_MS * e->tsc_hz / 1000))
			return;
	}
}

// A set of which nothing comes out is a mistake in the router's configuration or in ours.
static int check(struct engine *e)
{
	for (unsigned int i = 0; i < e->options->n_sets; i++) {
		const struct flow_set *s = &e->sets[i];

		if (s->options->learn && s->n_learned == 0 && !turn_stopped(e))
			return error_set(&e->error,
				"flows %s: nothing of %ju packets came out of port %s%s",
				s->options->name, (uintmax_t)s->learning.opened,
				e->options->ports[s->options->rx].name,
				s->learning.arrived > 0 ? " and back" : "");
	}
	return 0;
}

int phase_learn(struct engine *e)
{
	uint64_t start = rte_rdtsc(), flows;

	for (uint64_t i = 0; i < e->options->learn_rounds && !turn_stopped(e); i++) {
		if (count(e, &flows) == flows)
			break;
		learn_round(e);
	}
	count(e, &flows);
	e->learn_cycles = rte_rdtsc() - start;
	return check(e);
}
