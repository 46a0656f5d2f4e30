// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Questions about sessions: filters by tuple and by role, pages whose cursor stays good, counting
// by rule, ending, and that no step looks at more slots than it may.
#include "tests/unit/session/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "dataplane/nat/create.h"
#include "dataplane/session/query.h"

#define RULES 8

struct fixture {
	struct session_table t;
	struct sweeper s;
	struct test_grace grace;
	struct nat_worker w;
	_Atomic uint32_t forward_epochs[RULES], snat_epochs[RULES];
	struct rule_epochs epochs;
	struct nat_address pool;
	struct nat_source snat;
};

static void init(struct fixture *f, uint32_t sessions)
{
	struct sweeper_conf conf = { .table = &f->t, .epochs = &f->epochs };

	*f = (struct fixture){ .grace.n_threads = 1 };
	test_table(&f->t, sessions, 64, 1);
	f->epochs.epoch[OBJ_PORT_FORWARD] = f->forward_epochs;
	f->epochs.count[OBJ_PORT_FORWARD] = RULES;
	f->epochs.epoch[OBJ_SNAT] = f->snat_epochs;
	f->epochs.count[OBJ_SNAT] = RULES;
	conf.grace = (struct grace){ &f->grace, test_grace_start, test_grace_passed };
	sweeper_init(&f->s, &conf);
	nat_worker_init(&f->w, 1);
	f->pool = (struct nat_address){
		.addr = inet_addr("203.0.113.7"), .n_ranges = 1, .ranges = { { 1024, 65535 } }
	};
	assert_int_equal(session_table_acquire_portset(&f->t, f->pool.addr, &f->pool.portset), 0);
	f->snat = (struct nat_source){ .rule = 1, .n_pool = 1, .pool = &f->pool };
}

static void add(struct fixture *f, const struct nat_request *rq)
{
	uint32_t ref;

	assert_int_equal(nat_create(&f->t, rq, &f->w, &ref), 0);
}

// Slot 0: SNAT, UDP. Slot 1: port forward from outside, TCP. Slot 2: a hairpin, both, TCP.
static void site(struct fixture *f)
{
	struct nat_request rq = { .key = test_key("10.0.0.5", 2000, "198.51.100.9", 53, 17, 0),
		.dst = inet_addr("198.51.100.9"),
		.dport = htons(53),
		.reply_side = 1,
		.rule_kind = OBJ_SNAT,
		.rule = 1,
		.snat = &f->snat,
		.uplink = 3,
		.tick = 100 };

	init(f, 64);
	add(f, &rq);
	rq.key = test_key("198.51.100.9", 3000, "203.0.113.8", 8080, 6, 1);
	rq.dst = inet_addr("10.0.0.80");
	rq.dport = htons(80);
	rq.reply_side = 0;
	rq.rule_kind = OBJ_PORT_FORWARD;
	rq.rule = 2;
	rq.snat = NULL;
	rq.tcp_flags = 2;
	rq.uplink = 4;
	rq.tick = 110;
	add(f, &rq);
	rq.key = test_key("10.0.0.6", 4000, "203.0.113.8", 8080, 6, 0);
	rq.snat = &f->snat;
	rq.tick = 120;
	add(f, &rq);
}

static struct msg_endpoint endpoint(const char *addr, uint8_t plen, uint16_t first, uint16_t last)
{
	struct msg_endpoint e = { .first = first, .last = last };
	uint32_t a;

	if (addr == NULL)
		return e;
	a = inet_addr(addr);
	e.addr.family = AF_INET;
	e.addr.plen = plen;
	memcpy(e.addr.bytes, &a, sizeof(a));
	return e;
}

// Runs to the end in steps of `slots`; the number of steps. The answer stays in *q.
static unsigned run(struct fixture *f, struct session_query *q, const struct msg_sessions *m,
	unsigned slots, uint32_t tick)
{
	unsigned steps = 1;

	assert_int_equal(session_query_init(q, m, &f->epochs), 0);
	while (!session_query_step(q, &f->s, tick, slots))
		steps++;
	return steps;
}

