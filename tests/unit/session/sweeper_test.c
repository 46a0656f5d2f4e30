// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The sweeper: why sessions end, what their end releases, and that slots wait for the grace period.
#include "tests/unit/session/fixture.h"

#include "dataplane/nat/create.h"

#define RULES 4

struct ended {
	unsigned n[SESSION_END_COUNT];
	uint16_t last_sport;
};

struct fixture {
	struct session_table t;
	struct sweeper s;
	struct test_grace grace;
	struct nat_worker w;
	_Atomic uint32_t forward_epochs[RULES], snat_epochs[RULES];
	struct rule_epochs epochs;
	struct nat_address pool;
	struct nat_source snat;
	struct ended ended;
};

static void on_end(void *ctx, const struct session *s, enum session_end cause, uint32_t tick)
{
	struct ended *ended = ctx;

	ended->n[cause]++;
	ended->last_sport = ntohs(s->key[0].sport);
}

static void init(struct fixture *f)
{
	struct sweeper_conf conf = { .table = &f->t, .epochs = &f->epochs, .on_end = on_end };

	*f = (struct fixture){ .grace.n_threads = 1 };
	test_table(&f->t, 64, 64, 1);
	f->epochs.epoch[OBJ_PORT_FORWARD] = f->forward_epochs;
	f->epochs.count[OBJ_PORT_FORWARD] = RULES;
	f->epochs.epoch[OBJ_SNAT] = f->snat_epochs;
	f->epochs.count[OBJ_SNAT] = RULES;
	conf.grace = (struct grace){ &f->grace, test_grace_start, test_grace_passed };
	conf.on_end_ctx = &f->ended;
	sweeper_init(&f->s, &conf);
	nat_worker_init(&f->w, 1);
	f->pool = (struct nat_address){
		.addr = inet_addr("203.0.113.7"), .n_ranges = 1, .ranges = { { 1024, 65535 } }
	};
	assert_int_equal(session_table_acquire_portset(&f->t, f->pool.addr, &f->pool.portset), 0);
	f->snat = (struct nat_source){ .rule = 1, .n_pool = 1, .pool = &f->pool };
}

static void done(struct fixture *f)
{
	session_table_close(&f->t);
}

// A UDP session of a rule, at tick 100.
static uint32_t make(struct fixture *f, uint16_t sport, uint8_t kind, uint32_t rule, bool snat)
{
	struct nat_request rq = {
		.key = test_key("10.0.0.5", sport, "198.51.100.9", 53, IPPROTO_UDP, 0),
		.dst = inet_addr("198.51.100.9"),
		.dport = htons(53),
		.reply_side = 1,
		.rule_kind = kind,
		.rule = rule,
		.snat = snat ? &f->snat : NULL,
		.tick = 100,
	};
	uint32_t ref;

	if (kind != 0)
		rq.epoch = f->epochs.epoch[kind][rule];
	f->snat.epoch = f->snat_epochs[f->snat.rule];
	assert_int_equal(nat_create(&f->t, &rq, &f->w, &ref), 0);
	return ref;
}

static void test_expiry(void **state)
{
	struct fixture f;
	uint32_t a, b;

	init(&f);
	a = make(&f, 1, 0, 0, false);
	b = make(&f, 2, 0, 0, false);
	assert_true(sweeper_step(&f.s, 99, 100)); // its clock is behind the worker's
	assert_true(sweeper_step(&f.s, 400, 100));
	assert_true(session_touch(session_at(&f.t, b), 1, 0, 200));
	assert_int_equal(f.ended.n[SESSION_END_EXPIRED], 0);
	assert_true(sweeper_step(&f.s, 401, 100)); // 300 s have passed since the end of tick 100
	assert_int_equal(f.ended.n[SESSION_END_EXPIRED], 1);
	assert_int_equal(f.ended.last_sport, 1);
	assert_false(session_touch(session_at(&f.t, a), 0, 0, 401));
	assert_int_equal(session_lookup(&f.t, &session_at(&f.t, a)->key[0]), 0);
	assert_int_equal(session_lookup(&f.t, &session_at(&f.t, a)->key[1]), 0);
	assert_int_equal(session_lookup(&f.t, &session_at(&f.t, b)->key[0]), b);
	test_drain(&f.s, &f.grace, 501);
	assert_int_equal(f.ended.n[SESSION_END_EXPIRED], 2);
	test_table_empty(&f.t);
	done(&f);
}

