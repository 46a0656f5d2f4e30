// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The neighbour state machine with a fake kernel: resolution, negative cache, refresh, references,
// eviction, and host routes that follow the prefixes over them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/fib/dump.h"
#include "tests/unit/fib/env.h"

#define HOST	BE(10, 0, 0, 5)
#define HOST_IP IP(10, 0, 0, 5)

struct fixture {
	struct rte_rcu_qsbr *qsbr;
	struct l3 *l3;
	struct neigh *n;
	unsigned int uses, manages, unmanages, forgets;
	rte_be32_t last;
	int result; // of the next requests
};

static int fake_use(void *ctx, uint16_t port, rte_be32_t addr)
{
	struct fixture *x = ctx;

	assert_in_range(port, 1, 2);
	x->uses++;
	x->last = addr;
	return x->result;
}

static int fake_manage(void *ctx, uint16_t port, rte_be32_t addr)
{
	struct fixture *x = ctx;

	assert_in_range(port, 1, 2);
	x->manages++;
	x->last = addr;
	return x->result;
}

static int fake_unmanage(void *ctx, uint16_t port, rte_be32_t addr)
{
	struct fixture *x = ctx;

	assert_in_range(port, 1, 2);
	x->unmanages++;
	x->last = addr;
	return x->result;
}

static int fake_forget(void *ctx, uint16_t port, rte_be32_t addr)
{
	struct fixture *x = ctx;

	assert_in_range(port, 1, 2);
	x->forgets++;
	x->last = addr;
	return x->result;
}

static const struct neigh_ops fake = { fake_use, fake_manage, fake_unmanage, fake_forget };

static int setup(void **state)
{
	static struct fixture x;

	x = (struct fixture){ .qsbr = env_qsbr() };
	x.l3 = env_l3(x.qsbr,
		&(struct l3_conf){ .max_routes = 100, .max_neighbours = 64, .max_unresolved = 8 });
	x.n = x.l3->neigh;
	neigh_set_ops(x.n, &fake, &x);
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

static void test_resolve(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
	assert_int_equal(neigh_glean(x->n, 1, HOST, 0), 0);
	assert_int_equal(x->uses, 1);
	assert_int_equal(x->last, HOST);
	for (uint64_t t = 0; t < 1000; t += 10)
		assert_int_equal(neigh_glean(x->n, 1, HOST, t), 0);
	assert_int_equal(x->uses, 1);
	assert_int_equal(neigh_glean(x->n, 1, HOST, 1000), 0);
	assert_int_equal(x->uses, 2);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);

	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a);

	struct adj *a = env_lookup(x->l3, HOST_IP);

	assert_int_equal(a->type, ADJ_NEXT_HOP);
	assert_int_equal(adj_state(a), ADJ_RESOLVED);
	assert_int_equal(a->port, 1);
	assert_int_equal(a->next_hop, HOST);
	assert_memory_equal(&a->eth.dst_addr, &mac_a, 6);
	// A new MAC: same adjacency, no work for the FIB.
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_b);
	assert_true(fib_idle(x->l3->fib));
	assert_ptr_equal(env_lookup(x->l3, HOST_IP), a);
	assert_memory_equal(&a->eth.dst_addr, &mac_b, 6);
	neigh_update(x->n, 1, HOST, NEIGH_GONE, NULL);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
	assert_int_equal(neigh_count(x->n), 0);
}

static void test_not_ours(void **state)
{
	static const struct rte_ether_addr zero, group = { { 0x01, 0, 0x5e, 0, 0, 1 } };
	struct fixture *x = *state;

	assert_int_equal(neigh_glean(x->n, 3, HOST, 0), -ENODEV);	      // port
	assert_int_equal(neigh_glean(x->n, 2, HOST, 0), -ENODEV);	      // other link
	assert_int_equal(neigh_glean(x->n, 1, BE(192, 0, 2, 1), 0), -ENODEV); // not on-link
	neigh_update(x->n, 2, HOST, NEIGH_VALID, &mac_a);
	neigh_update(x->n, 1, HOST, NEIGH_FAILED, NULL);
	neigh_update(x->n, 1, HOST, NEIGH_GONE, NULL);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &zero);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &group);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, NULL);
	assert_int_equal(neigh_count(x->n), 0);
	assert_int_equal(x->uses, 0);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a); // met by the kernel first
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_NEXT_HOP);
}

