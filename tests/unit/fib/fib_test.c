// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The left-right FIB: against a naive longest prefix match, when full, under a reader thread, its
// tickets and its generations.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fib/env.h"

struct fixture {
	struct rte_rcu_qsbr *qsbr;
	struct fib *fib;
};

static int setup_sized(void **state, uint32_t routes, uint32_t tbl8)
{
	struct fixture *x = calloc(1, sizeof(*x));

	x->qsbr = env_qsbr();
	struct fib_conf c = {
		.max_routes = routes, .tbl8 = tbl8, .qsbr = x->qsbr, .socket = SOCKET_ID_ANY
	};
	*state = x;
	return fib_create(&c, &x->fib);
}

static int setup(void **state)
{
	return setup_sized(state, 4096, 4096);
}

static int setup_small(void **state)
{
	return setup_sized(state, 100, 64);
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	fib_destroy(x->fib);
	free(x->qsbr);
	free(x);
	return 0;
}

static uint32_t look(struct fib *f, uint32_t dst)
{
	return fib_lookup(f, rte_cpu_to_be_32(dst));
}

// A bare flip brings the other table to the front.
static void turn(struct fib *f)
{
	assert_int_equal(fib_set(f, IP(240, 0, 0, 0), 32, 9), 0);
	env_settle(f);
	assert_int_equal(fib_del(f, IP(240, 0, 0, 0), 32), 0);
	env_settle(f);
	assert_int_equal(fib_set(f, IP(240, 0, 0, 0), 32, 9), 0);
	env_settle(f);
	assert_int_equal(look(f, IP(240, 0, 0, 0)), 9);
}

// The model: a list of prefixes.
#define MODEL_MAX 3000

struct model {
	struct {
		uint32_t prefix, adj;
		uint8_t plen;
	} r[MODEL_MAX];
	unsigned int n;
};

static int model_find(const struct model *m, uint32_t prefix, uint8_t plen)
{
	for (unsigned int i = 0; i < m->n; i++)
		if (m->r[i].prefix == prefix && m->r[i].plen == plen)
			return (int)i;
	return -1;
}

static uint32_t model_lookup(const struct model *m, uint32_t dst)
{
	uint32_t adj = 0;
	int best = -1;

	for (unsigned int i = 0; i < m->n; i++) {
		if ((dst & prefix_mask(m->r[i].plen)) != m->r[i].prefix || m->r[i].plen <= best)
			continue;
		best = m->r[i].plen;
		adj = m->r[i].adj;
	}
	return adj;
}

static uint64_t rng = 88172645463325252ull; // xorshift64, fixed: a failure can be repeated

static uint32_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 16);
}

// Dense: few first octets, so that prefixes nest; the edges of the address space included.
static uint32_t random_address(void)
{
	static const uint32_t first[] = { 0, 10, 10, 11, 127, 128, 255 };

	if (rnd() % 16 == 0)
		return UINT32_MAX - rnd() % 4 * 100;
	return first[rnd() % 7] << 24 | (rnd() % 3) << 16 | (rnd() % 4) << 8 | (rnd() & 255);
}

static void random_op(struct fib *f, struct model *m)
{
	uint8_t shortest = rnd() % 4	? 16
			   : rnd() % 16 ? 6
					: 0; // of which there are millions of /24
	uint8_t plen = (uint8_t)(shortest + rnd() % (33u - shortest));
	uint32_t prefix = random_address() & prefix_mask(plen);
	uint32_t adj = 1 + rnd() % 5; // few: routes with their covering route's next hop
	int i = model_find(m, prefix, plen);

	if (rnd() % 5 < 2 && m->n > 0) {
		if (rnd() % 2) {
			i = (int)(rnd() % m->n);
			prefix = m->r[i].prefix;
			plen = m->r[i].plen;
		}
		assert_int_equal(fib_del(f, prefix, plen), i < 0 ? -ENOENT : 0);
		if (i >= 0)
			m->r[i] = m->r[--m->n];
		return;
	}
	if (i < 0 && m->n == MODEL_MAX)
		return;
	assert_int_equal(fib_set(f, prefix | (rnd() & ~prefix_mask(plen)), plen, adj), 0);
	if (i < 0)
		i = (int)m->n++;
	m->r[i].prefix = prefix;
	m->r[i].plen = plen;
	m->r[i].adj = adj;
}