// Bit n: the session in slot n is found.
static unsigned found(struct fixture *f, const struct msg_session_filter *filter)
{
	struct msg_sessions m = {
		.op = SESSIONS_LIST, .limit = 10, .count_all = 1, .filter = *filter
	};
	const struct dump_session *d;
	struct session_query q;
	unsigned bits = 0;

	run(f, &q, &m, 100, 130);
	d = q.records;
	for (uint32_t i = 0; i < q.count; i++)
		bits |= d[i].sport == 2000 ? 1 : d[i].sport == 3000 ? 2 : 4;
	assert_int_equal(q.total, q.count);
	session_query_fini(&q);
	return bits;
}

#define FOUND(f, ...) found(f, &(struct msg_session_filter){ __VA_ARGS__ })

static void test_filters(void **state)
{
	const struct msg_endpoint a5 = endpoint("10.0.0.5", 32, 0, 65535);
	const struct msg_endpoint net10 = endpoint("10.9.9.9", 8, 0, 65535);
	const struct msg_endpoint pool = endpoint("203.0.113.7", 32, 0, 65535);
	const struct msg_endpoint vip = endpoint("203.0.113.8", 32, 8080, 8080);
	const struct msg_endpoint remote = endpoint("198.51.100.9", 32, 0, 65535);
	struct fixture f;

	site(&f);
	assert_int_equal(FOUND(&f, .set = 0), 7);
	assert_int_equal(FOUND(&f, .set = MATCH_PROTO, .proto = 17), 1);
	assert_int_equal(FOUND(&f, .set = MATCH_PROTO, .proto = 1), 0);
	assert_int_equal(FOUND(&f, .set = MATCH_STATE, .tcp_state = TCP_STATE_OPENING), 6);
	assert_int_equal(FOUND(&f, .set = MATCH_UPLINK, .uplink = 3), 1);
	assert_int_equal(FOUND(&f, .set = MATCH_AGE, .min_age_s = 20, .max_age_s = 30), 3);
	assert_int_equal(FOUND(&f, .set = MATCH_AGE, .max_age_s = 19), 4);
	assert_int_equal(FOUND(&f, .set = MATCH_SOURCE, .source = a5), 1);
	assert_int_equal(FOUND(&f, .set = MATCH_SOURCE, .source = net10), 5);
	assert_int_equal(FOUND(&f, .set = MATCH_DESTINATION, .destination = vip), 6);
	assert_int_equal(FOUND(&f, .set = MATCH_INSIDE, .inside = net10), 7);
	assert_int_equal(
		FOUND(&f, .set = MATCH_INSIDE, .inside = endpoint("10.0.0.80", 32, 80, 80)), 6);
	assert_int_equal(FOUND(&f, .set = MATCH_INSIDE, .inside = endpoint(NULL, 0, 1, 79)), 0);
	assert_int_equal(FOUND(&f, .set = MATCH_INSIDE, .inside = endpoint(NULL, 0, 80, 80)), 6);
	assert_int_equal(FOUND(&f, .set = MATCH_EXTERNAL, .external = pool), 5);
	assert_int_equal(FOUND(&f, .set = MATCH_EXTERNAL, .external = vip), 6);
	assert_int_equal(FOUND(&f, .set = MATCH_OUTSIDE, .outside = remote), 3);
	assert_int_equal(
		FOUND(&f, .set = MATCH_OUTSIDE | MATCH_PROTO, .outside = remote, .proto = 6), 2);
	assert_int_equal(
		FOUND(&f, .set = MATCH_SOURCE, .source = endpoint("0.0.0.0", 0, 3000, 4000)), 6);
	session_table_close(&f.t);
}

