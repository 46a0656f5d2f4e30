// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The session table at its full size: the time to make it, new sessions per second by one worker
// and by two, and the time to end them all. No graph: what the workers share is what is measured.
// See docs/performance.md.
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <sys/param.h>

#include "dataplane/nat/create.h"
#include "dataplane/session/query.h"
#include "tests/perf/conditions.h"

#define WORKERS	  2
#define ADDRESSES 64
#define PORTS	  250 // of a host
#define STEP	  65536
#define ROUNDS	  5

struct scale {
	struct session_table t;
	struct sweeper s;
	struct nat_address pool[ADDRESSES];
	struct nat_source source;
	uint32_t flows; // of each worker
	pthread_barrier_t start;
};

struct worker {
	pthread_t id;
	struct scale *scale;
	struct nat_worker nat;
	unsigned int number;
	uint64_t refused;
};

struct figures {
	double populate_s;
	double per_second[2][WORKERS][ROUNDS]; // by mapping, workers - 1 and round
	double end_s, step_ms;		       // of WORKERS * flows sessions; the longest step
	double list_s, list_step_ms;	       // looking at all of them
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Flow n of all; consecutive ones come from different hosts.
static struct nat_request flow(const struct scale *s, uint32_t n)
{
	uint32_t host = n / PORTS, port = n % PORTS;

	return (struct nat_request){
		.key = { .src = htonl(0x0a000000 + host * 2654435761u % (1u << 24)),
			.dst = htonl(0xc6000000 + n * 40503u % (1u << 24)),
			.sport = htons((uint16_t)(10000 + port)),
			.dport = htons(443),
			.proto = IPPROTO_UDP },
		.dst = htonl(0xc6000000 + n * 40503u % (1u << 24)),
		.dport = htons(443),
		.snat = &s->source,
		.reply_side = 1,
		.tick = 1,
	};
}

static void *create(void *arg)
{
	struct worker *w = arg;
	struct scale *s = w->scale;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(w->number, &cpu);
	(void)pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu); // one CPU: still a figure
	pthread_barrier_wait(&s->start);
	for (uint32_t i = 0; i < s->flows; i++) {
		struct nat_request rq = flow(s, w->number * s->flows + i);
		uint32_t ref;

		w->refused += nat_create(&s->t, &rq, &w->nat, &ref) != 0;
	}
	return NULL;
}

// New sessions per second of n workers; negative when more than one in 1000 was refused.
static double creations(struct scale *s, unsigned int n)
{
	struct worker w[WORKERS] = { 0 };
	uint64_t refused = 0;
	double begin;

	pthread_barrier_init(&s->start, NULL, n + 1);
	for (unsigned int i = 0; i < n; i++) {
		w[i] = (struct worker){ .scale = s, .number = i };
		nat_worker_init(&w[i].nat, i + 1);
		if (pthread_create(&w[i].id, NULL, create, &w[i]) != 0)
			return -1;
	}
	pthread_barrier_wait(&s->start);
	begin = now();
	for (unsigned int i = 0; i < n; i++) {
		pthread_join(w[i].id, NULL);
		refused += w[i].refused;
	}
	pthread_barrier_destroy(&s->start);
	return refused > (uint64_t)n * s->flows / 1000 ? -1 : n * s->flows / (now() - begin);
}

static uint64_t no_token(void *ctx)
{
	return 0;
}

static bool always_passed(void *ctx, uint64_t token)
{
	return true;
}

// Ends every session; the steps that a sweeper thread makes between which it looks up.
static void end_all(struct scale *s, struct figures *f)
{
	double begin = now();

	f->step_ms = 0;
	for (unsigned int pass = 0; pass < 4;) {
		double step = now();

		pass += sweeper_step(&s->s, 1u << 20, STEP);
		f->step_ms = MAX(f->step_ms, (now() - step) * 1000);
	}
	f->end_s = now() - begin;
}

// A question that no session answers: all are looked at.
static int list_all(struct scale *s, struct figures *f)
{
	static const struct rule_epochs epochs;
	struct msg_sessions m = { .op = SESSIONS_LIST, .limit = 1000, .count_all = true };
	struct session_query q;
	double begin = now();
	bool done = false;
	int rc;

	m.filter.set = MATCH_PROTO;
	m.filter.proto = IPPROTO_TCP; // there are none
	rc = session_query_init(&q, &m, &epochs);
	if (rc < 0)
		return rc;
	f->list_step_ms = 0;
	while (!done) {
		double step = now();

		done = session_query_step(&q, &s->s, 1, STEP);
		f->list_step_ms = MAX(f->list_step_ms, (now() - step) * 1000);
	}
	f->list_s = now() - begin;
	rc = q.total == 0 && q.count == 0 ? 0 : -EPROTO;
	session_query_fini(&q);
	return rc;
}