static void compare(struct fib *f, const struct model *m, unsigned int n)
{
	uint32_t dst[200], adj[200];

	for (unsigned int done = 0; done < n; done += 200) {
		for (int i = 0; i < 200; i++)
			dst[i] = rnd() % 8 ? random_address() : rnd();
		fib_lookup_bulk(f, dst, adj, 200);
		for (int i = 0; i < 200; i++)
			if (adj[i] != model_lookup(m, dst[i]))
				fail_msg("%#x: %u, expected %u", dst[i], adj[i],
					model_lookup(m, dst[i]));
	}
}

static void test_property(void **state)
{
	struct fixture *x = *state;
	struct model *m = calloc(1, sizeof(*m));
	struct fib_usage u;

	for (int op = 0; op < 10000; op++) {
		random_op(x->fib, m);
		if (rnd() % 50 == 0) {
			env_settle(x->fib);
			compare(x->fib, m, 200);
		} else if (rnd() % 10 == 0) {
			(void)fib_poll(x->fib); // a batch may start anywhere
		}
	}
	env_settle(x->fib);
	compare(x->fib, m, 4000);
	while (m->n > 0) {
		m->n--;
		assert_int_equal(fib_del(x->fib, m->r[m->n].prefix, m->r[m->n].plen), 0);
	}
	env_settle(x->fib);
	compare(x->fib, m, 1000);
	fib_usage(x->fib, &u);
	assert_int_equal(u.routes, 0);
	assert_int_equal(u.tbl8, 0);
	assert_int_equal(u.errors, 0);
	turn(x->fib);
	free(m);
}

static void test_invalid(void **state)
{
	struct fixture *x = *state;
	struct fib_conf c = { .max_routes = 0, .tbl8 = 1, .qsbr = x->qsbr };
	struct fib *f;

	assert_int_equal(fib_create(&c, &f), -EINVAL);
	assert_int_equal(fib_set(x->fib, 0, 33, 1), -EINVAL);
	assert_int_equal(fib_set(x->fib, 0, 8, 0), -EINVAL);
	assert_int_equal(fib_set(x->fib, 0, 8, FIB_INDICES), -EINVAL);
	assert_int_equal(fib_del(x->fib, 0, 33), -ENOENT);
	assert_int_equal(fib_del(x->fib, 0, 8), -ENOENT);
	assert_true(fib_idle(x->fib));
}

static void test_default_route(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(fib_set(x->fib, 0, 0, 7), 0);
	assert_int_equal(fib_set(x->fib, IP(10, 0, 0, 0), 8, 8), 0);
	env_settle(x->fib);
	assert_int_equal(look(x->fib, 0), 7);
	assert_int_equal(look(x->fib, IP(10, 1, 1, 1)), 8);
	assert_int_equal(fib_set(x->fib, 0, 0, 6), 0);
	env_settle(x->fib);
	assert_int_equal(look(x->fib, UINT32_MAX), 6);
	assert_int_equal(fib_del(x->fib, 0, 0), 0);
	env_settle(x->fib);
	assert_int_equal(look(x->fib, UINT32_MAX), ADJ_INDEX_NO_ROUTE);
	assert_int_equal(look(x->fib, IP(10, 1, 1, 1)), 8);
}

// Host routes with the next hop of the route that covers them, added and removed often: none of
// their tables may be left behind.
static void test_same_next_hop(void **state)
{
	struct fixture *x = *state;
	struct fib_usage u;

	assert_int_equal(fib_set(x->fib, IP(10, 0, 0, 0), 8, 5), 0);
	for (int round = 0; round < 300; round++) {
		for (uint32_t i = 0; i < 64; i++)
			assert_int_equal(fib_set(x->fib, IP(10, 0, i, 1), 32, 5), 0);
		env_settle(x->fib);
		for (uint32_t i = 0; i < 64; i++)
			assert_int_equal(fib_del(x->fib, IP(10, 0, i, 1), 32), 0);
		env_settle(x->fib);
	}
	fib_usage(x->fib, &u);
	assert_int_equal(u.errors, 0);
	assert_int_equal(u.tbl8, 0);
}

static void check_full(struct fib *f)
{
	for (uint32_t i = 0; i < 64; i++) {
		assert_int_equal(look(f, IP(10, 0, i, 1)), 10 + i);
		assert_int_equal(look(f, IP(10, 0, i, 2)), 0);
	}
	for (uint32_t i = 0; i < 35; i++)
		assert_int_equal(look(f, IP(20, i, 0, 1)), 100 + i);
	assert_int_equal(look(f, IP(10, 1, 0, 1)), 0);
	assert_int_equal(look(f, IP(21, 0, 0, 1)), 0);
}