static void test_rules(void **state)
{
	struct msg_sessions m = { .op = SESSIONS_BY_RULE };
	const struct dump_rule *d;
	struct session_query q;
	struct fixture f;

	site(&f);
	assert_int_equal(FOUND(&f, .set = MATCH_RULE), 0); // none of no rules
	assert_int_equal(FOUND(&f, .set = MATCH_RULE, .n_rules = 1, .rules = { { OBJ_SNAT, 1 } }),
		5); // the hairpin's source, too
	assert_int_equal(
		FOUND(&f, .set = MATCH_RULE, .n_rules = 1, .rules = { { OBJ_SNAT, 0 } }), 1);
	assert_int_equal(FOUND(&f, .set = MATCH_RULE, .n_rules = 2,
				 .rules = { { OBJ_SNAT, 7 }, { OBJ_PORT_FORWARD, 2 } }),
		6);
	run(&f, &q, &m, 1, 130);
	d = q.records;
	assert_int_equal(q.count, 2);
	assert_int_equal(d[0].kind, OBJ_PORT_FORWARD);
	assert_int_equal(d[0].id, 2);
	assert_int_equal(d[0].sessions, 2);
	assert_int_equal(d[1].kind, OBJ_SNAT);
	assert_int_equal(d[1].id, 1);
	assert_int_equal(d[1].sessions, 2);
	session_query_fini(&q);
	session_table_close(&f.t);
}

static void test_record(void **state)
{
	struct msg_sessions m = { .op = SESSIONS_LIST, .limit = 1 };
	const uint8_t host[4] = { 10, 0, 0, 5 }, external[4] = { 203, 0, 113, 7 };
	const struct dump_session *d;
	struct session_query q;
	struct fixture f;

	site(&f);
	run(&f, &q, &m, 100, 130);
	d = q.records;
	assert_int_equal(q.count, 1);
	assert_int_equal(q.next, 1);
	assert_memory_equal(d->src.bytes, host, 4);
	assert_memory_equal(d->new_src.bytes, external, 4);
	assert_int_equal(d->sport, 2000);
	assert_int_equal(d->new_sport, 2000);
	assert_int_equal(d->new_dport, 53);
	assert_int_equal(d->proto, 17);
	assert_int_equal(d->rule_kind, OBJ_SNAT);
	assert_int_equal(d->rule, 1);
	assert_int_equal(d->snat_rule, 1);
	assert_int_equal(d->uplink, 3);
	assert_int_equal(d->endpoint_dependent, 0);
	assert_int_equal(d->age_s, 30);
	assert_int_equal(d->idle_s, 30);
	assert_int_equal(d->expires_s, 270);
	session_query_fini(&q);
	session_table_close(&f.t);
}

static void many(struct fixture *f, uint32_t n)
{
	init(f, n + n / 4); // no key finds both of its buckets full
	for (uint32_t i = 0; i < n; i++) {
		struct nat_request rq = { .key = test_key("10.0.0.5", 1, "198.51.100.9", 1, 17, 0),
			.reply_side = 1,
			.tick = 100 };

		rq.key.src += htonl(i >> 12);
		rq.key.sport = htons((uint16_t)(i & 4095));
		rq.dst = rq.key.dst;
		rq.dport = rq.key.dport;
		add(f, &rq);
	}
}

static void test_pages(void **state)
{
	struct msg_sessions m = { .op = SESSIONS_LIST, .limit = 7, .count_all = 1 };
	struct session_query q;
	unsigned seen[50] = { 0 }, pages = 0;
	struct fixture f;

	many(&f, 50);
	do {
		const struct dump_session *d;

		run(&f, &q, &m, 3, 130);
		d = q.records;
		assert_int_equal(q.total, pages == 0 ? 50 : q.count);
		for (uint32_t i = 0; i < q.count; i++)
			seen[d[i].sport]++;
		m.cursor = q.next;
		m.count_all = 0;
		session_query_fini(&q);
		// The table changes: a page that was seen, and one that was not.
		if (pages == 1) {
			assert_true(sweeper_end(&f.s, 2, SESSION_END_REQUEST, 130));
			assert_true(sweeper_end(&f.s, m.cursor, SESSION_END_REQUEST, 130));
		}
		pages++;
	} while (m.cursor != 0);
	assert_int_equal(pages, 7); // 7 pages of 7: one session was ended before it was met
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(seen[i], i == 14 ? 0 : 1);
	session_table_close(&f.t);
}

