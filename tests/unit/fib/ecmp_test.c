// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Groups of next hops: shares by weight, what a change moves, hops that do not answer, sharing of
// groups among routes, and their limit and lifetime.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/fib/ecmp.h"
#include "tests/unit/fib/env.h"

#define HOPS LIMIT_ECMP

struct fixture {
	struct rte_rcu_qsbr *qsbr;
	struct l3 *l3;
	struct ecmp_table *t;
	uint32_t adj[HOPS]; // of neighbours, resolved
};

static int setup(void **state)
{
	static struct fixture x;

	x = (struct fixture){ .qsbr = env_qsbr() };
	x.l3 = env_l3(x.qsbr, NULL);
	x.t = x.l3->ecmp;
	for (unsigned int i = 0; i < HOPS; i++) {
		uint16_t port = 1 + (i & 1);
		rte_be32_t gw = rte_cpu_to_be_32(IP(10, 0, port - 1, 100 + i));

		assert_int_equal(neigh_gateway_get(x.l3->neigh, port, gw, &x.adj[i]), 0);
		neigh_update(x.l3->neigh, port, gw, NEIGH_VALID, &mac_a);
	}
	*state = &x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	l3_destroy(x->l3);
	free(x->qsbr);
	return 0;
}

static void set_state(struct fixture *x, unsigned int hop, enum neigh_news news)
{
	const struct adj *a = l3_adj(x->l3, x->adj[hop]);

	neigh_update(x->l3->neigh, a->port, a->next_hop, news, &mac_a);
}

// The group of the hops with the bits of `set`, `weights` by hop or NULL for 1 each.
static int get(struct fixture *x, unsigned int set, const uint32_t *weights, uint32_t from,
	uint32_t *index)
{
	struct ecmp_hop hops[HOPS];
	unsigned int n = 0;
	bool created;

	for (unsigned int i = 0; i < HOPS; i++)
		if (set & 1u << i)
			hops[n++] = (struct ecmp_hop){ x->adj[i], weights ? weights[i] : 1 };
	return ecmp_get(x->t, hops, n, from, index, &created);
}

static uint32_t get_group(struct fixture *x, unsigned int set, uint32_t from)
{
	uint32_t index;

	assert_int_equal(get(x, set, NULL, from, &index), 0);
	assert_true(ecmp_is_group(index));
	return index;
}

struct layout {
	uint32_t adj[ECMP_BUCKETS];
};

static struct layout layout_of(struct fixture *x, uint32_t index)
{
	struct layout l;

	for (uint32_t b = 0; b < ECMP_BUCKETS; b++)
		l.adj[b] = ecmp_pick(ecmp_at(x->t, index), b);
	return l;
}

static unsigned int owned(const struct layout *l, uint32_t adj)
{
	unsigned int n = 0;

	for (unsigned int b = 0; b < ECMP_BUCKETS; b++)
		n += l->adj[b] == adj;
	return n;
}

// Every bucket that differs was `adj`'s before, or is now.
static void assert_moved_only(const struct layout *old, const struct layout *new, uint32_t adj)
{
	for (unsigned int b = 0; b < ECMP_BUCKETS; b++)
		if (old->adj[b] != new->adj[b])
			assert_true(old->adj[b] == adj || new->adj[b] == adj);
}

static void test_equal_shares(void **state)
{
	struct fixture *x = *state;

	for (unsigned int n = 2; n <= HOPS; n++) {
		struct layout l = layout_of(x, get_group(x, (1u << n) - 1, 0));

		for (unsigned int i = 0; i < n; i++)
			assert_in_range(
				owned(&l, x->adj[i]), ECMP_BUCKETS / n, (ECMP_BUCKETS + n - 1) / n);
	}
}

static void test_weights(void **state)
{
	static const struct {
		uint32_t weights[HOPS], want[HOPS];
	} cases[] = {
		{ { 3, 1 }, { 192, 64 } },
		{ { 1, 2, 5 }, { 32, 64, 160 } },
		{ { 65536, 1 }, { 255, 1 } }, // each one has some
		{ { 256, 256, 1, 1 }, { 127, 127, 1, 1 } },
	};
	struct fixture *x = *state;

	for (unsigned int c = 0; c < RTE_DIM(cases); c++) {
		unsigned int set = 0;
		struct layout l;
		uint32_t index;

		for (unsigned int i = 0; i < HOPS; i++)
			set |= cases[c].weights[i] ? 1u << i : 0;
		assert_int_equal(get(x, set, cases[c].weights, 0, &index), 0);
		l = layout_of(x, index);
		for (unsigned int i = 0; i < HOPS; i++)
			assert_int_equal(owned(&l, x->adj[i]), cases[c].want[i]);
	}
}