static void test_negative_cache(void **state)
{
	struct fixture *x = *state;
	struct adj *a;

	assert_int_equal(neigh_glean(x->n, 1, HOST, 0), 0);
	neigh_tick(x->n, 3000);
	neigh_update(x->n, 1, HOST, NEIGH_FAILED, NULL);
	a = env_lookup(x->l3, HOST_IP);
	assert_int_equal(a->type, ADJ_NEXT_HOP);
	assert_int_equal(adj_state(a), ADJ_FAILED);
	assert_int_equal(neigh_glean(x->n, 1, HOST, 4500), 0); // of a packet before the host route
	neigh_update(x->n, 1, HOST, NEIGH_FAILED, NULL);       // again: does not prolong it
	neigh_tick(x->n, 5999);
	assert_int_equal(adj_state(env_lookup(x->l3, HOST_IP)), ADJ_FAILED);
	assert_int_equal(x->uses, 1);
	neigh_tick(x->n, 6000);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
	assert_int_equal(neigh_count(x->n), 0);
	assert_int_equal(neigh_glean(x->n, 1, HOST, 6001), 0); // and again
	assert_int_equal(x->uses, 2);
	neigh_update(x->n, 1, HOST, NEIGH_FAILED, NULL);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a); // came back in its time
	assert_int_equal(adj_state(env_lookup(x->l3, HOST_IP)), ADJ_RESOLVED);
	neigh_tick(x->n, 20000);
	assert_int_equal(adj_state(env_lookup(x->l3, HOST_IP)), ADJ_RESOLVED);
	neigh_update(x->n, 1, HOST, NEIGH_FAILED, NULL); // `ip neigh del` reports both
	neigh_update(x->n, 1, HOST, NEIGH_GONE, NULL);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
}

// The kernel says nothing at all.
// A gateway and a host did not answer while the link was away.
static void test_link_is_back(void **state)
{
	struct fixture *x = *state;
	rte_be32_t gateway = BE(10, 0, 0, 1), resolved = BE(10, 0, 0, 7);
	uint32_t adj;

	assert_int_equal(neigh_gateway_get(x->n, 1, gateway, &adj), 0);
	assert_int_equal(neigh_glean(x->n, 1, HOST, 0), 0);
	assert_int_equal(neigh_glean(x->n, 1, resolved, 0), 0);
	neigh_update(x->n, 1, gateway, NEIGH_FAILED, NULL);
	neigh_update(x->n, 1, HOST, NEIGH_FAILED, NULL);
	neigh_update(x->n, 1, resolved, NEIGH_VALID, &mac_a);
	neigh_port_up(x->n, 2);
	assert_int_equal(x->forgets, 0);
	neigh_port_up(x->n, 1);
	assert_int_equal(x->forgets, 2);
	// What the kernel says to that.
	x->manages = 0;
	neigh_update(x->n, 1, gateway, NEIGH_FAILED, NULL);
	neigh_update(x->n, 1, gateway, NEIGH_GONE, NULL);
	neigh_update(x->n, 1, HOST, NEIGH_FAILED, NULL);
	neigh_update(x->n, 1, HOST, NEIGH_GONE, NULL);
	assert_int_equal(x->manages, 1);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
	assert_int_equal(neigh_count(x->n), 2);
	// The kernel has no entry: nothing will be said.
	assert_int_equal(neigh_glean(x->n, 1, HOST, 0), 0);
	x->result = -ENOENT;
	neigh_port_up(x->n, 1);
	assert_int_equal(x->manages, 2);
	assert_int_equal(neigh_count(x->n), 2);
	neigh_gateway_put(x->n, 1, gateway);
}