static int start(struct scale *s, uint32_t sessions, bool huge, struct figures *f)
{
	const struct session_table_conf conf = { .sizes = { sessions, 65536, ADDRESSES },
		.timers = SESSION_TIMERS_DEFAULT,
		.huge = huge };
	static const struct rule_epochs epochs;
	struct sweeper_conf sweep = {
		.table = &s->t, .epochs = &epochs, .grace = { NULL, no_token, always_passed }
	};
	double begin = now();
	int rc = session_table_create(&s->t, &conf);

	if (rc < 0)
		return rc;
	f->populate_s = now() - begin;
	for (unsigned int i = 0; i < ADDRESSES; i++) {
		s->pool[i] = (struct nat_address){
			.addr = htonl(0xcb007100 + i), .n_ranges = 1, .ranges = { { 1024, 65535 } }
		};
		rc = session_table_acquire_portset(&s->t, s->pool[i].addr, &s->pool[i].portset);
		if (rc < 0)
			return rc;
	}
	s->source = (struct nat_source){ .n_pool = ADDRESSES, .pool = s->pool };
	sweeper_init(&s->s, &sweep);
	return 0;
}

static int run(struct scale *s, struct figures *f)
{
	static const uint8_t mappings[2] = { NAT_MAP_ENDPOINT_INDEPENDENT,
		NAT_MAP_ENDPOINT_DEPENDENT };
	int rc;

	for (unsigned int m = 0; m < 2; m++)
		for (unsigned int round = 0; round < ROUNDS; round++)
			for (unsigned int n = 1; n <= WORKERS; n++) {
				s->source.mapping = mappings[m];
				f->per_second[m][n - 1][round] = creations(s, n);
				if (f->per_second[m][n - 1][round] < 0)
					return -ENOSPC;
				rc = list_all(s, f);
				if (rc < 0)
					return rc;
				end_all(s, f);
			}
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *samples)
{
	qsort(samples, ROUNDS, sizeof(*samples), compare);
	return samples[ROUNDS / 2];
}

static int report(
	const struct scale *s, struct figures *f, const struct conditions *c, const char *path)
{
	static const char *const names[2] = { "endpoint_independent", "endpoint_dependent" };
	json_t *root = json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:f,s:f,s:f,s:f,s:f}", "cpu", c->cpu,
		"load_before", c->load, "pages", s->t.arena.huge ? "2M" : "4K", "sessions_max",
		(int)c->sessions, "flows_per_worker", (int)s->flows, "rounds", ROUNDS, "populate_s",
		f->populate_s, "end_s", f->end_s, "longest_step_ms", f->step_ms, "list_s",
		f->list_s, "longest_list_step_ms", f->list_step_ms);
	int rc = 0;

	printf("CPU       %s, load %s before\n", c->cpu, c->load);
	printf("table     %u sessions on pages of %s, %.0f bytes each with mapping, index and "
	       "hosts; "
	       "made in %.2f s\n",
		c->sessions, s->t.arena.huge ? "2 MiB" : "4 KiB",
		(double)s->t.arena.header->portsets_off / c->sessions, f->populate_s);
	for (unsigned int m = 0; m < 2; m++) {
		double one = median(f->per_second[m][0]), two = median(f->per_second[m][1]);

		printf("%-22s %.2f M new sessions/s by one worker, %.2f M by two (%.2f times)\n",
			names[m], one / 1e6, two / 1e6, two / one);
		rc |= json_object_set_new(root, names[m],
			json_pack("{s:f,s:f}", "one_worker", one, "two_workers", two));
	}
	printf("ending    %u sessions in %.2f s, the longest step %.2f ms\n", WORKERS * s->flows,
		f->end_s, f->step_ms);
	printf("listing   %u sessions looked at in %.2f s, the longest step %.2f ms\n",
		WORKERS * s->flows, f->list_s, f->list_step_ms);
	if (path != NULL && rc == 0 &&
		json_dump_file(root, path, JSON_INDENT(2) | JSON_REAL_PRECISION(5)) != 0)
		rc = -EIO;
	json_decref(root);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "json", required_argument, NULL, 'j' },
		{ "huge", no_argument, NULL, 'h' }, { "sessions", required_argument, NULL, 'n' },
		{ "flows", required_argument, NULL, 'f' }, { NULL, 0, NULL, 0 } };
	struct scale *s = aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64);
	uint32_t sessions = 8u << 20, flows = 1u << 20;
	const char *json = NULL;
	struct conditions c;
	struct figures f;
	bool huge = false;
	int o, rc;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'j':
			json = optarg;
			break;
		case 'h':
			huge = true;
			break;
		case 'n':
			sessions = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'f':
			flows = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		default:
			fputs("usage: scale-bench [--json FILE] [--huge] [--sessions N] [--flows "
			      "N]\n",
				stderr);
			return 2;
		}
	if (s == NULL)
		return 1;
	memset(s, 0, sizeof(*s));
	memset(&f, 0, sizeof(f));
	s->flows = flows;
	conditions_read(&c, huge, ROUNDS, sessions);
	rc = start(s, sessions, huge, &f);
	if (rc == 0)
		rc = run(s, &f);
	if (rc == 0)
		rc = report(s, &f, &c, json);
	if (rc < 0)
		fprintf(stderr, "scale-bench: %s\n", strerror(-rc));
	return rc == 0 ? 0 : 1;
}