// Half-open sessions make room only while the table is nearly full, and only idle ones.
static void test_half_open_under_pressure(void **state)
{
	struct fixture f;
	uint32_t refs[64];

	init(&f);
	for (unsigned i = 0; i < 57; i++)
		refs[i] = make(&f, (uint16_t)(i + 1), 0, 0, false);
	assert_true(sweeper_step(&f.s, 115, 100)); // 57 of 64: below 90 %
	assert_int_equal(f.s.ended[SESSION_END_HALF_OPEN], 0);
	refs[57] = make(&f, 58, 0, 0, false);
	assert_true(sweeper_step(&f.s, 109, 100)); // all are younger than 10 s
	assert_int_equal(f.s.ended[SESSION_END_HALF_OPEN], 0);
	assert_true(session_touch(session_at(&f.t, refs[3]), 1, 0, 100)); // answered
	assert_true(session_touch(session_at(&f.t, refs[4]), 0, 0, 101)); // not idle
	assert_true(sweeper_step(&f.s, 110, 100));
	assert_int_equal(f.s.ended[SESSION_END_HALF_OPEN], 56);
	assert_int_equal(f.ended.n[SESSION_END_HALF_OPEN], 56);
	assert_int_equal(session_lookup(&f.t, &session_at(&f.t, refs[3])->key[0]), refs[3]);
	assert_int_equal(session_lookup(&f.t, &session_at(&f.t, refs[4])->key[0]), refs[4]);
	test_drain(&f.s, &f.grace, 501);
	test_table_empty(&f.t);
	done(&f);
}

// Left by a worker: a miss at once, for a new session of the same flow, and collected.
static void test_left(void **state)
{
	struct fixture f;
	uint32_t a, b;

	init(&f);
	a = make(&f, 1, 0, 0, true);
	session_leave(session_at(&f.t, a));
	assert_false(session_touch(session_at(&f.t, a), 0, 0, 100));
	assert_false(session_alive(session_at(&f.t, a)));
	f.snat.rule = 2; // by another uplink
	b = make(&f, 1, 0, 0, true);
	assert_int_not_equal(a, b);
	sweeper_step(&f.s, 100, 100);
	assert_int_equal(f.ended.n[SESSION_END_MOVED], 1);
	assert_int_equal(session_lookup(&f.t, &session_at(&f.t, b)->key[0]), b);
	session_leave(session_at(&f.t, a)); // too late: it is over
	sweeper_step(&f.s, 100, 100);
	assert_int_equal(f.ended.n[SESSION_END_MOVED], 1);
	test_drain(&f.s, &f.grace, 500);
	test_table_empty(&f.t);
	done(&f);
}

static void test_slot_waits_for_grace(void **state)
{
	struct slab *slab;
	struct fixture f;

	init(&f);
	slab = &f.t.slabs[ARENA_SESSIONS];
	make(&f, 1, 0, 0, false);
	for (unsigned i = 0; i < 10; i++)
		sweeper_step(&f.s, 1000, 100);
	assert_int_equal(slab_used(slab), 1);
	assert_false(sweeper_idle(&f.s));
	test_quiescent(&f.grace, 0);
	sweeper_step(&f.s, 1000, 100);
	assert_int_equal(slab_used(slab), 0);
	assert_true(sweeper_idle(&f.s));
	done(&f);
}

static void test_altered_rule(void **state)
{
	struct fixture f;
	uint32_t kept;

	init(&f);
	make(&f, 1, OBJ_PORT_FORWARD, 1, false);
	make(&f, 2, OBJ_PORT_FORWARD, 1, true);
	kept = make(&f, 3, OBJ_PORT_FORWARD, 2, true);
	sweeper_step(&f.s, 100, 100);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_SESSIONS]), 3);
	f.forward_epochs[1]++;
	sweeper_step(&f.s, 100, 100);
	assert_int_equal(f.ended.n[SESSION_END_RULE], 2);
	assert_int_equal(session_lookup(&f.t, &session_at(&f.t, kept)->key[0]), kept);
	f.snat_epochs[1]++; // the rule of its mapping
	sweeper_step(&f.s, 100, 100);
	assert_int_equal(f.ended.n[SESSION_END_RULE], 3);
	test_drain(&f.s, &f.grace, 100);
	test_table_empty(&f.t);
	done(&f);
}

static void test_rule_that_does_not_exist(void **state)
{
	struct fixture f;

	init(&f);
	make(&f, 1, OBJ_PORT_FORWARD, 1, false);
	f.epochs.count[OBJ_PORT_FORWARD] = 1;
	sweeper_step(&f.s, 100, 100);
	assert_int_equal(f.ended.n[SESSION_END_RULE], 1);
	done(&f);
}

