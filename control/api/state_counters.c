// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// State that is counters alone: drops, punts, and the data plane's workers.
#include "control/api/state.h"

#include <stdlib.h>

#include "control/api/handlers.h"

void state_drops(struct request *r)
{
	static const struct {
		const char *name;
		const char *text;
	} reasons[] = {
#define X(sym, name, text) { name, text },
		DROP_REASONS(X)
#undef X
	};
	struct counters *c = state_counters(r);
	json_t *items;

	if (!c)
		return;
	items = json_array();
	for (int i = DROP_NONE + 1; i < DROP_COUNT; i++)
		json_array_append_new(items,
			json_pack("{s:s, s:I, s:s}", "reason", reasons[i].name, "packets",
				(json_int_t)c->sum.drops[i], "description", reasons[i].text));
	free(c);
	reply_list(r, items, json_array_size(items));
}

void state_punts(struct request *r)
{
	struct counters *c = state_counters(r);
	json_t *items;

	if (!c)
		return;
	items = json_array();
	for (unsigned int i = 0; i < PUNT_CLASS_COUNT; i++)
		json_array_append_new(
			items, json_pack("{s:s, s:I, s:I}", "class", punt_class_name(i), "punted",
				       (json_int_t)c->sum.punts[i], "policed",
				       (json_int_t)c->sum.policed[i]));
	free(c);
	reply_list(r, items, json_array_size(items));
}

static json_t *accounts(const struct worker_stats *w)
{
	json_t *all = json_object();

#define X(sym, name) json_object_set_new(all, name, json_counter(w->accounts[ACCT_##sym]));
	ACCOUNTS(X)
#undef X
	return all;
}

// Cycles per packet of the walks that brought many packets: `counts` for tools that compare two
// readings, as pairs of the least number of a bucket and its samples.
static json_t *burst_cycles(const struct cycles_histogram *h)
{
	json_t *counts = json_array();

	for (unsigned int i = 0; i < CYCLES_BUCKETS; i++)
		if (h->bucket[i] != 0)
			json_array_append_new(
				counts, json_pack("[I, I]", (json_int_t)cycles_floor(i),
						(json_int_t)h->bucket[i]));
	return json_pack("{s:I, s:f, s:f, s:f, s:f, s:o}", "walks", (json_int_t)cycles_samples(h),
		"p10", cycles_quantile(h, 0.1), "median", cycles_quantile(h, 0.5), "p90",
		cycles_quantile(h, 0.9), "p99", cycles_quantile(h, 0.99), "counts", counts);
}

static json_t *worker(const struct worker_stats *w, int index, uint64_t tsc_hz)
{
	double busy = tsc_hz ? (double)w->busy_cycles / tsc_hz : 0;
	uint64_t packets = w->accounts[ACCT_RECEIVED] + w->accounts[ACCT_INJECTED];

	return json_pack("{s:i, s:o, s:I, s:I, s:I, s:f, s:I, s:o}", "worker", index, "accounts",
		accounts(w), "sessions_created", (json_int_t)w->sessions_created,
		"sessions_degraded", (json_int_t)w->sessions_degraded, "walks",
		(json_int_t)w->walks, "busy_s", busy, "cycles_per_packet",
		(json_int_t)(packets ? w->busy_cycles / packets : 0), "burst_cycles",
		burst_cycles(&w->cycles));
}

static json_t *nat_log(const struct process_stats *p)
{
	return json_pack("{s:I, s:I, s:I}", "written", (json_int_t)p->log_written, "failed",
		(json_int_t)p->log_failed, "lost", (json_int_t)p->log_lost);
}

static json_t *mirrors(const struct process_stats *p)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "from_kernel", (json_int_t)p->mirror_rx,
		"from_kernel_drops", (json_int_t)p->mirror_rx_drops, "to_kernel",
		(json_int_t)p->mirror_tx, "to_kernel_drops", (json_int_t)p->mirror_tx_drops);
}

void state_dataplane(struct request *r)
{
	struct counters *c;
	json_t *workers;

	if (!client_connected(r->env->client)) {
		reply_json(r, 200, json_pack("{s:b}", "connected", 0));
		return;
	}
	c = state_counters(r);
	if (!c)
		return;
	workers = json_array();
	for (unsigned int i = 0; i < c->workers; i++)
		json_array_append_new(workers, worker(&c->worker[i], i, c->process.tsc_hz));
	reply_json(r, 200,
		json_pack("{s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
			"connected", 1, "boot_id",
			json_sprintf("%016llx", (unsigned long long)client_boot_id(r->env->client)),
			"generation", (json_int_t)c->process.generation, "sessions",
			(json_int_t)c->process.sessions, "sessions_ended",
			(json_int_t)c->process.sessions_ended, "sessions_half_open_ended",
			(json_int_t)c->process.sessions_half_open_ended, "routes",
			(json_int_t)c->process.routes, "neighbours",
			(json_int_t)c->process.neighbours, "accounts", accounts(&c->sum), "workers",
			workers, "kernel_path", mirrors(&c->process), "nat_log",
			nat_log(&c->process)));
	free(c);
}