struct one_port {
	struct session_pick pick;
	uint16_t sport; // host order
	unsigned *freed;
};

static bool has_port(const struct session_pick *pick, const struct session *s)
{
	const struct one_port *p = (const struct one_port *)pick;

	return ntohs(s->key[SESSION_FORWARD].sport) == p->sport;
}

static void free_port(struct session_pick *pick)
{
	(*((struct one_port *)pick)->freed)++;
}

// Both must fit, the filter and the pick; what ends has the cause that it is told.
static void test_pick(void **state)
{
	const struct msg_sessions m = { .op = SESSIONS_END };
	unsigned freed = 0;
	struct one_port p = { { has_port, free_port }, 14, &freed };
	struct session_query q;
	struct fixture f;

	many(&f, 50);
	assert_int_equal(session_query_init(&q, &m, &f.epochs), 0);
	q.pick = &p.pick;
	q.cause = SESSION_END_RULE;
	while (!session_query_step(&q, &f.s, 130, 3))
		;
	assert_int_equal(q.total, 1);
	assert_int_equal(f.s.ended[SESSION_END_RULE], 1);
	assert_int_equal(f.s.ended[SESSION_END_REQUEST], 0);
	session_query_fini(&q);
	assert_int_equal(freed, 1);
	assert_int_equal(session_query_init(&q, &m, &f.epochs), 0);
	q.pick = &p.pick;
	q.filter.set = MATCH_PROTO; // none is TCP
	q.filter.proto = 6;
	p.sport = 15;
	while (!session_query_step(&q, &f.s, 130, 3))
		;
	assert_int_equal(q.total, 0);
	session_query_fini(&q);
	session_table_close(&f.t);
}

static void test_refused(void **state)
{
	const struct msg_sessions bad[] = {
		{ .op = 0, .limit = 1 },
		{ .op = SESSIONS_OP_COUNT, .limit = 1 },
		{ .op = SESSIONS_LIST, .limit = 0 },
		{ .op = SESSIONS_LIST, .limit = MSG_SESSIONS_MAX + 1 },
		{ .op = SESSIONS_END, .filter = { .n_rules = MSG_FILTER_RULES + 1 } },
		{ .op = SESSIONS_END, .filter = { .min_age_s = 1 } },
		{ .op = SESSIONS_END, .filter = { .source = { .first = 2, .last = 1 } } },
		{ .op = SESSIONS_END, .filter = { .inside = { .addr = { AF_INET, 33 } } } },
		{ .op = SESSIONS_END, .filter = { .outside = { .addr = { AF_INET6, 64 } } } },
	};
	struct session_query q;
	struct fixture f;

	init(&f, 8);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(session_query_init(&q, &bad[i], &f.epochs), -EINVAL);
	session_table_close(&f.t);
}

// A cursor of a table that was larger, or of nobody, is the end.
static void test_cursor_beyond_the_table(void **state)
{
	struct msg_sessions m = { .op = SESSIONS_LIST, .limit = 1, .cursor = UINT32_MAX };
	struct session_query q;
	struct fixture f;

	site(&f);
	assert_int_equal(run(&f, &q, &m, 1, 130), 1);
	assert_int_equal(q.count, 0);
	assert_int_equal(q.next, 0);
	session_query_fini(&q);
	session_table_close(&f.t);
}