static void test_a_hop_that_goes_gives_only_its_own(void **state)
{
	struct fixture *x = *state;

	for (unsigned int gone = 0; gone < 5; gone++) {
		uint32_t all = get_group(x, 0x1f, 0);
		struct layout before = layout_of(x, all), after;
		uint32_t less = get_group(x, 0x1f & ~(1u << gone), all);

		after = layout_of(x, less);
		assert_moved_only(&before, &after, x->adj[gone]);
		assert_int_equal(owned(&after, x->adj[gone]), 0);
		for (unsigned int i = 0; i < 5; i++)
			if (i != gone)
				assert_int_equal(owned(&after, x->adj[i]), 64);
	}
}

static void test_a_hop_that_comes_takes_its_share(void **state)
{
	struct fixture *x = *state;
	uint32_t some = get_group(x, 0x0f, 0), all = get_group(x, 0x1f, some);
	struct layout before = layout_of(x, some), after = layout_of(x, all);

	assert_moved_only(&before, &after, x->adj[4]);
	assert_int_equal(owned(&after, x->adj[4]), 51);
	for (unsigned int i = 0; i < 4; i++)
		assert_in_range(owned(&after, x->adj[i]), 51, 52);
}

static void test_from_one_hop(void **state)
{
	struct fixture *x = *state;
	struct layout l = layout_of(x, get_group(x, 3, x->adj[1]));

	assert_int_equal(owned(&l, x->adj[1]), 128);
	l = layout_of(x, get_group(x, 5, x->adj[1])); // not among them
	assert_int_equal(owned(&l, x->adj[0]), 128);
}

static void test_what_does_not_answer_is_avoided(void **state)
{
	struct fixture *x = *state;
	uint32_t index = get_group(x, 0x0f, 0);
	struct layout before = layout_of(x, index), after;
	const enum neigh_news bad[] = { NEIGH_FAILED, NEIGH_GONE };

	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		set_state(x, 2, bad[i]);
		after = layout_of(x, index);
		assert_moved_only(&before, &after, x->adj[2]);
		assert_int_equal(owned(&after, x->adj[2]), 0);
		set_state(x, 2, NEIGH_VALID);
		after = layout_of(x, index);
		assert_moved_only(&before, &after, x->adj[2]);
		assert_int_equal(owned(&after, x->adj[2]), 64);
		before = after;
	}
}

static void test_better_a_silent_hop_than_none(void **state)
{
	struct fixture *x = *state;
	uint32_t index = get_group(x, 3, 0);
	struct layout l;

	set_state(x, 0, NEIGH_FAILED);
	set_state(x, 1, NEIGH_GONE); // asked for, not known to be dead
	l = layout_of(x, index);
	assert_int_equal(owned(&l, x->adj[1]), ECMP_BUCKETS);
	set_state(x, 1, NEIGH_FAILED);
	l = layout_of(x, index);
	assert_int_equal(owned(&l, x->adj[0]), 128);
	set_state(x, 0, NEIGH_VALID);
	l = layout_of(x, index);
	assert_int_equal(owned(&l, x->adj[0]), ECMP_BUCKETS);
}

static void test_by_port(void **state)
{
	struct fixture *x = *state;
	const struct ecmp_group *g = ecmp_at(x->t, get_group(x, 0x0f, 0)); // port 1: 0 and 2
	const struct adj *adjs = x->l3->adjs;
	uint32_t was[1000], seen[2] = { 0 };

	for (uint32_t hash = 0; hash < RTE_DIM(was); hash++) {
		was[hash] = ecmp_pick_port(g, adjs, 1, hash, false);
		assert_true(was[hash] == x->adj[0] || was[hash] == x->adj[2]);
		seen[was[hash] == x->adj[2]]++;
	}
	assert_true(seen[0] > 400 && seen[1] > 400);
	assert_int_equal(ecmp_pick_port(g, adjs, 3, 7, true), 0);
	set_state(x, 2, NEIGH_FAILED);
	for (uint32_t hash = 0; hash < RTE_DIM(was); hash++)
		assert_int_equal(ecmp_pick_port(g, adjs, 1, hash, false), x->adj[0]);
	set_state(x, 0, NEIGH_FAILED);
	for (uint32_t hash = 0; hash < RTE_DIM(was); hash++) {
		assert_int_equal(ecmp_pick_port(g, adjs, 1, hash, false), 0);
		assert_int_equal(ecmp_pick_port(g, adjs, 1, hash, true), was[hash]);
	}
}

static void test_groups_are_shared(void **state)
{
	struct fixture *x = *state;
	uint32_t a = get_group(x, 7, 0), b = get_group(x, 3, 0), from_a;

	assert_int_equal(get_group(x, 7, 0), a);
	assert_int_equal(get_group(x, 7, a), a); // told again
	assert_int_equal(ecmp_used(x->t), 2);
	// Others have these hops already, but the flows of `a` are not spread like theirs.
	from_a = get_group(x, 3, a);
	assert_int_not_equal(from_a, b);
	assert_int_equal(get_group(x, 3, a), from_a); // nor is there one for each route of `a`
	assert_int_equal(get_group(x, 3, b), b);
	assert_int_equal(ecmp_used(x->t), 3);
}

