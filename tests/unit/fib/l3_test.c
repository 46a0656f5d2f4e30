// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Adjacencies, RIB, connected prefixes and own addresses: reuse of indices, edits in place,
// priorities of sources, limits, counting.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/fib/dump.h"
#include "tests/unit/fib/env.h"

struct fixture {
	struct rte_rcu_qsbr *qsbr;
	struct l3 *l3;
};

static int setup(void **state)
{
	static struct fixture x;

	x.qsbr = env_qsbr();
	x.l3 = env_l3(x.qsbr, &(struct l3_conf){ .max_routes = 200, .tbl8 = 64 });
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

static void test_adj_reuse(void **state)
{
	struct fixture *x = *state;
	struct adj_table *t = x->l3->adj;
	uint32_t index, again, used = t->used;

	env_settle_l3(x->l3);
	assert_int_equal(rte_rcu_qsbr_thread_register(x->qsbr, 0), 0);
	rte_rcu_qsbr_thread_online(x->qsbr, 0);
	assert_int_equal(adj_alloc(t, ADJ_NEXT_HOP, 1, BE(10, 0, 0, 9), 0, &index), 0);
	adj_free(t, index, 7);
	assert_true(adj_poll(t, 6)); // the ticket is not visible
	rte_rcu_qsbr_quiescent(x->qsbr, 0);
	assert_true(adj_poll(t, 6));
	assert_true(adj_poll(t, 7)); // starts the grace period
	assert_true(adj_poll(t, 7));
	assert_int_equal(l3_adj(x->l3, index)->type, ADJ_NEXT_HOP); // as it was for late readers
	assert_int_equal(adj_alloc(t, ADJ_NEXT_HOP, 1, 0, 0, &again), 0);
	assert_int_not_equal(again, index);
	rte_rcu_qsbr_quiescent(x->qsbr, 0);
	assert_false(adj_poll(t, 7));
	assert_int_equal(t->used, used + 1);
	assert_int_equal(l3_adj(x->l3, index)->type, ADJ_NO_ROUTE);
	rte_rcu_qsbr_thread_offline(x->qsbr, 0);
	assert_int_equal(rte_rcu_qsbr_thread_unregister(x->qsbr, 0), 0);
}

static void test_adj_full(void **state)
{
	struct fixture *x = *state;
	struct adj_table *t = x->l3->adj;
	uint32_t index;
	int n = 0;

	while (adj_alloc(t, ADJ_NEXT_HOP, 1, 0, 0, &index) == 0)
		n++;
	assert_int_equal(n, LIMIT_ADJACENCIES - ADJ_INDEX_FIRST_FREE - 2); // two gleans
	assert_int_equal(adj_alloc(t, ADJ_NEXT_HOP, 1, 0, 0, &index), -ENOSPC);
	assert_int_equal(adj_alloc(t, ADJ_NEXT_HOP, 5, 0, 0, &index), -ENODEV);
	assert_int_equal(local_add(x->l3, 1, BE(10, 0, 0, 1), 1), -ENOSPC);
	for (index = ADJ_INDEX_FIRST_FREE + 2; index < LIMIT_ADJACENCIES; index++)
		adj_free(t, index, 0);
	assert_false(adj_poll(t, 0));
	assert_int_equal(local_add(x->l3, 1, BE(10, 0, 0, 1), 1), 0);
}

static void test_port_edit(void **state)
{
	static const struct rte_ether_addr mac = { { 2, 0x11, 0x22, 0x33, 0x44, 0x55 } };
	struct fixture *x = *state;
	struct adj_table *t = x->l3->adj;
	uint32_t one, two;

	assert_int_equal(adj_alloc(t, ADJ_NEXT_HOP, 1, BE(10, 0, 0, 9), 0, &one), 0);
	assert_int_equal(adj_alloc(t, ADJ_NEXT_HOP, 2, BE(10, 0, 1, 9), 0, &two), 0);
	adj_resolve(t, one, &mac_a);
	assert_int_equal(l3_port_set(x->l3, 1, 9000, &mac), 0);

	const struct adj *a = l3_adj(x->l3, one);
	static const uint8_t header[] = { 0x02, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 2, 0x11, 0x22, 0x33,
		0x44, 0x55, 0x08, 0x00 };

	assert_memory_equal(&a->eth, header, sizeof(header));
	assert_int_equal(a->mtu, 9000);
	assert_int_equal(adj_state(a), ADJ_RESOLVED);
	assert_int_equal(l3_adj(x->l3, two)->mtu, 1500);
	assert_int_equal(env_lookup(x->l3, IP(10, 0, 0, 77))->mtu, 9000); // glean
	assert_int_equal(l3_port_set(x->l3, LIMIT_PORTS, 1500, &mac), -EINVAL);
}

struct mac_reader {
	const struct adj *adj;
	_Atomic bool stop;
	uint64_t reads, torn;
};

static void *read_macs(void *arg)
{
	typedef uint64_t __attribute__((may_alias)) word;
	struct mac_reader *r = arg;

	while (!atomic_load(&r->stop)) {
		uint64_t w = __atomic_load_n((const word *)&r->adj->eth, __ATOMIC_RELAXED);
		struct rte_ether_addr mac;

		memcpy(&mac, &w, sizeof(mac));
		r->torn += !rte_is_same_ether_addr(&mac, &mac_a) &&
			   !rte_is_same_ether_addr(&mac, &mac_b);
		r->reads++;
	}
	return NULL;
}

static void test_mac_not_torn(void **state)
{
	struct fixture *x = *state;
	struct mac_reader r = { 0 };
	uint64_t end = env_ms() + 200;
	uint32_t index;
	pthread_t thread;

	assert_int_equal(adj_alloc(x->l3->adj, ADJ_NEXT_HOP, 1, 0, 0, &index), 0);
	adj_resolve(x->l3->adj, index, &mac_a);
	r.adj = l3_adj(x->l3, index);
	assert_int_equal(pthread_create(&thread, NULL, read_macs, &r), 0);
	while (env_ms() < end)
		for (int i = 0; i < 100; i++)
			adj_resolve(x->l3->adj, index, i % 2 ? &mac_a : &mac_b);
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_true(r.reads > 0);
	assert_int_equal(r.torn, 0);
}

// local over connected over route over neighbour, whatever the order of arrival.
static void test_priorities(void **state)
{
	struct fixture *x = *state;
	struct rib *r = x->l3->rib;
	uint32_t dst = IP(10, 9, 9, 9);

	for (int order = 0; order < 24; order++) {
		uint32_t best = RIB_SOURCE_COUNT;

		for (int i = 0; i < RIB_SOURCE_COUNT; i++) {
			uint32_t s = (uint32_t)(order + i * (order % 2 ? 3 : 1)) % RIB_SOURCE_COUNT;

			best = RTE_MIN(best, s);
			assert_int_equal(rib_set(r, dst, 32, (enum rib_source)s, 10 + s), 0);
			env_settle_l3(x->l3);
			assert_int_equal(fib_lookup(x->l3->fib, rte_cpu_to_be_32(dst)), 10 + best);
		}
		for (uint32_t s = 0; s < RIB_SOURCE_COUNT; s++) {
			assert_int_equal(rib_del(r, dst, 32, (enum rib_source)s), 0);
			env_settle_l3(x->l3);
			assert_int_equal(fib_lookup(x->l3->fib, rte_cpu_to_be_32(dst)),
				s == RIB_NEIGHBOUR ? 0 : 11 + s);
		}
	}
	assert_int_equal(rib_del(r, dst, 32, RIB_ROUTE), -ENOENT);
	assert_int_equal(rib_set(r, dst, 33, RIB_ROUTE, 1), -EINVAL);
	assert_int_equal(rib_set(r, dst, 32, RIB_ROUTE, 0), -EINVAL);
}

static void count_swept(void *ctx, uint32_t adj)
{
	int *n = ctx;

	*n += adj == 7;
}

static void test_mark_and_sweep(void **state)
{
	struct fixture *x = *state;
	struct rib *r = x->l3->rib;
	int swept = 0;

	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(rib_set(r, IP(20, i, 0, 0), 16, RIB_ROUTE, 7), 0);
	assert_int_equal(rib_set(r, IP(20, 0, 0, 0), 16, RIB_LOCAL, 8), 0);
	rib_mark(r);
	for (uint32_t i = 50; i < 110; i++)
		assert_int_equal(rib_set(r, IP(20, i, 0, 0), 16, RIB_ROUTE, 7), 0);
	assert_int_equal(rib_sweep(r, count_swept, &swept), 0);
	assert_int_equal(swept, 50);
	env_settle_l3(x->l3);
	for (uint32_t i = 1; i < 110; i++)
		assert_int_equal(
			fib_lookup(x->l3->fib, rte_cpu_to_be_32(IP(20, i, 1, 1))), i < 50 ? 0 : 7);
	assert_int_equal(fib_lookup(x->l3->fib, BE(20, 0, 1, 1)), 8);
	assert_int_equal(rib_sweep(r, count_swept, &swept), 0);
	assert_int_equal(swept, 50);
}

static void test_limits(void **state)
{
	struct fixture *x = *state;
	struct rib *r = x->l3->rib;
	uint32_t n = 0;

	while (rib_set(r, IP(20, 0, n, 0), 24, RIB_ROUTE, 7) == 0)
		n++;
	assert_int_equal(n, 200);
	assert_int_equal(rib_set(r, IP(20, 0, 0, 0), 24, RIB_ROUTE, 8), 0);	// replaces
	assert_int_equal(rib_set(r, IP(21, 0, 0, 0), 24, RIB_CONNECTED, 8), 0); // own place
	// Neighbours leave a quarter of the tbl8: 64 of them, two are taken by broadcast addresses.
	for (n = 0; rib_set(r, IP(22, 0, n, 1), 32, RIB_NEIGHBOUR, 7) == 0; n++)
		;
	assert_int_equal(n, 48 - 2);
	assert_int_equal(rib_set(r, IP(22, 0, 0, 2), 32, RIB_NEIGHBOUR, 7), 0); // same /24
	for (n = 0; rib_set(r, IP(23, 0, n, 1), 32, RIB_LOCAL, 7) == 0; n++)
		;
	assert_int_equal(n, 16);
	assert_int_equal(rib_get(r, IP(23, 0, 16, 1), 32, RIB_LOCAL), 0); // refused: not there
}

static void test_covering(void **state)
{
	struct fixture *x = *state;
	struct rib *r = x->l3->rib;

	assert_int_equal(rib_covering(r, IP(30, 1, 1, 1)), 0);
	assert_int_equal(rib_set(r, 0, 0, RIB_ROUTE, 5), 0);
	assert_int_equal(rib_set(r, IP(30, 1, 0, 0), 16, RIB_ROUTE, 6), 0);
	assert_int_equal(rib_set(r, IP(30, 1, 1, 1), 32, RIB_ROUTE, 7), 0);
	assert_int_equal(rib_covering(r, IP(30, 1, 1, 1)), 6);
	assert_int_equal(rib_covering(r, IP(31, 1, 1, 1)), 5);
	assert_int_equal(rib_del(r, IP(30, 1, 0, 0), 16, RIB_ROUTE), 0);
	assert_int_equal(rib_covering(r, IP(30, 1, 1, 1)), 5);
}

static void test_connected(void **state)
{
	struct fixture *x = *state;
	struct l3 *l3 = x->l3;

	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 5))->type, ADJ_GLEAN);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 5))->port, 1);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 0))->type, ADJ_BROADCAST);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 255))->type, ADJ_BROADCAST);
	assert_int_equal(connected_add(l3, 2, BE(10, 0, 0, 7), 24), -EEXIST);
	assert_int_equal(connected_add(l3, 9, BE(10, 7, 0, 7), 24), -ENODEV);
	assert_int_equal(connected_add(l3, 1, BE(10, 7, 0, 7), 33), -EINVAL);
	assert_int_equal(connected_del(l3, 2, BE(10, 0, 0, 7), 24), -ENOENT);
	// A second address in the prefix, and a longer prefix with the same network address.
	assert_int_equal(connected_add(l3, 1, BE(10, 0, 0, 2), 24), 0);
	assert_int_equal(connected_add(l3, 2, BE(10, 0, 0, 1), 25), 0);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 127))->type, ADJ_BROADCAST);
	assert_int_equal(connected_del(l3, 2, BE(10, 0, 0, 1), 25), 0);
	assert_int_equal(connected_del(l3, 1, BE(10, 0, 0, 1), 24), 0);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 0))->type, ADJ_BROADCAST);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 5))->type, ADJ_GLEAN);
	assert_int_equal(connected_del(l3, 1, BE(10, 0, 0, 2), 24), 0);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 5))->type, ADJ_NO_ROUTE);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 255))->type, ADJ_NO_ROUTE);
	// RFC 3021: both addresses of a /31 are hosts. A /32 connects nothing.
	assert_int_equal(connected_add(l3, 1, BE(10, 5, 0, 0), 31), 0);
	assert_int_equal(env_lookup(l3, IP(10, 5, 0, 0))->type, ADJ_GLEAN);
	assert_int_equal(env_lookup(l3, IP(10, 5, 0, 1))->type, ADJ_GLEAN);
	assert_int_equal(connected_add(l3, 1, BE(10, 6, 0, 1), 32), 0);
	assert_int_equal(env_lookup(l3, IP(10, 6, 0, 1))->type, ADJ_NO_ROUTE);
	assert_int_equal(connected_del(l3, 1, BE(10, 6, 0, 1), 32), 0);
}

