// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Two workers hammer the same flows, ports and fragments while the control thread changes the
// configuration and neighbours flap, and the sweeper ends sessions with timers of seconds. At the
// end everything must be given back: sessions, mappings, hosts, external ports, buffers; and each
// worker's accounts must balance. Also run under ThreadSanitizer.
//
//   stress SECONDS SEED
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ip.h>
#include <rte_launch.h>

#include "dataplane/fib/l3.h"
#include "dataplane/ip4/held.h"
#include "dataplane/ip4/vfr.h"
#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/grace.h"
#include "dataplane/main/sweep.h"
#include "dataplane/main/worker.h"
#include "tests/packet/harness.h"
#include "tests/packet/test_port.h"
#include "tests/stress/locked_pool.h"
#include "tests/stress/traffic.h"

#define WORKERS		  2
#define BURST		  32
#define ROUNDS_PER_CHANGE 40
#define ERA_MS		  500
#define LEAST_ENDED	  100 // sessions, for each of the common reasons
#define DRAIN_ROUNDS	  20000

static const char *const configs[] = {
#define PORT(name, n, role, net)                                                                   \
	"{\"name\":\"" name "\",\"mac\":\"02:00:00:00:00:0" #n "\",\"role\":\"" role               \
	"\",\"addresses\":[\"" net                                                                 \
	"\"],\"queues\":2,\"port\":{\"driver\":\"tap\",\"address\":\"" name "@test\"}}"
#define SITE                                                                                       \
	"\"version\":1,\"interfaces\":[" PORT("vpc1", 1, "private", "192.168.10.1/24") "," PORT(   \
		"vpc2", 2, "private", "192.168.11.1/24") "," PORT("pub0", 3, "public",             \
		"203.0.113.1/24") "],"                                                             \
				  "\"vips\":[{\"name\":\"a\",\"address\":\"203.0.113.20\","        \
				  "\"interface\":\"pub0\"},"                                       \
				  "{\"name\":\"b\",\"address\":\"203.0.113.21\",\"interface\":"    \
				  "\"pub0\"}"
#define SNAT(range, more)                                                                          \
	"\"snat\":[{\"name\":\"s1\",\"source\":\"192.168.10.0/24\",\"interface\":\"pub0\","        \
	"\"port_range\":\"" range "\"" more "},{\"name\":\"s2\",\"source\":\"192.168.11.0/24\","   \
	"\"interface\":\"pub0\"}],"
// Mapped ports that strangers happen to send to.
#define FILTER(vip, mode)                                                                          \
	",\"addresses\":[\"" vip "\"],\"filtering\":\"" mode "\",\"max_sessions_per_host\":100"
#define DEPENDENT ",\"mapping\":\"endpoint_dependent\""
#define BLOCKS(size)                                                                               \
	",\"addresses\":[\"b\"],\"port_block_size\":" #size ",\"max_port_blocks_per_host\":2"
#define EIP(target) "\"eips\":[{\"name\":\"e\",\"vip\":\"a\",\"target\":\"" target "\"}],"
#define FORWARD(ports, target)                                                                     \
	"\"port_forwards\":[{\"name\":\"f\",\"vip\":\"b\",\"protocol\":\"tcp\",\"ports\":\"" ports \
	"\",\"target\":\"" target "\"}]"
	"{" SITE "]," SNAT("1024-65535", "") EIP("192.168.10.10")
		FORWARD("8080-8087", "192.168.11.11") "}",
	"{" SITE ",{\"name\":\"c\",\"address\":\"203.0.113.22\",\"interface\":\"pub0\"}]," SNAT(
		"8080-8087", FILTER("c", "endpoint_independent")) EIP("192.168.11.12")
		FORWARD("8080-8083", "192.168.10.11") "}",
	"{" SITE "]," SNAT("5000-5003", DEPENDENT) FORWARD("8080", "192.168.11.11") "}",
	"{" SITE "]," EIP("192.168.10.11") FORWARD("8084-8087", "192.168.11.10") "}",
	"{" SITE "]," SNAT("8080-8083", FILTER("b", "address"))
		FORWARD("8084-8087", "192.168.11.10") "}",
	"{" SITE ",{\"name\":\"c\",\"address\":\"203.0.113.22\",\"interface\":\"pub0\"}]," SNAT(
		"8080-8087", FILTER("c", "address_and_port_dependent") DEPENDENT)
		EIP("192.168.11.12") FORWARD("8080-8083", "192.168.10.11") "}",
	"{" SITE "]," SNAT("5056-5311", BLOCKS(64)) FORWARD("5060-5127", "192.168.11.11") "}",
	"{" SITE "]," SNAT("4992-5375", BLOCKS(128)) FORWARD("8080-8087", "192.168.11.11") "}",
};