static void test_lifetime(void **state)
{
	struct fixture *x = *state;
	uint32_t index = get_group(x, 3, 0);
	struct layout l;

	assert_int_equal(get_group(x, 3, 0), index);
	assert_false(ecmp_put(x->t, index, 1));
	assert_true(ecmp_put(x->t, index, 5));
	l = layout_of(x, index); // workers may still be reading
	assert_int_equal(owned(&l, x->adj[0]), 128);
	assert_true(ecmp_poll(x->t, 4));
	assert_int_equal(ecmp_used(x->t), 1);
	assert_int_not_equal(get_group(x, 3, 0), index);
	assert_false(ecmp_poll(x->t, 5));
	assert_int_equal(ecmp_used(x->t), 1);
}

static void test_grace_period(void **state)
{
	struct fixture *x = *state;
	uint32_t index = get_group(x, 3, 0);

	assert_int_equal(rte_rcu_qsbr_thread_register(x->qsbr, 0), 0);
	rte_rcu_qsbr_thread_online(x->qsbr, 0);
	assert_true(ecmp_put(x->t, index, 0));
	assert_true(ecmp_poll(x->t, 0));
	assert_true(ecmp_poll(x->t, 0)); // a worker may have the group in its hands
	rte_rcu_qsbr_quiescent(x->qsbr, 0);
	assert_false(ecmp_poll(x->t, 0));
	rte_rcu_qsbr_thread_offline(x->qsbr, 0);
	assert_int_equal(rte_rcu_qsbr_thread_unregister(x->qsbr, 0), 0);
}

static void test_full(void **state)
{
	struct fixture *x = *state;
	uint32_t weights[HOPS] = { 1, 1 }, first = 0, index = 0, other;

	for (unsigned int i = 0; i < LIMIT_ECMP_GROUPS; i++) {
		weights[1] = i + 1;
		assert_int_equal(get(x, 3, weights, 0, &index), 0);
		first = i ? first : index;
	}
	assert_int_equal(ecmp_used(x->t), LIMIT_ECMP_GROUPS);
	weights[1]++;
	assert_int_equal(get(x, 3, weights, 0, &other), -ENOSPC);
	// Better flows that move than no route.
	assert_int_equal(get(x, 3, (uint32_t[HOPS]){ 1, 1 }, index, &other), 0);
	assert_int_equal(other, first);
	assert_true(ecmp_put(x->t, index, 0));
	assert_false(ecmp_poll(x->t, 0));
	assert_int_equal(get(x, 3, weights, 0, &other), 0); // room again
	assert_int_equal(get(x, 1, NULL, 0, &other), -EINVAL);
	assert_int_equal(get(x, 3, (uint32_t[HOPS]){ 1, 0 }, 0, &other), -EINVAL);
}

// Random changes: every bucket is a hop of the group, none of a hop that does not answer while
// others do, and shares are fair.
static void test_property(void **state)
{
	struct fixture *x = *state;
	uint32_t weights[HOPS], from = 0;
	uint64_t rng = 1;

	for (int round = 0; round < 3000; round++) {
		unsigned int set, usable = 0;
		struct ecmp_group *g;
		struct layout l;
		uint32_t index;

		rng = rng * 6364136223846793005ull + 1442695040888963407ull;
		for (unsigned int i = 0; i < HOPS; i++) {
			weights[i] = 1 + (rng >> (i * 4 + 20) & 15);
			set_state(x, i, rng >> i & 0x100 ? NEIGH_VALID : NEIGH_FAILED);
		}
		set = (rng >> 56 & 0xff) | 0x81;
		assert_int_equal(get(x, set, weights, from, &index), 0);
		l = layout_of(x, index);
		g = ecmp_at(x->t, index);
		for (unsigned int i = 0; i < HOPS; i++)
			usable |= set & (rng >> 8 & 0xff) & 1u << i;
		usable = usable ? usable : set;
		for (unsigned int i = 0; i < HOPS; i++) {
			unsigned int have = owned(&l, x->adj[i]);

			assert_int_equal(have > 0, (usable >> i & 1));
			for (unsigned int k = 0; have > 1 && k < HOPS; k++)
				if (usable >> k & 1)
					assert_true(have * weights[k] <=
						    (owned(&l, x->adj[k]) + 1) * weights[i]);
		}
		if (from)
			ecmp_put(x->t, from, 0);
		ecmp_poll(x->t, 0);
		from = index;
		assert_int_equal(g->refs, 1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_equal_shares),
		TEST(test_weights),
		TEST(test_a_hop_that_goes_gives_only_its_own),
		TEST(test_a_hop_that_comes_takes_its_share),
		TEST(test_from_one_hop),
		TEST(test_what_does_not_answer_is_avoided),
		TEST(test_better_a_silent_hop_than_none),
		TEST(test_by_port),
		TEST(test_groups_are_shared),
		TEST(test_lifetime),
		TEST(test_grace_period),
		TEST(test_full),
		TEST(test_property),
	};

	return env_eal() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
