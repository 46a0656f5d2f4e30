// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Every limit of session creation is filled, refuses with its own error, and drains to nothing.
#include "tests/unit/nat/fixture.h"

static void use(const struct nat_fixture *f, uint32_t sessions, uint32_t mappings, uint32_t hosts)
{
	assert_int_equal(slab_used(&f->t.slabs[ARENA_SESSIONS]), sessions);
	assert_int_equal(slab_used(&f->t.slabs[ARENA_MAPPINGS]), mappings);
	assert_int_equal(slab_used(&f->t.slabs[ARENA_HOSTS]), hosts);
}

static void test_sessions(void **state)
{
	struct nat_fixture f;
	uint32_t ref;

	nat_init(&f, 500, 20);
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 500; i++) {
			struct nat_request rq = nat_flow(
				&f, i % 10, (uint16_t)(2000 + i), "198.51.100.9", 53, IPPROTO_UDP);

			assert_int_equal(nat_make(&f, &rq, &ref), 0);
		}
		for (uint32_t i = 0; i < 10; i++) {
			struct nat_request rq = nat_flow(&f, i, 9, "198.51.100.9", 53, IPPROTO_UDP);

			assert_int_equal(nat_make(&f, &rq, &ref), -ENOSPC);
			assert_int_equal(ref, 0);
		}
		use(&f, 500, 500, 10);
		assert_int_equal(portset_used(f.pool[0].portset, PORT_UDP) +
					 portset_used(f.pool[1].portset, PORT_UDP),
			500);
		test_index_consistent(&f.t.index);
		test_drain(&f.s, &f.grace, 1000000);
		test_table_empty(&f.t);
	}
	nat_done(&f);
}

static void test_hosts(void **state)
{
	struct nat_fixture f;
	uint32_t ref;

	nat_init(&f, 64, 20);
	for (uint32_t i = 0; i < 22; i++) {
		struct nat_request rq = nat_flow(&f, i, 5000, "198.51.100.9", 53, IPPROTO_TCP);

		assert_int_equal(nat_make(&f, &rq, &ref), i < 20 ? 0 : -ENOSPC);
	}
	use(&f, 20, 20, 20);
	nat_done(&f);
}

// The limit is of each host and protocol class.
static void test_host_limit(void **state)
{
	struct nat_fixture f;
	uint32_t ref;

	nat_init(&f, 64, 20);
	f.snat.max_sessions_per_host = 5;
	for (uint32_t i = 0; i < 42; i++) {
		struct nat_request rq = nat_flow(&f, i % 3, (uint16_t)(5000 + i / 6),
			"198.51.100.9", 53, (i / 3) % 2 ? IPPROTO_UDP : IPPROTO_TCP);

		assert_int_equal(nat_make(&f, &rq, &ref), i < 30 ? 0 : -EUSERS);
	}
	use(&f, 30, 30, 3);
	nat_done(&f);
}

// The host's ports come back with the end of its sessions.
static void test_host_limit_recovers(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	uint32_t ref;

	nat_init(&f, 64, 20);
	f.snat.max_sessions_per_host = 1;
	rq = nat_flow(&f, 5, 5000, "198.51.100.9", 53, IPPROTO_UDP);
	assert_int_equal(nat_make(&f, &rq, &ref), 0);
	rq.key.sport++;
	assert_int_equal(nat_make(&f, &rq, &ref), -EUSERS);
	test_drain(&f.s, &f.grace, 500);
	assert_int_equal(nat_make(&f, &rq, &ref), 0);
	nat_done(&f);
}

// All flows have the same destination, so that no port serves two of them.
static void test_ports(void **state)
{
	const enum nat_mapping modes[] = { NAT_MAP_ENDPOINT_INDEPENDENT,
		NAT_MAP_ENDPOINT_DEPENDENT };
	struct nat_request rq;
	struct nat_fixture f;
	uint32_t ref;

	for (unsigned mode = 0; mode < 2; mode++) {
		nat_init(&f, 1000, 20);
		f.snat.n_pool = 1;
		f.snat.mapping = (uint8_t)modes[mode];
		f.pool[0].ranges[0] = (struct port_range){ 3000, 3059 };
		for (uint32_t i = 0; i < 70; i++) {
			rq = nat_flow(
				&f, i % 7, (uint16_t)(2000 + i), "198.51.100.9", 53, IPPROTO_TCP);
			assert_int_equal(nat_make(&f, &rq, &ref), i < 60 ? 0 : -EADDRNOTAVAIL);
		}
		use(&f, 60, mode == 0 ? 60 : 0, 7);
		assert_int_equal(portset_used(f.pool[0].portset, PORT_TCP), mode == 0 ? 60 : 0);
		// Another destination: a new flow of a mapping, or a port that is shared.
		rq = nat_flow(&f, 0, 2000, "198.51.100.10", 53, IPPROTO_TCP);
		assert_int_equal(nat_make(&f, &rq, &ref), 0);
		assert_int_equal(f.w.degraded, 0);
		nat_done(&f);
	}
}