enum { CONFIG_OPEN = 1, CONFIG_DEPENDENT = 5 }; // SNAT alone has the address "c"

struct stress {
	struct harness *h;
	uint64_t rng;
	uint64_t injected, answered, changes;
	unsigned int config;
	uint64_t hairpins[RTE_DIM(configs)]; // that came out under each
};

static void fail(const char *what, uint64_t got, uint64_t want)
{
	fprintf(stderr, "stress: %s: %llu, want %llu\n", what, (unsigned long long)got,
		(unsigned long long)want);
	exit(1);
}

// The harness's own rounds, with the workers running beside.
void harness_settle(struct harness *h)
{
	while (control_round(h->dp, h->now_ms))
		;
}

// A configuration sets them; none may ask for timers as short as these.
static void shorten_timers(struct session_timers *t)
{
	atomic_store(&t->tcp_established, 2);
	atomic_store(&t->tcp_transitory, 1);
	atomic_store(&t->udp, 1);
	atomic_store(&t->icmp, 1);
	atomic_store(&t->other, 1);
}

static void configure(struct stress *s, unsigned int i)
{
	struct harness *h = s->h;

	s->config = i;
	h->reply_used = 0;
	harness_configure(h, configs[i], strlen(configs[i]));
	if (h->reply_used != 0) {
		fprintf(stderr, "%.*s", (int)h->reply_used, (char *)h->reply);
		fail("a configuration was refused", i, 0);
	}
	shorten_timers(&h->dp->sessions.timers);
	s->changes++;
}

static struct port *port(struct stress *s, unsigned int id)
{
	return dataplane_port(s->h->dp, id);
}

static void neighbours(struct stress *s, enum neigh_news news)
{
	static const uint32_t nets[PORT_COUNT] = { 0, IPV4(192, 168, 10, 10),
		IPV4(192, 168, 11, 10), IPV4(203, 0, 113, 10) };
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, traffic_next(&s->rng) } };
	struct neigh *n = s->h->dp->l3->neigh;

	for (unsigned int id = 1; id < PORT_COUNT; id++)
		for (unsigned int host = 0; host < 4; host++) {
			rte_be32_t addr = rte_cpu_to_be_32(nets[id] + host);

			if (news == NEIGH_FAILED && traffic_next(&s->rng) % 4 != 0)
				continue;
			neigh_glean(n, id, addr, s->h->now_ms);
			neigh_update(n, id, addr, news, &mac);
		}
}

static void inject(struct stress *s)
{
	for (unsigned int i = 0; i < BURST; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(s->h->dp->pool);
		unsigned int in;

		if (m == NULL)
			return;
		in = traffic_random(m, &s->rng, s->h->now_ms / ERA_MS);
		if (test_port_receive(port(s, in), traffic_next(&s->rng), m) < 0)
			rte_pktmbuf_free(m); // the ring is full: the workers are behind
		else
			s->injected++;
	}
}

// What left for the internet is answered, and half of what private hosts got from an external
// address, which may come from another one of them.
static bool is_asked(struct stress *s, unsigned int id, const struct rte_mbuf *m)
{
	s->hairpins[s->config] += id != PORT_PUB0 && traffic_hairpin(m);
	return id == PORT_PUB0 || (traffic_from_vip(m) && traffic_next(&s->rng) % 2 == 0);
}

// Takes what came out; answers go in for as long as the test runs.
static unsigned int drain(struct stress *s, bool answer)
{
	unsigned int n = 0;

	for (unsigned int id = 1; id < PORT_COUNT; id++) {
		struct rte_mbuf *m;

		for (; (m = test_port_punted(port(s, id))) != NULL; n++)
			rte_pktmbuf_free(m);
		for (; (m = test_port_sent(port(s, id))) != NULL; n++) {
			if (answer && is_asked(s, id, m) && traffic_answer(m) &&
				test_port_receive(port(s, id), traffic_next(&s->rng), m) == 0)
				s->answered++;
			else
				rte_pktmbuf_free(m);
		}
	}
	return n;
}