static void test_full(void **state)
{
	struct fixture *x = *state;
	struct fib_usage u;

	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(fib_set(x->fib, IP(10, 0, i, 1), 32, 10 + i), 0);
	assert_true(fib_needs_tbl8(x->fib, IP(10, 1, 0, 1), 32));
	assert_false(fib_needs_tbl8(x->fib, IP(10, 0, 9, 9), 32));
	assert_int_equal(fib_set(x->fib, IP(10, 1, 0, 1), 32, 9), -ENOSPC); // tbl8
	for (uint32_t i = 0; i < 35; i++)
		assert_int_equal(fib_set(x->fib, IP(20, i, 0, 0), 16, 100 + i), 0);
	assert_int_equal(fib_set(x->fib, IP(240, 0, 0, 0), 24, 9), 0);
	assert_int_equal(fib_set(x->fib, IP(21, 0, 0, 0), 16, 9), -ENOSPC); // routes
	assert_int_equal(fib_set(x->fib, IP(10, 0, 0, 9), 32, 9), -ENOSPC); // routes, tbl8 there
	env_settle(x->fib);
	check_full(x->fib);
	assert_int_equal(fib_set(x->fib, IP(240, 0, 0, 0), 24, 8), 0); // the other side
	env_settle(x->fib);
	check_full(x->fib);
	fib_usage(x->fib, &u);
	assert_int_equal(u.routes, 100);
	assert_int_equal(u.tbl8, 64);
	assert_int_equal(u.errors, 0);
	assert_int_equal(fib_del(x->fib, IP(10, 0, 3, 1), 32), 0); // makes room
	assert_int_equal(fib_set(x->fib, IP(10, 1, 0, 1), 32, 9), 0);
	env_settle(x->fib);
	assert_int_equal(look(x->fib, IP(10, 1, 0, 1)), 9);
}

// A batch is visible only when every worker has passed a quiescent state after the flip.
static void test_tickets(void **state)
{
	struct fixture *x = *state;
	uint64_t first, second;

	assert_int_equal(rte_rcu_qsbr_thread_register(x->qsbr, 0), 0);
	rte_rcu_qsbr_thread_online(x->qsbr, 0);
	assert_int_equal(fib_set(x->fib, IP(10, 0, 0, 0), 8, 5), 0);
	first = fib_ticket(x->fib);
	assert_true(fib_poll(x->fib));
	assert_int_equal(look(x->fib, IP(10, 0, 0, 1)), 5); // flipped
	assert_int_equal(fib_set(x->fib, IP(11, 0, 0, 0), 8, 6), 0);
	second = fib_ticket(x->fib);
	for (int i = 0; i < 100; i++)
		assert_true(fib_poll(x->fib));
	assert_false(fib_visible(x->fib, first));
	rte_rcu_qsbr_quiescent(x->qsbr, 0);
	assert_true(fib_poll(x->fib));
	assert_true(fib_visible(x->fib, first));
	assert_false(fib_visible(x->fib, second));
	for (int i = 0; i < 10 && !fib_idle(x->fib); i++) {
		(void)fib_poll(x->fib);
		rte_rcu_qsbr_quiescent(x->qsbr, 0);
	}
	assert_true(fib_visible(x->fib, second));
	assert_true(fib_idle(x->fib));
	rte_rcu_qsbr_thread_offline(x->qsbr, 0);
	assert_int_equal(rte_rcu_qsbr_thread_unregister(x->qsbr, 0), 0);
}

static unsigned int bumped(struct fib *f, uint16_t *seen)
{
	unsigned int n = 0;

	for (int b = 0; b < FIB_BUCKETS; b++) {
		n += f->generation[b] != seen[b];
		seen[b] = f->generation[b];
	}
	return n;
}

static void test_generations(void **state)
{
	static const struct {
		uint32_t prefix;
		uint8_t plen;
		unsigned int buckets;
	} cases[] = {
		{ IP(10, 1, 1, 1), 32, 1 },
		{ IP(10, 1, 1, 0), 24, 1 },
		{ IP(10, 1, 0, 0), 23, 2 },
		{ IP(10, 1, 0, 0), 16, 256 },
		{ IP(10, 4, 0, 0), 14, 1024 },
		{ IP(10, 0, 0, 0), 8, 1024 },
		{ 0, 0, 1024 },
	};
	struct fixture *x = *state;
	uint16_t seen[FIB_BUCKETS] = { 0 };

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		uint32_t inside = cases[i].prefix | (0x01020304 & ~prefix_mask(cases[i].plen));
		uint16_t before = fib_generation(x->fib, rte_cpu_to_be_32(inside));

		assert_int_equal(fib_set(x->fib, cases[i].prefix, cases[i].plen, 5), 0);
		assert_int_equal(bumped(x->fib, seen), 0); // nothing before the flip
		env_settle(x->fib);
		assert_int_equal(bumped(x->fib, seen), cases[i].buckets);
		assert_int_not_equal(fib_generation(x->fib, rte_cpu_to_be_32(inside)), before);
		assert_int_equal(fib_set(x->fib, cases[i].prefix, cases[i].plen, 5), 0);
		assert_true(fib_idle(x->fib)); // no change, no work
		assert_int_equal(fib_del(x->fib, cases[i].prefix, cases[i].plen), 0);
		env_settle(x->fib);
		assert_int_equal(bumped(x->fib, seen), cases[i].buckets);
	}
}

