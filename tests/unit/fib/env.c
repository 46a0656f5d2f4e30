// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Shared parts of the FIB tests, see env.h.
#include "tests/unit/fib/env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <rte_common.h>
#include <rte_eal.h>

const struct rte_ether_addr mac_a = { { 0x02, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa } };
const struct rte_ether_addr mac_b = { { 0x02, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb } };

int env_eal(void)
{
	static char args[][16] = { "test", "--no-huge", "-m", "512", "--no-pci", "--no-telemetry",
		"--no-shconf", "--iova-mode=va", "-l", "0" };
	static char *argv[RTE_DIM(args) + 1];

	for (unsigned int i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	return rte_eal_init(RTE_DIM(args), argv) < 0 ? -1 : 0;
}

struct rte_rcu_qsbr *env_qsbr(void)
{
	size_t size = rte_rcu_qsbr_get_memsize(LIMIT_WORKERS);
	struct rte_rcu_qsbr *q = aligned_alloc(64, (size + 63) / 64 * 64);

	assert_non_null(q);
	assert_int_equal(rte_rcu_qsbr_init(q, LIMIT_WORKERS), 0);
	return q;
}

uint64_t env_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void env_settle(struct fib *f)
{
	uint64_t deadline = env_ms() + 10000;

	while (fib_poll(f))
		assert_true(env_ms() < deadline);
	assert_true(fib_idle(f));
}

void env_settle_l3(struct l3 *l3)
{
	uint64_t deadline = env_ms() + 10000;

	while (l3_poll(l3))
		assert_true(env_ms() < deadline);
}

struct l3 *env_l3(struct rte_rcu_qsbr *q, const struct l3_conf *conf)
{
	static const struct rte_ether_addr port1 = { { 2, 0, 0, 0, 0, 1 } };
	static const struct rte_ether_addr port2 = { { 2, 0, 0, 0, 0, 2 } };
	struct l3_conf c = conf ? *conf : (struct l3_conf){ 0 };
	struct l3 *l3;

	c.qsbr = q;
	assert_int_equal(l3_create(&c, &l3), 0);
	assert_int_equal(l3_port_set(l3, 1, 1500, &port1), 0);
	assert_int_equal(l3_port_set(l3, 2, 1500, &port2), 0);
	assert_int_equal(connected_add(l3, 1, BE(10, 0, 0, 1), 24), 0);
	assert_int_equal(connected_add(l3, 2, BE(10, 0, 1, 1), 24), 0);
	return l3;
}

struct adj *env_lookup(struct l3 *l3, uint32_t dst)
{
	env_settle_l3(l3);
	return l3_adj(l3, fib_lookup(l3->fib, rte_cpu_to_be_32(dst)));
}