static void control(struct stress *s, unsigned int round)
{
	s->h->now_ms = rte_rdtsc() / (rte_get_tsc_hz() / 1000);
	if (round % ROUNDS_PER_CHANGE == 0)
		configure(s, traffic_next(&s->rng) % RTE_DIM(configs));
	if (round % 16 == 0)
		neighbours(s, traffic_next(&s->rng) % 4 == 0 ? NEIGH_FAILED : NEIGH_VALID);
	control_round(s->h->dp, s->h->now_ms);
}

static void check_worker(const struct worker *w)
{
	const uint64_t *a = w->stats.accounts;
	uint64_t in = a[ACCT_RECEIVED] + a[ACCT_INJECTED] + a[ACCT_GENERATED] + a[ACCT_TAKEN_OVER];
	uint64_t out = a[ACCT_SENT] + a[ACCT_PUNTED] + a[ACCT_DROPPED] + a[ACCT_CONSUMED] +
		       a[ACCT_HANDED_OVER] + a[ACCT_HELD];
	uint64_t drops = 0;

	for (unsigned int i = 0; i < DROP_COUNT; i++)
		drops += w->stats.drops[i];
	if (in != out)
		fail("a worker's accounts", out, in);
	if (drops != a[ACCT_DROPPED])
		fail("a worker's drop reasons", drops, a[ACCT_DROPPED]);
}

// What one worker handed to another that had ended.
static uint64_t discard_handed_over(const struct dataplane *dp)
{
	struct rte_mbuf *m = NULL;
	uint64_t n = 0;

	for (unsigned int i = 0; i < WORKERS; i++)
		for (unsigned int k = 0; k < WORKERS; k++)
			for (; rte_ring_dequeue(dp->workers[i]->from_worker[k], (void **)&m) == 0;
				n++)
				rte_pktmbuf_free(m);
	return n;
}

// Fragments must have taken every way, or the test shows nothing about them.
static void check_fragments(const struct dataplane *dp)
{
	static const enum drop_reason reasons[] = { DROP_FRAGMENT_OVERLAP, DROP_FRAGMENT_DUPLICATE,
		DROP_FRAGMENT_LIMIT };
	uint64_t out = 0, in = 0;

	for (unsigned int i = 0; i < WORKERS; i++) {
		out += dp->workers[i]->stats.accounts[ACCT_HANDED_OVER];
		in += dp->workers[i]->stats.accounts[ACCT_TAKEN_OVER];
		for (unsigned int k = 0; k < RTE_DIM(reasons); k++)
			if (dp->workers[i]->stats.drops[reasons[k]] == 0)
				fail("fragments dropped for a reason", 0, reasons[k]);
	}
	in += discard_handed_over(dp);
	if (out == 0 || in != out)
		fail("fragments taken over", in, out);
}

// Private hosts must have reached each other by their external ports, with both mappings.
static void check_hairpins(const struct stress *s)
{
	if (s->hairpins[CONFIG_OPEN] == 0 || s->hairpins[CONFIG_DEPENDENT] == 0)
		fail("hairpins by mapping", s->hairpins[CONFIG_OPEN],
			s->hairpins[CONFIG_DEPENDENT]);
}

static void check_given_back(struct dataplane *dp)
{
	const struct session_table *t = &dp->sessions;

	for (unsigned int i = 0; i < ARENA_SLABS; i++)
		if (slab_used(&t->slabs[i]) != 0)
			fail("slots of a slab still in use", slab_used(&t->slabs[i]), 0);
	for (uint32_t i = 0; i < t->portsets.n; i++) {
		for (unsigned int c = 0; c < PORT_CLASSES; c++)
			if (portset_used(&t->portsets.sets[i], c) != 0)
				fail("external ports still claimed",
					portset_used(&t->portsets.sets[i], c), 0);
		if (blocks_used(&t->portsets.sets[i]) != 0)
			fail("port blocks still claimed", blocks_used(&t->portsets.sets[i]), 0);
	}
	if (rte_mempool_in_use_count(dp->pool) != 0)
		fail("buffers still in use", rte_mempool_in_use_count(dp->pool), 0);
}