// The reader: 10.0.0.0/8 is always there, 10.1.1.1/32 comes and goes with adjacencies that count
// up by one at each flip of its bucket.
struct reader {
	struct fixture *x;
	_Atomic bool stop;
	uint64_t lookups, missing, stale;
	pthread_t thread;
};

static void *read_loop(void *arg)
{
	struct reader *r = arg;
	struct fixture *x = r->x;

	(void)rte_rcu_qsbr_thread_register(x->qsbr, 1);
	rte_rcu_qsbr_thread_online(x->qsbr, 1);
	while (!atomic_load(&r->stop)) {
		uint32_t dst[2] = { IP(10, 2, 2, 2), IP(10, 1, 1, 1) }, adj[2];
		uint16_t generation = fib_generation(x->fib, BE(10, 1, 1, 1));

		fib_lookup_bulk(x->fib, dst, adj, 2);
		r->lookups++;
		r->missing += adj[0] != 1 || adj[1] == 0;
		r->stale += adj[1] != 1 && adj[1] < 100u + generation;
		rte_rcu_qsbr_quiescent(x->qsbr, 1);
	}
	rte_rcu_qsbr_thread_offline(x->qsbr, 1);
	(void)rte_rcu_qsbr_thread_unregister(x->qsbr, 1);
	return NULL;
}

static void reader_start(struct reader *r, struct fixture *x)
{
	assert_int_equal(fib_set(x->fib, IP(10, 0, 0, 0), 8, 1), 0);
	env_settle(x->fib);
	// From now on the bucket counts flips from 0.
	atomic_store(&x->fib->generation[fib_bucket(IP(10, 1, 1, 1))], 0);
	r->x = x;
	assert_int_equal(pthread_create(&r->thread, NULL, read_loop, r), 0);
}

static void reader_stop(struct reader *r)
{
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	assert_true(r->lookups > 0);
	assert_int_equal(r->missing, 0);
	assert_int_equal(r->stale, 0);
}

static void settle_by(struct fib *f, uint64_t deadline)
{
	while (fib_poll(f)) {
		assert_true(env_ms() < deadline);
		sched_yield();
	}
}

// Adding and removing more specific routes never hides the covering one.
static void test_reader_covering(void **state)
{
	struct fixture *x = *state;
	struct reader r = { 0 };
	uint64_t end = env_ms() + 700, deadline = env_ms() + 20000;

	reader_start(&r, x);
	for (uint32_t k = 0; env_ms() < end && k < 30000; k += 2) {
		assert_int_equal(fib_set(x->fib, IP(10, 1, 1, 1), 32, 101 + k), 0);
		for (uint32_t i = 0; i < 8; i++)
			assert_int_equal(fib_set(x->fib, IP(10, 2, 2 + i, 0), 25, 1), 0);
		settle_by(x->fib, deadline);
		assert_int_equal(fib_del(x->fib, IP(10, 1, 1, 1), 32), 0);
		for (uint32_t i = 0; i < 8; i++)
			assert_int_equal(fib_del(x->fib, IP(10, 2, 2 + i, 0), 25), 0);
		settle_by(x->fib, deadline);
	}
	reader_stop(&r);
}

// Whoever reads generation g and looks up after that never gets a result older than g.
static void test_reader_generation(void **state)
{
	struct fixture *x = *state;
	struct reader r = { 0 };
	uint64_t end = env_ms() + 700, deadline = env_ms() + 20000;

	reader_start(&r, x);
	for (uint32_t k = 1; env_ms() < end && k < 60000; k++) {
		assert_int_equal(fib_set(x->fib, IP(10, 1, 1, 1), 32, 100 + k), 0);
		settle_by(x->fib, deadline);
	}
	reader_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_property, setup, teardown),
		cmocka_unit_test_setup_teardown(test_invalid, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default_route, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_next_hop, setup_small, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup_small, teardown),
		cmocka_unit_test_setup_teardown(test_tickets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_generations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_covering, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_generation, setup, teardown),
	};

	return env_eal() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