static void test_no_answer(void **state)
{
	struct fixture *x = *state;

	x->result = -ENOBUFS;
	assert_int_equal(neigh_glean(x->n, 1, HOST, 0), 0);
	assert_int_equal(x->n->stats.request_errors, 1);
	neigh_tick(x->n, 4999);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
	neigh_tick(x->n, 5000);
	assert_int_equal(adj_state(env_lookup(x->l3, HOST_IP)), ADJ_FAILED);
	neigh_tick(x->n, 8000);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
	neigh_set_ops(x->n, NULL, NULL);
	assert_int_equal(neigh_glean(x->n, 1, HOST, 8000), 0);
	assert_int_equal(x->n->stats.request_errors, 2);
}

static void test_refresh(void **state)
{
	struct fixture *x = *state;
	struct adj *a;

	neigh_tick(x->n, 100000);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a);
	a = env_lookup(x->l3, HOST_IP);
	neigh_tick(x->n, 130000);
	assert_int_equal(x->uses, 0); // no traffic
	adj_touch(a, 130);
	neigh_tick(x->n, 131000);
	assert_int_equal(x->uses, 1);
	adj_touch(a, 140);
	neigh_tick(x->n, 155999);
	assert_int_equal(x->uses, 1);
	neigh_tick(x->n, 156000);
	assert_int_equal(x->uses, 2);
	neigh_tick(x->n, 200000);
	assert_int_equal(x->uses, 2); // no packet since
	neigh_update(x->n, 1, HOST, NEIGH_PERMANENT, &mac_a);
	adj_touch(a, 210);
	neigh_tick(x->n, 240000);
	assert_int_equal(x->uses, 2); // an administrator's entry needs no refresh
}

// More due entries than requests in a tick: every one has its turn.
static void test_refresh_is_bounded(void **state)
{
	struct fixture *x = *state;
	struct l3_conf c = { .max_routes = 10, .max_neighbours = 1000, .qsbr = x->qsbr };

	l3_destroy(x->l3);
	assert_int_equal(l3_create(&c, &x->l3), 0);
	x->n = x->l3->neigh;
	neigh_set_ops(x->n, &fake, x);
	assert_int_equal(l3_port_set(x->l3, 1, 1500, &mac_b), 0);
	assert_int_equal(connected_add(x->l3, 1, BE(10, 0, 0, 0), 16), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		neigh_update(x->n, 1, BE(10, 0, 1 + i / 200, 1 + i % 200), NEIGH_VALID, &mac_a);
		adj_touch(env_lookup(x->l3, IP(10, 0, 1 + i / 200, 1 + i % 200)), 1);
	}
	neigh_tick(x->n, 50000);
	assert_int_equal(x->uses, NEIGH_TICK_REQUESTS);
	for (int i = 0; i < 5; i++)
		neigh_tick(x->n, 50100);
	assert_int_equal(x->uses, 1000);
}