// Everything idle for long: the sweeper ends all sessions.
static void age(struct dataplane *dp)
{
	uint32_t tick = dataplane_tick(dp, rte_rdtsc()) + 100000;

	for (unsigned int i = 0; i < 16; i++)
		while (!sweeper_step(&dp->sweeper, tick, 65536))
			;
}

static void run(struct stress *s, unsigned int seconds)
{
	uint64_t end = rte_rdtsc() + seconds * rte_get_tsc_hz();

	for (unsigned int round = 0; rte_rdtsc() < end; round++) {
		control(s, round);
		inject(s);
		drain(s, true);
	}
	for (unsigned int idle = 0, round = 0; idle < 2000; round++) {
		control_round(s->h->dp, s->h->now_ms);
		idle = drain(s, false) == 0 ? idle + 1 : 0;
		if (round > DRAIN_ROUNDS)
			break;
	}
}

static int start(struct stress *s)
{
	const char *args[] = { "stress", "--no-huge", "-m", "512", "--no-pci", "--no-telemetry",
		"--no-shconf", "--iova-mode=va", "--lcores", "0@(0-1),1@(0-1),2@(0-1)",
		"--log-level=*:error" };
	struct options o;
	struct dataplane *dp;

	if (rte_eal_init(RTE_DIM(args), (char **)(uintptr_t)args) < 0 || locked_pool_use() < 0)
		return -1;
	options_default(&o);
	o.no_huge = true;
	o.n_cores = WORKERS;
	o.sessions = 2048; // small, so that it is full now and then
	o.hosts = 64;
	o.mbufs = 8192;
	o.routes = 1024;
	o.tbl8 = 512;
	o.idle_sleep_us = 20;
	if (dataplane_create(&o, &dp) < 0)
		return -1;
	dp->port_create = test_port_create;
	dp->port_env = (struct port_env){ .workers = WORKERS, .pool = dp->pool };
	s->h->dp = dp;
	configure(s, 0);
	neighbours(s, NEIGH_VALID);
	for (unsigned int i = 0; i < WORKERS; i++)
		if (rte_eal_remote_launch(worker_main, dp->workers[i], i + 1) != 0)
			return -1;
	return sweep_start(dp);
}

int main(int argc, char **argv)
{
	struct stress s = { .h = calloc(1, sizeof(*s.h)),
		.rng = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 20261121 };
	static const enum session_end many[] = { SESSION_END_EXPIRED, SESSION_END_RULE };
	struct dataplane *dp;

	if (s.h == NULL || start(&s) < 0)
		return 2;
	dp = s.h->dp;
	run(&s, argc > 1 ? atoi(argv[1]) : 10);
	atomic_store(&dp->stop, true);
	rte_eal_mp_wait_lcore();
	sweep_stop(dp);
	// The workers are gone; what they wrote is seen from here on.
	if (!grace_passed(dp->qsbr, rte_rcu_qsbr_start(dp->qsbr)))
		fail("workers still online", 1, 0);
	for (unsigned int id = 1; id < PORT_COUNT; id++)
		test_port_discard(port(&s, id));
	drain(&s, false);
	while (control_round(dp, s.h->now_ms))
		;
	for (unsigned int i = 0; i < WORKERS; i++) {
		held_flush(dp->workers[i]);
		vfr_flush(dp->workers[i]);
		check_worker(dp->workers[i]);
	}
	check_fragments(dp);
	check_hairpins(&s);
	for (unsigned int i = 0; i < RTE_DIM(many); i++)
		if (dp->sweeper.ended[many[i]] < LEAST_ENDED)
			fail("sessions ended for too few reasons", dp->sweeper.ended[many[i]],
				LEAST_ENDED);
	age(dp);
	printf("stress: %llu packets, %llu answers, %llu configurations, %llu sessions ended\n",
		(unsigned long long)s.injected, (unsigned long long)s.answered,
		(unsigned long long)s.changes,
		(unsigned long long)dp->sweeper.ended[SESSION_END_RULE] +
			dp->sweeper.ended[SESSION_END_EXPIRED]);
	check_given_back(dp);
	harness_finish(s.h);
	dataplane_destroy(dp);
	free(s.h);
	return 0;
}
