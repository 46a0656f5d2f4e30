// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The generator's thread: the phases, and the run itself at the rate that was asked for.
#include <sys/resource.h>

#include "tests/perf/pktgen/phases.h"
#include "tests/perf/pktgen/send.h"
#include "tests/perf/pktgen/turn.h"

#define CATCH_UP_MS 10 // a longer pause is not caught up with

// One turn sends at most a burst for each queue, and not less often than it must.
static unsigned int batch_size(const struct engine *e)
{
	unsigned int lanes = 0;

	for (unsigned int i = 0; i < e->options->n_ports; i++)
		lanes += e->ports[i].options->queues;
	return RTE_MIN(lanes * BURST, (unsigned int)SEND_MAX);
}

static uint64_t due(struct engine *e, uint64_t elapsed)
{
	uint64_t rate = e->options->rate, n, most;

	if (rate == 0)
		return SEND_MAX;
	n = turn_due(elapsed, e->tsc_hz, rate, e->generated + e->late);
	most = rate * CATCH_UP_MS / 1000 + BURST;
	if (n > most) {
		e->late += n - most;
		n = most;
	}
	return n;
}

static uint64_t left(const struct engine *e)
{
	return e->options->packets > 0 ? e->options->packets - e->generated : UINT64_MAX;
}

// Packets of the schedule: a batch, or a train of them as far as the rings have room. Returns how
// many.
static uint64_t send_due(struct engine *e, uint64_t elapsed)
{
	uint64_t batch = batch_size(e), most = RTE_MAX(e->options->train, batch), sent = 0;

	while (sent < most) {
		uint64_t n =
			RTE_MIN(RTE_MIN(due(e, elapsed), left(e)), RTE_MIN(batch, most - sent));

		n = n > 0 ? send_packets(e, (unsigned int)n) : 0;
		e->generated += n;
		sent += n;
		if (!turn_flush(e) || n == 0)
			break;
	}
	return sent;
}

static void send_new_flows(struct engine *e, uint64_t elapsed)
{
	for (unsigned int i = 0; i < e->options->n_sets; i++) {
		struct flow_set *s = &e->sets[i];
		uint64_t n;

		if (s->options->new_per_second == 0)
			continue;
		n = (uint64_t)((double)elapsed / (double)e->tsc_hz * s->options->new_per_second);
		for (unsigned int k = 0; k < BURST && s->churn.opened < n; k++)
			if (send_new_flow(e, s) < 0)
				return;
	}
}

static bool over(struct engine *e, uint64_t elapsed)
{
	if (turn_stopped(e))
		e->stopped_by = STOPPED_SIGNAL;
	else if (left(e) == 0)
		e->stopped_by = STOPPED_PACKETS;
	else if (elapsed >= (uint64_t)(e->options->seconds * (double)e->tsc_hz))
		e->stopped_by = STOPPED_SECONDS;
	else
		return false;
	return true;
}

// A turn that moved packets. Only full ones say what a packet costs.
static void account_turn(struct engine *e, uint64_t cycles, uint64_t moved)
{
	e->busy_cycles += cycles;
	if (moved >= BURST)
		histogram_add(
			&e->costs, (uint32_t)RTE_MIN(cycles * COST_UNITS / moved, UINT32_MAX));
}

static void run(struct engine *e)
{
	uint64_t start = rte_rdtsc(), now, moved;

	for (e->last_turn = e->max_gap = 0;; e->moved += moved) {
		moved = turn(e, &now);
		if (over(e, now - start))
			break;
		if (turn_flush(e) && (moved == 0 || e->options->train == 0)) {
			send_new_flows(e, now - start);
			moved += send_due(e, now - start);
		}
		if (moved > 0)
			account_turn(e, rte_rdtsc() - now, moved);
	}
	e->run_cycles = now - start;
}

static uint64_t involuntary_switches(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_nivcsw : 0;
}

static void make_templates(struct engine *e)
{
	for (unsigned int i = 0; i < e->options->n_sets; i++) {
		struct flow_set *s = &e->sets[i];
		const struct port *tx = &e->ports[s->options->tx], *rx = &e->ports[s->options->rx];
		uint8_t proto = s->options->proto;

		frame_template_init(&s->directions[FORWARD].template, proto, false,
			&tx->options->mac, &tx->router);
		frame_template_init(&s->directions[REVERSE].template, proto, true,
			&rx->options->mac, &rx->router);
	}
}

static void enter(struct engine *e, enum phase phase)
{
	__atomic_store_n(&e->phase, phase, __ATOMIC_RELEASE);
}

static int run_phases(struct engine *e)
{
	int rc;

	if ((rc = phase_links(e)) < 0)
		return rc;
	enter(e, PHASE_RESOLVE);
	if ((rc = phase_resolve(e)) < 0)
		return rc;
	make_templates(e);
	enter(e, PHASE_LEARN);
	if ((rc = phase_learn(e)) < 0)
		return rc;
	e->involuntary = involuntary_switches();
	enter(e, PHASE_RUN);
	run(e);
	e->involuntary = involuntary_switches() - e->involuntary;
	enter(e, PHASE_DRAIN);
	return phase_drain(e);
}

int engine_run(void *arg)
{
	struct engine *e = arg;

	e->rc = run_phases(e);
	enter(e, PHASE_END);
	return e->rc;
}