static void test_gateway(void **state)
{
	struct fixture *x = *state;
	uint32_t adj, again, used = x->l3->adj->used;

	assert_int_equal(neigh_gateway_get(x->n, 9, HOST, &adj), -ENODEV);
	assert_int_equal(neigh_gateway_get(x->n, 1, HOST, &adj), 0);
	assert_int_equal(neigh_gateway_get(x->n, 1, HOST, &again), 0);
	assert_int_equal(again, adj);
	assert_int_equal(x->manages, 1);
	assert_true(neigh_held(x->n, 1, HOST));
	assert_int_equal(adj_state(l3_adj(x->l3, adj)), ADJ_INCOMPLETE);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a);
	assert_int_equal(adj_state(l3_adj(x->l3, adj)), ADJ_RESOLVED);
	assert_ptr_equal(env_lookup(x->l3, HOST_IP), l3_adj(x->l3, adj)); // host route as well
	neigh_update(x->n, 1, HOST, NEIGH_FAILED, NULL);
	neigh_tick(x->n, 4000);
	assert_int_equal(adj_state(l3_adj(x->l3, adj)), ADJ_FAILED); // no end: the kernel retries
	assert_int_equal(x->manages, 1);
	neigh_tick(x->n, 5000);
	assert_int_equal(x->manages, 2); // and so do we, rarely
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_b);
	neigh_update(x->n, 1, HOST, NEIGH_GONE, NULL); // `ip neigh flush`: asked for at once
	assert_int_equal(x->manages, 3);
	assert_int_equal(adj_state(l3_adj(x->l3, adj)), ADJ_INCOMPLETE);
	neigh_gateway_put(x->n, 1, HOST);
	assert_int_equal(x->unmanages, 0);
	neigh_gateway_put(x->n, 1, HOST);
	assert_int_equal(x->unmanages, 1);
	neigh_gateway_put(x->n, 1, HOST); // one too many
	assert_int_equal(neigh_count(x->n), 0);
	env_settle_l3(x->l3);
	assert_int_equal(x->l3->adj->used, used);
}

// A resolved gateway that nobody needs any more goes on as an ordinary neighbour.
static void test_gateway_to_host(void **state)
{
	struct fixture *x = *state;
	uint32_t adj;

	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a);
	assert_int_equal(neigh_gateway_get(x->n, 1, HOST, &adj), 0);
	assert_int_equal(adj_state(l3_adj(x->l3, adj)), ADJ_RESOLVED);
	neigh_gateway_put(x->n, 1, HOST);
	assert_ptr_equal(env_lookup(x->l3, HOST_IP), l3_adj(x->l3, adj));
	neigh_update(x->n, 1, HOST, NEIGH_GONE, NULL);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
	// A gateway that is on no connected prefix has no host route.
	assert_int_equal(neigh_gateway_get(x->n, 1, BE(192, 0, 2, 1), &adj), 0);
	neigh_update(x->n, 1, BE(192, 0, 2, 1), NEIGH_VALID, &mac_a);
	assert_int_equal(env_lookup(x->l3, IP(192, 0, 2, 1))->type, ADJ_NO_ROUTE);
	assert_int_equal(adj_state(l3_adj(x->l3, adj)), ADJ_RESOLVED);
	neigh_gateway_put(x->n, 1, BE(192, 0, 2, 1));
	assert_int_equal(neigh_count(x->n), 0);
}

// A scan: the oldest unresolved ones make room, resolved ones and gateways stay.
static void test_scan(void **state)
{
	struct fixture *x = *state;
	uint32_t adj;

	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a);
	assert_int_equal(neigh_gateway_get(x->n, 1, BE(10, 0, 0, 254), &adj), 0);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(neigh_glean(x->n, 1, BE(10, 0, 0, 10 + i % 200), i / 10), 0);
	assert_int_equal(x->n->n_unresolved, 8);
	assert_int_equal(neigh_count(x->n), 10);
	assert_true(x->n->stats.evicted > 0);
	assert_true(neigh_held(x->n, 1, BE(10, 0, 0, 254)));
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_NEXT_HOP);
	// The answer of one that was evicted is welcome.
	neigh_update(x->n, 1, BE(10, 0, 0, 11), NEIGH_VALID, &mac_b);
	assert_int_equal(env_lookup(x->l3, IP(10, 0, 0, 11))->type, ADJ_NEXT_HOP);
}