static void test_local(void **state)
{
	struct fixture *x = *state;
	struct l3 *l3 = x->l3;

	assert_int_equal(local_add(l3, 1, BE(10, 0, 0, 1), 4711), 0);
	assert_int_equal(local_add(l3, 1, BE(10, 0, 0, 1), 4712), -EEXIST);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 1))->type, ADJ_LOCAL);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 1))->address_id, 4711);
	assert_int_equal(local_del(l3, BE(10, 0, 0, 1)), 0);
	assert_int_equal(local_del(l3, BE(10, 0, 0, 1)), -ENOENT);
	assert_int_equal(env_lookup(l3, IP(10, 0, 0, 1))->type, ADJ_GLEAN);
}

static void count_routes(void *ctx, const struct dump_route *r)
{
	int *n = ctx;

	(*n)++;
	if (r->prefix.plen == 24) {
		assert_string_equal(r->type, "connected");
		assert_string_equal(r->source, "connected");
		assert_int_equal(r->port, r->prefix.bytes[2] + 1);
	}
}

static void test_gateway(void **state)
{
	struct fixture *x = *state;
	struct l3 *l3 = x->l3;
	uint32_t first, second;

	assert_int_equal(l3_uplink(l3, 1), 0);
	assert_int_equal(l3_gateway_set(l3, 1, BE(10, 0, 0, 254)), 0);
	first = l3_uplink(l3, 1);
	assert_int_equal(l3_adj(l3, first)->type, ADJ_NEXT_HOP);
	assert_int_equal(l3_adj(l3, first)->port, 1);
	assert_true(l3_adj(l3, first)->next_hop == BE(10, 0, 0, 254));
	assert_true(neigh_held(l3->neigh, 1, BE(10, 0, 0, 254)));
	assert_int_equal(l3_gateway_set(l3, 1, BE(10, 0, 0, 254)), 0); // the same: one reference
	assert_int_equal(l3_gateway_set(l3, 1, BE(10, 0, 0, 253)), 0);
	second = l3_uplink(l3, 1);
	assert_int_not_equal(first, second);
	assert_false(neigh_held(l3->neigh, 1, BE(10, 0, 0, 254)));
	assert_int_equal(l3_gateway_set(l3, 7, BE(10, 0, 7, 1)), -ENODEV); // no such port
	assert_int_equal(l3_uplink(l3, 7), 0);
	assert_int_equal(l3_gateway_set(l3, LIMIT_PORTS, BE(10, 0, 7, 1)), -ENODEV);
	l3_port_clear(l3, 1);
	assert_int_equal(l3_uplink(l3, 1), 0);
	assert_int_equal(neigh_count(l3->neigh), 0);
}