static void test_end(void **state)
{
	struct msg_sessions m = { .op = SESSIONS_END };
	struct session_query q;
	struct fixture f;

	many(&f, 1000);
	m.filter.set = MATCH_SOURCE;
	m.filter.source = endpoint(NULL, 0, 100, 299);
	assert_int_equal(run(&f, &q, &m, 7, 130), 143); // 1000 slots, 7 at a time
	assert_int_equal(q.total, 200);
	session_query_fini(&q);
	run(&f, &q, &m, 1000, 130);
	assert_int_equal(q.total, 0);
	session_query_fini(&q);
	assert_int_equal(f.s.ended[SESSION_END_REQUEST], 200);
	m.filter.set = 0;
	run(&f, &q, &m, 1000, 130);
	assert_int_equal(q.total, 800);
	session_query_fini(&q);
	test_drain(&f.s, &f.grace, 130);
	test_table_empty(&f.t);
	session_table_close(&f.t);
}

#define MILLION 1000000
#define STEP	65536

struct traffic {
	struct fixture *f;
	_Atomic bool stop;
	uint64_t lookups, lost, longest_ns;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

// A worker's part: packets of the sessions that stay.
static void *run_traffic(void *arg)
{
	struct traffic *tr = arg;
	const struct session_table *t = &tr->f->t;
	struct session_key key = test_key("10.0.0.5", 1, "198.51.100.9", 1, 17, 0);

	for (uint32_t i = 0; !atomic_load(&tr->stop); i++) {
		uint64_t start = now_ns(), took;
		uint32_t ref;

		key.src = inet_addr("10.0.0.5") + htonl(i % (MILLION >> 12));
		key.sport = htons((uint16_t)(i % 100));
		ref = session_lookup(t, &key);
		tr->lost += ref == 0 || !session_touch(session_at(t, ref), 0, 0, 131);
		took = now_ns() - start;
		tr->longest_ns = took > tr->longest_ns ? took : tr->longest_ns;
		tr->lookups++;
		test_quiescent(&tr->f->grace, 0);
	}
	test_offline(&tr->f->grace, 0);
	return NULL;
}

// Most of a million sessions end at once: in short steps, and the packets of the others never
// notice.
static void test_end_of_a_million(void **state)
{
	struct msg_sessions m = { .op = SESSIONS_END };
	uint64_t start, step, longest = 0, slots = 0;
	struct traffic tr = { 0 };
	struct session_query q;
	unsigned steps = 0;
	struct fixture f;
	pthread_t thread;
	bool done;

	many(&f, MILLION);
	tr.f = &f;
	m.filter.set = MATCH_SOURCE;
	m.filter.source = endpoint(NULL, 0, 100, 65535);
	assert_int_equal(pthread_create(&thread, NULL, run_traffic, &tr), 0);
	assert_int_equal(session_query_init(&q, &m, &f.epochs), 0);
	start = now_ns();
	do {
		step = now_ns();
		done = session_query_step(&q, &f.s, 131, STEP);
		step = now_ns() - step;
		longest = step > longest ? step : longest;
		steps++;
	} while (!done);
	print_message("%lu of %u sessions ended in %lu ms, the longest of %u steps %lu us; ",
		(unsigned long)q.total, MILLION, (unsigned long)((now_ns() - start) / 1000000),
		steps, (unsigned long)(longest / 1000));
	while (!sweeper_idle(&f.s) && slots < 100 * MILLION) {
		sweeper_step(&f.s, 131, STEP);
		slots += STEP;
	}
	atomic_store(&tr.stop, true);
	pthread_join(thread, NULL);
	print_message("%lu lookups meanwhile, the longest %lu us\n", (unsigned long)tr.lookups,
		(unsigned long)(tr.longest_ns / 1000));
	assert_int_equal(steps, (MILLION + STEP - 1) / STEP);
	assert_int_equal(q.total, MILLION - 100 * (MILLION >> 12) - 100);
	assert_int_equal(tr.lost, 0);
	assert_true(tr.lookups > 1000);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_SESSIONS]), MILLION - q.total);
	session_query_fini(&q);
	session_table_close(&f.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_pick),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cursor_beyond_the_table),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_end_of_a_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
