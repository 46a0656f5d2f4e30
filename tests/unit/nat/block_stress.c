// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Workers that take ports from port blocks and give them back at once, against the sweeper that
// takes unused blocks away, instrumented by ThreadSanitizer. There are fewer blocks than hosts, so
// that they change hands all the time; while a port is held, its block is its host's.
#include "dataplane/nat/blocks.h"
#include "dataplane/nat/source.h"
#include "tests/unit/nat/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define WORKERS 3
#define HOSTS	6
#define FIRST	2048
#define BLOCKS	5 // of 2 units
#define UNITS	2
#define OPEN	3 // ports of each block
#define HELD	4 // ports that a worker holds at most

struct world {
	struct nat_fixture nat;
	uint32_t host[HOSTS]; // slots + 1
	_Atomic uint32_t holder[PORT_UNITS];
	_Atomic uint32_t port_of[65536];
	_Atomic uint32_t starts, ends, wrong_log;
	_Atomic uint32_t running;
	unsigned rounds;
};

struct worker {
	pthread_t id;
	struct world *world;
	struct nat_worker nat;
	uint64_t rng;
	struct nat_port held[HELD];
	uint32_t host[HELD]; // number + 1, 0: none
	uint64_t taken, refused, wrong_holder, wrong_port, wrong_log;
};

static _Atomic uint32_t *logged(struct world *w, const struct port_block *b)
{
	return &w->holder[b->range.first / PORT_UNIT];
}

static void on_block(void *ctx, const struct port_block *b)
{
	struct world *w = ctx;

	w->wrong_log += atomic_exchange(logged(w, b), b->host) != 0;
	w->starts++;
}

static void on_block_end(void *ctx, const struct port_block *b)
{
	struct world *w = ctx;

	w->wrong_log += atomic_exchange(logged(w, b), 0) != b->host;
	w->ends++;
}

static uint32_t address_of(uint32_t host)
{
	return htonl(0x0a000000 + host);
}

static void check(struct worker *w, const struct nat_port *p, uint32_t host)
{
	struct world *world = w->world;

	w->wrong_holder += block_holder(p->portset, p->block) >> 32 != world->host[host];
	w->wrong_holder += p->block != block_of(p->port, UNITS);
	w->wrong_log += atomic_load(&world->holder[p->block - 1]) != address_of(host);
	w->wrong_port += atomic_load(&world->port_of[p->port]) != host + 1;
}

static void take(struct worker *w, unsigned i)
{
	struct world *world = w->world;
	uint32_t host = port_random(&w->rng, HOSTS);
	uint16_t wanted = (uint16_t)(FIRST + port_random(&w->rng, BLOCKS * UNITS * PORT_UNIT));

	if (nat_block_port(&world->nat.t, &world->nat.snat, world->host[host], PORT_UDP, wanted,
		    &w->nat, &w->held[i]) != 0) {
		w->refused++;
		return;
	}
	w->taken++;
	w->wrong_port += atomic_exchange(&world->port_of[w->held[i].port], host + 1) != 0;
	w->host[i] = host + 1;
}

static void give_back(struct worker *w, unsigned i)
{
	const struct nat_port *p = &w->held[i];

	check(w, p, w->host[i] - 1);
	atomic_store(&w->world->port_of[p->port], 0);
	portset_release(p->portset, PORT_UDP, p->port);
	block_put(p->portset, p->block);
	w->host[i] = 0;
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;

	for (unsigned round = 0; round < w->world->rounds; round++) {
		unsigned i = port_random(&w->rng, HELD);

		if (w->host[i] != 0)
			give_back(w, i);
		else
			take(w, i);
		if (round % 64 == 0)
			sched_yield();
	}
	for (unsigned i = 0; i < HELD; i++)
		if (w->host[i] != 0)
			give_back(w, i);
	atomic_fetch_sub(&w->world->running, 1);
	return NULL;
}

static void *run_sweeper(void *arg)
{
	struct world *w = arg;

	while (atomic_load(&w->running) != 0)
		sweeper_step(&w->nat.s, 100, 50);
	return NULL;
}

static void init(struct world *w)
{
	nat_init(&w->nat, 16, HOSTS + 2);
	w->nat.snat.n_pool = 1;
	w->nat.snat.block_units = UNITS;
	w->nat.snat.max_blocks = 2;
	w->nat.pool[0].ranges[0] =
		(struct port_range){ FIRST, FIRST + BLOCKS * UNITS * PORT_UNIT - 1 };
	for (unsigned b = 0; b < BLOCKS; b++)
		portset_reserve(w->nat.pool[0].portset, PORT_UDP,
			(struct port_range){ (uint16_t)(FIRST + b * UNITS * PORT_UNIT + OPEN),
				(uint16_t)(FIRST + (b + 1) * UNITS * PORT_UNIT - 1) });
	for (uint32_t host = 0; host < HOSTS; host++) {
		struct nat_request rq = nat_flow(&w->nat, host, 1, "198.51.100.1", 53, IPPROTO_UDP);

		assert_int_equal(nat_host_charge(&w->nat.t, &rq, &w->host[host]), 0);
	}
	w->nat.s.conf.on_block_end = on_block_end;
	w->nat.s.conf.on_end_ctx = w;
	w->rounds = getenv("VROUTER_TEST_LONG") != NULL ? 10000000 : 200000;
	w->running = WORKERS;
}

static void test_blocks_change_hands(void **state)
{
	struct world *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);
	struct worker workers[WORKERS];
	pthread_t sweeper;

	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	init(w);
	assert_int_equal(pthread_create(&sweeper, NULL, run_sweeper, w), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .world = w, .rng = i + 1 };
		nat_worker_init(&workers[i].nat, i + 1);
		workers[i].nat.on_block = on_block;
		workers[i].nat.on_block_ctx = w;
		assert_int_equal(pthread_create(&workers[i].id, NULL, run_worker, &workers[i]), 0);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		struct worker *k = &workers[i];

		pthread_join(k->id, NULL);
		print_message("worker %u: %lu ports, %lu refused\n", i, k->taken, k->refused);
		assert_int_equal(k->wrong_holder, 0);
		assert_int_equal(k->wrong_port, 0);
		assert_int_equal(k->wrong_log, 0);
		assert_true(k->taken > 0 && k->refused > 0);
	}
	pthread_join(sweeper, NULL);
	for (uint32_t host = 0; host < HOSTS; host++)
		nat_host_uncharge(&w->nat.t, w->host[host], PORT_UDP);
	nat_done(&w->nat);
	print_message("%u blocks given\n", w->starts);
	assert_int_equal(w->wrong_log, 0);
	assert_int_equal(w->starts, w->ends);
	assert_true(w->starts > 1000);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_change_hands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
