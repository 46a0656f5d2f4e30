// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The JSON report.
#include "tests/perf/pktgen/report.h"

#include <sys/utsname.h>

#include <rte_version.h>

static double seconds(const struct engine *e, uint64_t cycles)
{
	return (double)cycles / (double)e->tsc_hz;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static json_t *latency(const struct engine *e, const struct histogram *h)
{
	double unit = 1e6 * (1 << FRAME_STAMP_SHIFT) / (double)e->tsc_hz;

	if (h->count == 0)
		return json_pack("{s:I}", "samples", (json_int_t)0);
	return json_pack("{s:I,s:f,s:f,s:f,s:f,s:f,s:f,s:f}", "samples", (json_int_t)h->count,
		"min", unit * h->min, "mean", unit * (double)h->sum / (double)h->count, "p50",
		unit * histogram_percentile(h, 0.5), "p90", unit * histogram_percentile(h, 0.9),
		"p99", unit * histogram_percentile(h, 0.99), "p999",
		unit * histogram_percentile(h, 0.999), "max", unit * h->max);
}

static json_t *counts(const struct engine *e, const struct counts *c, const struct flow_losses *l,
	const struct histogram *h)
{
	double run = seconds(e, e->run_cycles);
	uint64_t lost = losses_count(c);

	return json_pack(
		"{s:I,s:I,s:I,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:o}",
		"sent", (json_int_t)c->sent, "received", (json_int_t)c->received, "lost",
		(json_int_t)lost, "loss", ratio((double)lost, (double)c->sent), "reordered",
		(json_int_t)c->reordered, "duplicated", (json_int_t)c->duplicated, "corrupt",
		(json_int_t)c->corrupt, "mistranslated", (json_int_t)c->mistranslated, "bytes_sent",
		(json_int_t)c->bytes_sent, "bytes_received", (json_int_t)c->bytes_received,
		"pps_sent", ratio((double)c->sent, run), "pps_received",
		ratio((double)c->received, run), "flows_tracked", (json_int_t)l->tracked,
		"flows_with_loss", (json_int_t)l->with_loss, "flows_with_reordering",
		(json_int_t)l->with_reordering, "flows_with_duplicates",
		(json_int_t)l->with_duplicates, "max_lost_of_a_flow", (json_int_t)l->most_lost,
		"skipped", (json_int_t)c->skipped, "latency_us", latency(e, h));
}

static const char *protocol_name(uint8_t proto)
{
	if (proto == IPPROTO_TCP)
		return "tcp";
	return proto == IPPROTO_UDP ? "udp" : "icmp";
}

static json_t *new_flows(const struct flow_set *s)
{
	const struct control_counts *c = &s->control;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "opened", (json_int_t)c->opened,
		"arrived", (json_int_t)c->arrived, "answered", (json_int_t)c->answered, "closing",
		(json_int_t)c->closing, "close_arrived", (json_int_t)c->close_arrived, "closed",
		(json_int_t)c->closed, "reused", (json_int_t)s->churn.reused);
}

// What all sets had together.
struct total {
	struct counts counts;
	struct flow_losses losses;
	struct histogram latency;
};

static json_t *direction(
	const struct engine *e, const struct flow_set *s, enum direction way, struct total *total)
{
	const struct flow_direction *d = &s->directions[way];
	struct flow_losses l, *all = &total->losses;

	losses_of_flows(e, s, way, &l);
	counts_add(&total->counts, &d->counts);
	histogram_merge(&total->latency, &d->latency);
	all->tracked += l.tracked;
	all->with_loss += l.with_loss;
	all->with_reordering += l.with_reordering;
	all->with_duplicates += l.with_duplicates;
	all->most_lost = RTE_MAX(all->most_lost, l.most_lost);
	return counts(e, &d->counts, &l, &d->latency);
}

static json_t *set(const struct engine *e, const struct flow_set *s, struct total *total)
{
	static const char *const names[] = { "forward", "reverse" };
	const struct set_options *o = s->options;
	json_t *directions = json_object();

	for (unsigned int d = 0; d < DIRECTIONS; d++)
		if (o->measured[d])
			json_object_set_new(
				directions, names[d], direction(e, s, (enum direction)d, total));
	return json_pack("{s:s,s:s,s:I,s:s,s:s,s:I,s:I,s:o,s:o}", "name", o->name, "protocol",
		protocol_name(o->proto), "flows", (json_int_t)o->flows, "tx",
		e->options->ports[o->tx].name, "rx", e->options->ports[o->rx].name, "weight",
		(json_int_t)o->weight, "learned", (json_int_t)s->n_learned, "directions",
		directions, "new", new_flows(s));
}

