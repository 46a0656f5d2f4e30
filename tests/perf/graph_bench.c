// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The cost of a packet in the real graph: TSC cycles per packet over full bursts of one worker,
// with synthetic ports, beside a bare forwarding loop over the same packets in the same run. See
// docs/performance.md.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/worker.h"
#include "tests/packet/test_port.h"
#include "tests/perf/bench.h"
#include "tests/perf/bench_port.h"
#include "tests/perf/measure.h"
#include "tests/perf/site.h"

#define LIFETIME      8000 // seconds, longer than every idle time
#define SESSIONS      (3u << 19)
#define WIDE_SESSIONS (5u << 20)

struct arguments {
	const char *scenario; // NULL: all
	const char *json;
	const char *core;
	const char *memory; // MiB, without huge pages
	unsigned int rounds;
	uint32_t sessions; // 0: as many as the scenarios need
	uint32_t routes;   // that they need
	uint32_t rules;	   // 0: as many as the site has
	uint32_t used;
	bool huge;
};

static void usage(void)
{
	fputs("usage: graph-bench [--scenario NAME[,NAME...]] [--rounds N] [--json FILE] [--huge]\n"
	      "                   [--core N] [--sessions N] [--rules N] [--used N]\n",
		stderr);
	for (unsigned int i = 0; i < bench_n_scenarios; i++)
		fprintf(stderr, "  %-18s %s%s\n", bench_scenarios[i].name, bench_scenarios[i].text,
			bench_scenarios[i].large ? " (only when named)" : "");
}

static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = { { "scenario", required_argument, NULL, 's' },
		{ "json", required_argument, NULL, 'j' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "core", required_argument, NULL, 'c' }, { "huge", no_argument, NULL, 'h' },
		{ "sessions", required_argument, NULL, 'n' },
		{ "rules", required_argument, NULL, 'R' }, { "used", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 } };
	int c;

	*a = (struct arguments){
		.core = "0", .memory = "1024", .rounds = 40, .routes = 131072, .used = SITE_USED
	};
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's':
			a->scenario = optarg;
			break;
		case 'j':
			a->json = optarg;
			break;
		case 'r':
			a->rounds = RTE_MAX(1, atoi(optarg));
			break;
		case 'c':
			a->core = optarg;
			break;
		case 'n':
			a->sessions = (uint32_t)RTE_MAX(1024, atoi(optarg));
			break;
		case 'R':
			a->rules = (uint32_t)RTE_MAX(1, atoi(optarg));
			break;
		case 'u':
			a->used = (uint32_t)RTE_MIN(RTE_MAX(1, atoi(optarg)), SITE_USED);
			break;
		case 'h':
			a->huge = true;
			break;
		default:
			return -EINVAL;
		}
	return optind == argc ? 0 : -EINVAL;
}

// Whether the scenario is in the list, or there is no list and it is for everybody.
static bool wanted(const char *list, const struct scenario *s)
{
	const char *name = s->name;
	size_t n = strlen(name);

	for (const char *at = list; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, n) == 0 && (at[n] == '\0' || at[n] == ','))
			return true;
	}
	return list == NULL && !s->large;
}

// What the scenarios need by themselves; an error when a name is none of theirs.
static int plan(struct bench *b, struct arguments *a)
{
	unsigned int found = 0, names = 1;

	for (const char *at = a->scenario; at != NULL && *at != '\0'; at++)
		names += *at == ',';
	for (unsigned int i = 0; i < bench_n_scenarios; i++) {
		const struct scenario *s = &bench_scenarios[i];

		if (!wanted(a->scenario, s))
			continue;
		found++;
		b->wide |= s->wide;
		if (s->large)
			a->memory = "5120";
		a->routes = RTE_MAX(a->routes, s->routes + s->routes / 10);
	}
	if (a->sessions == 0)
		a->sessions = b->wide ? WIDE_SESSIONS : SESSIONS;
	return a->scenario == NULL || found == names ? 0 : -EINVAL;
}

void harness_settle(struct harness *h)
{
	while (control_round(h->dp, h->now_ms))
		;
}

static int start_eal(const struct arguments *a)
{
	const char *args[16] = { "graph-bench", "--no-pci", "--no-telemetry", "--iova-mode=va",
		"--log-level=*:error", "--no-shconf", "-l", a->core };
	int n = 8;

	if (a->huge) {
		args[n++] = "--in-memory";
	} else {
		args[n++] = "--no-huge";
		args[n++] = "-m";
		args[n++] = a->memory;
	}
	return rte_eal_init(n, (char **)(uintptr_t)args) < 0 ? -EINVAL : 0;
}