// One host answers for everything: idle entries make room, those with traffic stay.
static void test_table_full(void **state)
{
	struct fixture *x = *state;

	neigh_tick(x->n, 10000);
	for (uint32_t i = 0; i < 64; i++)
		neigh_update(x->n, 1, BE(10, 0, 0, 10 + i), NEIGH_VALID, &mac_a);
	assert_int_equal(neigh_count(x->n), 64);
	assert_int_equal(neigh_glean(x->n, 1, HOST, 10001), -ENOSPC); // all are young
	assert_int_equal(x->n->stats.refused, 1);
	for (uint32_t i = 0; i < 64; i++)
		if (i != 20)
			adj_touch(env_lookup(x->l3, IP(10, 0, 0, 10 + i)), 11);
	assert_int_equal(neigh_glean(x->n, 1, HOST, 14000), 0);
	assert_int_equal(x->n->stats.evicted, 1);
	assert_int_equal(env_lookup(x->l3, IP(10, 0, 0, 30))->type, ADJ_GLEAN);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_b);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_NEXT_HOP);
}

// Host routes never hide a longer route that comes later, and go with their prefix.
static void test_covering_changes(void **state)
{
	struct fixture *x = *state;
	struct rib *r = x->l3->rib;

	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_NEXT_HOP);
	assert_int_equal(rib_set(r, IP(10, 0, 0, 0), 28, RIB_ROUTE, ADJ_INDEX_BLACKHOLE), 0);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_BLACKHOLE);
	assert_int_equal(rib_del(r, IP(10, 0, 0, 0), 28, RIB_ROUTE), 0);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_NEXT_HOP);
	assert_int_equal(connected_del(x->l3, 1, BE(10, 0, 0, 1), 24), 0);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_NO_ROUTE);
	// The prefix moves to the other port, where the host has another MAC.
	assert_int_equal(connected_add(x->l3, 2, BE(10, 0, 0, 1), 24), 0);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_GLEAN);
	neigh_update(x->n, 2, HOST, NEIGH_VALID, &mac_b);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->port, 2);
	neigh_update(x->n, 1, HOST, NEIGH_GONE, NULL);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->port, 2);
}

static void test_resync(void **state)
{
	struct fixture *x = *state;
	uint32_t adj;

	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a);
	neigh_update(x->n, 1, BE(10, 0, 0, 6), NEIGH_VALID, &mac_a);
	assert_int_equal(neigh_gateway_get(x->n, 2, BE(10, 0, 1, 6), &adj), 0);
	neigh_update(x->n, 2, BE(10, 0, 1, 6), NEIGH_VALID, &mac_a);
	neigh_mark(x->n);
	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_b);
	neigh_sweep(x->n);
	assert_int_equal(env_lookup(x->l3, HOST_IP)->type, ADJ_NEXT_HOP);
	assert_int_equal(env_lookup(x->l3, IP(10, 0, 0, 6))->type, ADJ_GLEAN);
	assert_int_equal(x->manages, 2);
	assert_int_equal(adj_state(l3_adj(x->l3, adj)), ADJ_INCOMPLETE);
}

static void check_neighbour(void *ctx, const struct dump_neighbour *r)
{
	int *n = ctx;

	(*n)++;
	assert_int_equal(r->port, 1);
	assert_memory_equal(r->addr.bytes, &(rte_be32_t){ HOST }, 4);
	assert_int_equal(r->valid, 1);
	assert_memory_equal(r->mac, &mac_a, 6);
}

static void test_dump(void **state)
{
	struct fixture *x = *state;
	int n = 0;

	neigh_update(x->n, 1, HOST, NEIGH_VALID, &mac_a);
	l3_dump_neighbours(x->l3, check_neighbour, &n);
	assert_int_equal(n, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_resolve),
		TEST(test_not_ours),
		TEST(test_negative_cache),
		TEST(test_link_is_back),
		TEST(test_no_answer),
		TEST(test_refresh),
		TEST(test_refresh_is_bounded),
		TEST(test_gateway),
		TEST(test_gateway_to_host),
		TEST(test_scan),
		TEST(test_table_full),
		TEST(test_covering_changes),
		TEST(test_resync),
		TEST(test_dump),
	};

	return env_eal() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