static json_t *port(const struct port *p)
{
	char mac[RTE_ETHER_ADDR_FMT_SIZE], router[RTE_ETHER_ADDR_FMT_SIZE];

	rte_ether_format_addr(mac, sizeof(mac), &p->options->mac);
	rte_ether_format_addr(router, sizeof(router), &p->router);
	return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "name",
		p->options->name, "mac", mac, "router_mac", router, "sent", (json_int_t)p->sent,
		"received", (json_int_t)p->received, "bytes_sent", (json_int_t)p->bytes_sent,
		"bytes_received", (json_int_t)p->bytes_received, "refused", (json_int_t)p->refused,
		"overflowed", (json_int_t)p->overflowed, "unexpected", (json_int_t)p->unexpected,
		"arp_requests", (json_int_t)p->arp_requests, "arp_replies",
		(json_int_t)p->arp_replies);
}

static json_t *conditions(const struct report_context *c)
{
	static const char *const checks[] = { "none", "sample", "all" };
	const struct options *o = c->engine->options;
	json_t *command = json_array();
	struct utsname system;

	for (const char *const *arg = c->command; *arg != NULL; arg++)
		json_array_append_new(command, json_string(*arg));
	return json_pack("{s:o,s:s,s:I,s:I,s:s,s:s,s:b,s:I,s:I,s:f,s:I,s:s,s:I}", "command",
		command, "start", c->start, "core", (json_int_t)o->core, "tsc_hz",
		(json_int_t)c->engine->tsc_hz, "dpdk", rte_version(), "kernel",
		uname(&system) == 0 ? system.release : "", "huge_pages", !o->no_huge, "rate_pps",
		(json_int_t)o->rate, "train", (json_int_t)o->train, "seconds", o->seconds,
		"packets", (json_int_t)o->packets, "check", checks[o->check], "seed",
		(json_int_t)o->seed);
}

static json_t *learn(const struct engine *e)
{
	uint64_t flows = 0, learned = 0, sent = 0;

	for (unsigned int i = 0; i < e->options->n_sets; i++) {
		const struct flow_set *s = &e->sets[i];

		flows += s->options->learn ? s->options->flows : 0;
		learned += s->n_learned;
		sent += s->learning.opened;
	}
	return json_pack("{s:f,s:I,s:I,s:I,s:I}", "duration_s", seconds(e, e->learn_cycles), "sent",
		(json_int_t)sent, "flows", (json_int_t)flows, "learned", (json_int_t)learned,
		"missing", (json_int_t)(flows - learned));
}

static json_t *generator(const struct engine *e)
{
	return json_pack("{s:f,s:I,s:f,s:f,s:I}", "max_poll_gap_us", 1e6 * seconds(e, e->max_gap),
		"involuntary_switches", (json_int_t)e->involuntary, "cycles_per_packet",
		histogram_percentile(&e->costs, 0.5) / (double)COST_UNITS, "busy",
		ratio((double)e->busy_cycles, (double)e->run_cycles), "late", (json_int_t)e->late);
}

json_t *report_make(const struct report_context *c)
{
	static const char *const stopped[] = { "seconds", "packets", "signal" };
	const struct engine *e = c->engine;
	json_t *sets = json_array(), *ports = json_array();
	struct total total = { 0 };

	for (unsigned int i = 0; i < e->options->n_sets; i++)
		json_array_append_new(sets, set(e, &e->sets[i], &total));
	for (unsigned int i = 0; i < e->options->n_ports; i++)
		json_array_append_new(ports, port(&e->ports[i]));
	return json_pack("{s:s,s:o,s:o,s:{s:f,s:s},s:o,s:o,s:o,s:o}", "version", VROUTER_VERSION,
		"conditions", conditions(c), "learn", learn(e), "run", "duration_s",
		seconds(e, e->run_cycles), "stopped_by", stopped[e->stopped_by], "total",
		counts(e, &total.counts, &total.losses, &total.latency), "sets", sets, "ports",
		ports, "generator", generator(e));
}