static int start_dataplane(struct bench *b, const struct arguments *a)
{
	struct options o;
	int rc;

	options_default(&o);
	o.no_huge = !a->huge;
	o.n_cores = 1;
	o.sessions = a->sessions;
	o.nat_addresses = b->wide ? 256 : 64;
	o.hosts = b->wide ? 1u << 18 : DEFAULT_HOSTS;
	o.routes = a->routes;
	rc = dataplane_create(&o, &b->harness->dp);
	if (rc < 0)
		return rc;
	b->harness->dp->port_create = test_port_create;
	b->harness->dp->port_env = (struct port_env){ .workers = 1, .pool = b->harness->dp->pool };
	b->harness->now_ms = 1000;
	return 0;
}

static int attach_ports(struct bench *b)
{
	for (unsigned int id = 1; id < BENCH_PORTS; id++) {
		b->ports[id] = bench_port_attach(dataplane_port(b->harness->dp, id));
		if (b->ports[id] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int configure(struct bench *b)
{
	struct harness *h = b->harness;
	char *text = site_config(b);

	if (text == NULL)
		return -ENOMEM;
	harness_configure(h, text, strlen(text));
	free(text);
	if (h->reply_used != 0) {
		fprintf(stderr, "%.*s", (int)h->reply_used, (const char *)h->reply);
		return -EINVAL;
	}
	if (b->ports[BENCH_VPC1] == NULL && attach_ports(b) < 0)
		return -ENOMEM;
	site_neighbours(b);
	return 0;
}

// In an order in which no prefetcher foresees the next one.
static int take_buffers(struct bench *b)
{
	if (rte_pktmbuf_alloc_bulk(b->harness->dp->pool, b->buffers, BENCH_BUFFERS) != 0)
		return -ENOMEM;
	srand(1);
	for (unsigned int i = BENCH_BUFFERS - 1; i > 0; i--) {
		unsigned int k = (unsigned int)rand() % (i + 1);
		struct rte_mbuf *m = b->buffers[i];

		b->buffers[i] = b->buffers[k];
		b->buffers[k] = m;
	}
	return 0;
}

static void end_sessions(struct bench *b)
{
	struct dataplane *dp = b->harness->dp;

	b->passed += LIFETIME * dp->tsc_hz;
	b->harness->now_ms += LIFETIME * 1000ull;
	for (unsigned int i = 0; i < 4; i++)
		while (!sweeper_step(
			&dp->sweeper, dataplane_tick(dp, rte_rdtsc() + b->passed), 65536))
			;
	harness_settle(b->harness);
}

// The number of rules of a scenario, or the one that was asked for.
static int set_rules(struct bench *b, const struct scenario *s, uint32_t asked)
{
	uint32_t rules = s->rules != 0 ? s->rules : asked;
	uint32_t eips = rules != 0 ? rules : SITE_EIPS;
	uint32_t forwards = rules != 0 ? rules : SITE_FORWARDS;

	if (b->ports[BENCH_VPC1] != NULL && b->eips == eips && b->forwards == forwards)
		return 0;
	b->eips = eips;
	b->forwards = forwards;
	return configure(b);
}

static int run_one(
	struct bench *b, const struct scenario *s, const struct arguments *a, struct result *result)
{
	int rc;

	fprintf(stderr, "%-18s ...\n", s->name);
	rc = set_rules(b, s, a->rules);
	if (rc == 0)
		rc = scenario_routes(b, s, true);
	if (rc == 0 && s->mixed)
		rc = mix_start(b, s);
	if (rc == 0)
		rc = measure(b, s, a->rounds, result);
	mix_end(b);
	if (rc == 0)
		rc = scenario_routes(b, s, false);
	end_sessions(b);
	return rc;
}

static int run(struct bench *b, const struct arguments *a, struct result *results)
{
	for (unsigned int i = 0; i < bench_n_scenarios; i++) {
		const struct scenario *s = &bench_scenarios[i];
		int rc = wanted(a->scenario, s) ? run_one(b, s, a, &results[i]) : 0;

		if (rc < 0) {
			fprintf(stderr, "%s: %s\n", s->name, strerror(-rc));
			return rc;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct conditions before;
	struct arguments a;
	struct result *results = calloc(bench_n_scenarios, sizeof(*results));
	int rc;

	if (b == NULL || results == NULL || parse(argc, argv, &a) < 0 || plan(b, &a) < 0) {
		usage();
		return 2;
	}
	b->harness = calloc(1, sizeof(*b->harness));
	b->used = a.used;
	b->rng = 0x9e3779b97f4a7c15ull;
	conditions_read(&before, a.huge, a.rounds, a.sessions);
	if (b->harness == NULL || start_eal(&a) < 0 || start_dataplane(b, &a) < 0 ||
		take_buffers(b) < 0) {
		fputs("graph-bench: start failed\n", stderr);
		return 1;
	}
	rc = run(b, &a, results);
	if (rc == 0)
		report_table(b, &before, results);
	if (rc == 0 && a.json != NULL)
		rc = report_json(b, &before, results, a.json);
	harness_finish(b->harness);
	return rc == 0 ? 0 : 1;
}