// A flow that goes on after its rule was altered gets a new session, host and mapping at once.
static void test_altered_rule_and_new_flow(void **state)
{
	struct fixture f;
	uint32_t old, new;

	init(&f);
	old = make(&f, 1, OBJ_SNAT, 1, true);
	f.snat_epochs[1]++;
	sweeper_step(&f.s, 100, 100);
	new = make(&f, 1, OBJ_SNAT, 1, true);
	assert_int_not_equal(old, new);
	assert_int_not_equal(session_at(&f.t, old)->mapping, session_at(&f.t, new)->mapping);
	assert_int_not_equal(session_at(&f.t, old)->host, session_at(&f.t, new)->host);
	test_drain(&f.s, &f.grace, 1000);
	test_table_empty(&f.t);
	done(&f);
}

static void test_request(void **state)
{
	struct fixture f;

	init(&f);
	for (uint16_t i = 1; i <= 30; i++)
		make(&f, i, 0, 0, i % 3 == 0);
	for (uint32_t slot = 0; slot < 30; slot += 2) {
		assert_true(sweeper_end(&f.s, slot, SESSION_END_REQUEST, 101));
		assert_false(sweeper_end(&f.s, slot, SESSION_END_REQUEST, 101));
	}
	assert_false(sweeper_end(&f.s, 30, SESSION_END_REQUEST, 101)); // a slot that was never used
	assert_int_equal(f.ended.n[SESSION_END_REQUEST], 15);
	assert_int_equal(f.s.ended[SESSION_END_REQUEST], 15);
	test_drain(&f.s, &f.grace, 1000);
	test_table_empty(&f.t);
	done(&f);
}

// A mapping lives while any of its sessions does; its port is free again afterwards.
static void test_mapping_outlives_one_session(void **state)
{
	struct fixture f;
	const struct mapping *m;
	struct session *first, *second;
	struct nat_request rq;
	uint32_t ref;

	init(&f);
	first = session_at(&f.t, make(&f, 5000, 0, 0, true));
	rq = (struct nat_request){
		.key = test_key("10.0.0.5", 5000, "198.51.100.10", 53, IPPROTO_UDP, 0),
		.dst = inet_addr("198.51.100.10"),
		.dport = htons(53),
		.reply_side = 1,
		.snat = &f.snat,
		.tick = 300,
	};
	assert_int_equal(nat_create(&f.t, &rq, &f.w, &ref), 0);
	second = session_at(&f.t, ref);
	assert_int_equal(first->mapping, second->mapping);
	m = mapping_at(&f.t, second->mapping);
	assert_int_equal(refs_count(&m->refs), 2);
	for (unsigned i = 0; i < 4; i++) {
		sweeper_step(&f.s, 450, 100); // ends the first one
		test_quiescent(&f.grace, 0);
	}
	assert_int_equal(refs_count(&m->refs), 1);
	assert_int_equal(portset_owner(f.pool.portset, PORT_UDP, 5000), second->mapping);
	test_drain(&f.s, &f.grace, 1000);
	assert_int_equal(portset_owner(f.pool.portset, PORT_UDP, 5000), 0);
	test_table_empty(&f.t);
	done(&f);
}

// A pass takes as many steps as it must, and each frees no more than it may.
static void test_bounded_steps(void **state)
{
	struct fixture f;
	unsigned steps = 0;

	init(&f);
	for (uint16_t i = 1; i <= 50; i++)
		make(&f, i, 0, 0, false);
	while (!sweeper_step(&f.s, 1000, 7))
		steps++;
	assert_int_equal(steps, 7);
	assert_int_equal(f.ended.n[SESSION_END_EXPIRED], 50);
	for (unsigned i = 0; i < 100 && !sweeper_idle(&f.s); i++) {
		uint32_t used = slab_used(&f.t.slabs[ARENA_SESSIONS]);

		test_quiescent(&f.grace, 0);
		sweeper_step(&f.s, 1000, 7);
		assert_in_range(used - slab_used(&f.t.slabs[ARENA_SESSIONS]), 0, 7);
	}
	test_table_empty(&f.t);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_half_open_under_pressure),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_slot_waits_for_grace),
		cmocka_unit_test(test_altered_rule),
		cmocka_unit_test(test_rule_that_does_not_exist),
		cmocka_unit_test(test_altered_rule_and_new_flow),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_mapping_outlives_one_session),
		cmocka_unit_test(test_bounded_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