static void test_port_clear(void **state)
{
	struct fixture *x = *state;
	struct l3 *l3 = x->l3;
	uint32_t used = l3->adj->used, gw;
	int n = 0;

	l3_dump_routes(l3, 0, 0, count_routes, &n);
	assert_int_equal(n, 6); // two prefixes with two broadcast addresses each
	n = 0;
	for (uint32_t from = 0, pages = 0; pages == 0 || from != 0; pages++) {
		assert_true(pages < 3);
		from = l3_dump_routes(l3, from, 2, count_routes, &n);
		assert_true(n <= 2 * (int)(pages + 1));
	}
	assert_int_equal(n, 6);
	assert_int_equal(neigh_gateway_get(l3->neigh, 2, BE(10, 0, 1, 254), &gw), 0);
	assert_int_equal(rib_set(l3->rib, 0, 0, RIB_ROUTE, gw), 0);
	assert_int_equal(connected_add(l3, 2, BE(10, 0, 1, 2), 24), 0);
	neigh_update(l3->neigh, 2, BE(10, 0, 1, 7), NEIGH_VALID, &mac_a);
	assert_int_equal(env_lookup(l3, IP(10, 0, 1, 7))->type, ADJ_NEXT_HOP);
	l3_port_clear(l3, 2);
	assert_int_equal(env_lookup(l3, IP(10, 0, 1, 7))->type, ADJ_NO_ROUTE);
	assert_int_equal(env_lookup(l3, IP(99, 0, 1, 7))->type, ADJ_NO_ROUTE);
	assert_int_equal(neigh_count(l3->neigh), 0);
	assert_int_equal(l3->adj->used, used - 1);
	n = 0;
	l3_dump_routes(l3, 0, 0, count_routes, &n);
	assert_int_equal(n, 3);
	assert_int_equal(l3_port_set(l3, 2, 1500, &mac_b), 0); // again
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_adj_reuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_adj_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_edit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mac_not_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_priorities, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mark_and_sweep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_covering, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_local, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gateway, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_clear, setup, teardown),
	};

	return env_eal() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