// design: without a free port a rule with exact filtering goes on endpoint-dependent; one that
// promises more refuses. Mappings that come back are used again.
static void test_degradation(void **state)
{
	struct nat_request rq;
	struct nat_fixture f;
	uint32_t ref;

	nat_init(&f, 1000, 20);
	f.snat.n_pool = 1;
	f.pool[0].ranges[0] = (struct port_range){ 3000, 3049 };
	for (uint32_t i = 0; i < 150; i++) {
		rq = nat_flow(&f, i % 7, (uint16_t)(2000 + i), "198.51.100.9",
			(uint16_t)(53 + i / 50), IPPROTO_UDP);
		assert_int_equal(nat_make(&f, &rq, &ref), 0);
		assert_int_equal((session_at(&f.t, ref)->flags & SESSION_DEGRADED) != 0, i >= 50);
	}
	assert_int_equal(f.w.degraded, 100);
	use(&f, 150, 50, 7);
	f.snat.filtering = NAT_FILTER_ADDRESS_DEPENDENT;
	rq = nat_flow(&f, 9, 9, "198.51.100.77", 53, IPPROTO_UDP);
	assert_int_equal(nat_make(&f, &rq, &ref), -EADDRNOTAVAIL);
	f.snat.filtering = NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT;
	test_drain(&f.s, &f.grace, 1000000);
	assert_int_equal(nat_make(&f, &rq, &ref), 0);
	assert_int_equal(session_at(&f.t, ref)->flags, SESSION_SNAT);
	nat_done(&f);
}

// The whole port range of one address.
static void test_all_ports_of_an_address(void **state)
{
	const uint32_t total = 65536 - 1024;
	struct nat_fixture f;
	uint32_t ref;

	nat_init(&f, 200000, 20); // far from full: no key may find both its buckets full
	f.snat.n_pool = 1;
	for (uint32_t i = 0; i < total; i++) {
		struct nat_request rq = nat_flow(
			&f, i % 2, (uint16_t)(1024 + i % total), "198.51.100.9", 53, IPPROTO_UDP);

		assert_int_equal(nat_make(&f, &rq, &ref), 0);
	}
	assert_int_equal(portset_used(f.pool[0].portset, PORT_UDP), total);
	for (uint16_t i = 0; i < 100; i++) {
		struct nat_request rq =
			nat_flow(&f, 3, (uint16_t)(2000 + i), "198.51.100.9", 53, IPPROTO_UDP);

		assert_int_equal(nat_make(&f, &rq, &ref), -EADDRNOTAVAIL);
	}
	use(&f, total, total, 3); // the third host has no session, and goes with the next pass
	nat_done(&f);
}

// Two buckets for all keys: the index is full long before the slots are.
static void test_index(void **state)
{
	unsigned made = 0, refused = 0;
	struct nat_fixture f;
	uint32_t ref;

	nat_init(&f, 64, 64);
	f.t.index.n_buckets = 2;
	for (uint32_t i = 0; i < 40; i++) {
		struct nat_request rq =
			nat_flow(&f, i / 4, (uint16_t)(5000 + i), "198.51.100.9", 53, IPPROTO_UDP);
		int rc = nat_make(&f, &rq, &ref);

		assert_true(rc == 0 || rc == -ENOBUFS);
		made += rc == 0;
		refused += rc == -ENOBUFS;
		test_index_consistent(&f.t.index);
		if (i % 10 == 9)
			test_drain(&f.s, &f.grace, 1000000);
	}
	assert_true(made >= 16);
	assert_true(refused >= 16);
	assert_true(f.s.ended[SESSION_END_UNDONE] > 0);
	nat_done(&f);
}

// Nobody gives the writer word back: nothing is created, nothing is lost.
static void test_busy(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	uint32_t ref;

	nat_init(&f, 64, 64);
	for (uint32_t b = 0; b < f.t.index.n_buckets; b++)
		f.t.index.buckets[b].writer = 1;
	rq = nat_flow(&f, 5, 5000, "198.51.100.9", 53, IPPROTO_UDP);
	assert_int_equal(nat_make(&f, &rq, &ref), -EAGAIN);
	use(&f, 0, 0, 0);
	rq.snat = NULL;
	assert_int_equal(nat_make(&f, &rq, &ref), -EAGAIN);
	use(&f, 0, 0, 0);
	for (uint32_t b = 0; b < f.t.index.n_buckets; b++)
		f.t.index.buckets[b].writer = 0;
	assert_int_equal(nat_make(&f, &rq, &ref), 0);
	nat_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_host_limit),
		cmocka_unit_test(test_host_limit_recovers),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_degradation),
		cmocka_unit_test(test_all_ports_of_an_address),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
