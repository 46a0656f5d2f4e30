// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Port claims: the wanted port first, never outside the ranges, never a reserved or a taken one.
#include "dataplane/nat/ranges.h"
#include "tests/unit/session/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct session_table t;
	struct portset *ps;
	uint64_t rng;
};

static void init(struct fixture *f)
{
	*f = (struct fixture){ .rng = 42 };
	test_table(&f->t, 16, 16, 2);
	assert_int_equal(session_table_acquire_portset(&f->t, inet_addr("203.0.113.7"), &f->ps), 0);
}

static void done(struct fixture *f)
{
	test_table_empty(&f->t);
	session_table_close(&f->t);
}

static int claim(struct fixture *f, enum port_class class, uint16_t wanted,
	const struct port_range *ranges, unsigned n, uint16_t *port)
{
	return portset_claim(f->ps, class, wanted, ranges, n, &f->rng, port);
}

static void test_wanted_first(void **state)
{
	const struct port_range ranges[] = { { 1024, 65535 } };
	struct fixture f;
	uint16_t port, other;

	init(&f);
	assert_int_equal(claim(&f, PORT_TCP, 5000, ranges, 1, &port), 0);
	assert_int_equal(port, 5000);
	assert_int_equal(claim(&f, PORT_UDP, 5000, ranges, 1, &port), 0);
	assert_int_equal(port, 5000); // classes are apart
	assert_int_equal(claim(&f, PORT_TCP, 5000, ranges, 1, &other), 0);
	assert_int_not_equal(other, 5000);
	assert_int_equal(portset_used(f.ps, PORT_TCP), 2);
	portset_release(f.ps, PORT_TCP, 5000);
	portset_release(f.ps, PORT_TCP, other);
	portset_release(f.ps, PORT_UDP, 5000);
	assert_int_equal(claim(&f, PORT_TCP, 1023, ranges, 1, &port), 0);
	assert_in_range(port, 1024, 65535);
	portset_release(f.ps, PORT_TCP, port);
	done(&f);
}

static void test_reserved(void **state)
{
	const struct port_range ranges[] = { { 2000, 2099 } };
	struct fixture f;
	uint16_t port;

	init(&f);
	portset_reserve(f.ps, PORT_TCP, (struct port_range){ 2000, 2063 });
	portset_reserve(f.ps, PORT_TCP, (struct port_range){ 2065, 2099 });
	assert_int_equal(claim(&f, PORT_TCP, 2010, ranges, 1, &port), 0);
	assert_int_equal(port, 2064);
	assert_int_equal(claim(&f, PORT_TCP, 2010, ranges, 1, &port), -EADDRNOTAVAIL);
	portset_unreserve(f.ps, PORT_TCP, (struct port_range){ 2010, 2010 });
	assert_int_equal(claim(&f, PORT_TCP, 2010, ranges, 1, &port), 0);
	assert_int_equal(port, 2010);
	portset_release(f.ps, PORT_TCP, 2064);
	portset_release(f.ps, PORT_TCP, 2010);
	assert_int_equal(claim(&f, PORT_UDP, 2001, ranges, 1, &port), 0);
	assert_int_equal(port, 2001);
	portset_release(f.ps, PORT_UDP, 2001);
	done(&f);
}

static void test_edges(void **state)
{
	const struct port_range none[] = { { 5, 4 } }, all[] = { { 0, 65535 } };
	const struct port_range last[] = { { 9, 8 }, { 65535, 65535 }, { 0, 0 } };
	struct fixture f;
	uint16_t port, sum = 0;

	init(&f);
	assert_int_equal(claim(&f, PORT_ICMP, 4, none, 0, &port), -EADDRNOTAVAIL);
	assert_int_equal(claim(&f, PORT_ICMP, 4, none, 1, &port), -EADDRNOTAVAIL);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(claim(&f, PORT_ICMP, 7, last, 3, &port), 0);
		sum = (uint16_t)(sum + port + 1);
	}
	assert_int_equal(sum, 1); // 65535 and 0
	assert_int_equal(claim(&f, PORT_ICMP, 7, last, 3, &port), -EADDRNOTAVAIL);
	portset_release(f.ps, PORT_ICMP, 0);
	assert_int_equal(claim(&f, PORT_ICMP, 0, all, 1, &port), 0);
	assert_int_equal(port, 0);
	portset_release(f.ps, PORT_ICMP, 0);
	portset_release(f.ps, PORT_ICMP, 65535);
	done(&f);
}

// Random ranges, reservations, claims and releases against a plain model. A range of less than
// PORT_CLAIM_WORDS words never fails while it has a free port.
static void test_against_model(void **state)
{
	enum { FREE, RESERVED, TAKEN };
	uint8_t *model = calloc(65536, 1);
	struct fixture f;

	assert_non_null(model);
	init(&f);
	srandom(7);
	for (unsigned round = 0; round < 200; round++) {
		struct port_range ranges[PORT_RANGES_MAX];
		unsigned n = 1 + (unsigned)random() % PORT_RANGES_MAX, words = 0, open = 0;

		for (unsigned r = 0; r < n; r++) {
			uint32_t first = r * 16384 + (uint32_t)random() % 16000;

			ranges[r].first = (uint16_t)first;
			ranges[r].last = (uint16_t)(first + (uint32_t)random() % 300);
			words += ranges[r].last / 64 - ranges[r].first / 64 + 1;
			for (uint32_t p = ranges[r].first; p <= ranges[r].last; p++)
				open += model[p] == FREE;
		}
		for (unsigned i = 0; i < 400; i++) {
			uint16_t wanted = (uint16_t)random(), port;
			int rc = claim(&f, PORT_UDP, wanted, ranges, n, &port);
			bool inside = false;

			if (rc != 0) {
				assert_int_equal(rc, -EADDRNOTAVAIL);
				assert_true(open == 0 || words >= PORT_CLAIM_WORDS);
				break;
			}
			for (unsigned r = 0; r < n; r++)
				inside |= port >= ranges[r].first && port <= ranges[r].last;
			assert_true(inside);
			assert_int_equal(model[port], FREE);
			model[port] = TAKEN;
			open--;
		}
		for (unsigned i = 0; i < 30; i++) {
			uint16_t p = (uint16_t)random();
			struct port_range one = { p, p };

			if (model[p] == FREE) {
				portset_reserve(f.ps, PORT_UDP, one);
				model[p] = RESERVED;
			} else if (model[p] == RESERVED) {
				portset_unreserve(f.ps, PORT_UDP, one);
				model[p] = FREE;
			}
		}
		for (uint32_t p = (uint32_t)random() % 5; p < 65536; p += 5)
			if (model[p] == TAKEN) {
				portset_release(f.ps, PORT_UDP, (uint16_t)p);
				model[p] = FREE;
			}
	}
	for (uint32_t p = 0; p < 65536; p++)
		if (model[p] == TAKEN)
			portset_release(f.ps, PORT_UDP, (uint16_t)p);
	done(&f);
	free(model);
}

// The ranges of a rule against their definition, and what is counted and enumerated of them.
static void test_ranges(void **state)
{
	struct port_range ranges[PORT_RANGES_MAX];

	srandom(11);
	for (unsigned round = 0; round < 300; round++) {
		uint16_t first = (uint16_t)random(), last = (uint16_t)random();
		bool interface = round % 2;
		uint32_t n, i = 0;

		if (round % 7 == 0)
			first = (uint16_t)(10230 + random() % 20);
		if (round % 5 == 0)
			last = (uint16_t)(32760 + random() % 20);
		n = nat_port_ranges(interface, first, last, ranges);
		for (uint32_t p = 0; p < 65536; p++) {
			bool in = p >= first && p <= last && p >= 1024 &&
				  !(interface && p >= 10240 && p <= 32767);

			assert_int_equal(port_ranges_have(ranges, n, (uint16_t)p), in);
			if (in)
				assert_int_equal(port_ranges_at(ranges, n, i++), p);
		}
		assert_int_equal(port_ranges_size(ranges, n), i);
	}
}

// Every port of the whole range can be had: with few free ones left, by asking again.
static void test_all_ports(void **state)
{
	const struct port_range ranges[] = { { 1024, 10239 }, { 32768, 65535 } };
	const uint32_t total = 9216 + 32768;
	struct fixture f;
	uint16_t port;
	uint32_t n = 0;

	init(&f);
	for (uint32_t tries = 0; n < total && tries < total * 100; tries++)
		n += claim(&f, PORT_TCP, 1, ranges, 2, &port) == 0;
	assert_int_equal(n, total);
	assert_int_equal(portset_used(f.ps, PORT_TCP), total);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(claim(&f, PORT_TCP, 1024, ranges, 2, &port), -EADDRNOTAVAIL);
	for (uint32_t p = 0; p < 65536; p++)
		if ((p >= 1024 && p <= 10239) || p >= 32768)
			portset_release(f.ps, PORT_TCP, (uint16_t)p);
	done(&f);
}

// Taken out of the configuration and put in again, before the first one that had it is gone.
static void test_dropped_and_taken_again(void **state)
{
	struct portset *again, *other;
	struct fixture f;

	init(&f);
	assert_int_equal(session_table_acquire_portset(&f.t, f.ps->addr, &again), 0);
	assert_ptr_equal(again, f.ps);
	portsets_drop(f.ps); // by the old configuration
	portsets_keep(again);
	assert_int_equal(session_table_acquire_portset(&f.t, 8, &other), 0);
	assert_ptr_not_equal(other, again);
	assert_int_equal(again->addr, inet_addr("203.0.113.7"));
	done(&f);
}

static void test_addresses(void **state)
{
	const struct port_range all = { 0, 65535 };
	struct portset *again, *second, *third;
	struct fixture f;
	uint16_t port;

	init(&f);
	assert_int_equal(session_table_acquire_portset(&f.t, inet_addr("203.0.113.7"), &again), 0);
	assert_ptr_equal(again, f.ps);
	assert_int_equal(session_table_acquire_portset(&f.t, 8, &second), 0);
	assert_ptr_not_equal(second, f.ps);
	assert_int_equal(session_table_acquire_portset(&f.t, 9, &third), -ENOSPC);
	// A set with a claimed port is kept for its address until the port is released.
	portset_reserve(second, PORT_UDP, (struct port_range){ 7, 9 });
	assert_int_equal(portset_claim(second, PORT_TCP, 5, &all, 1, &f.rng, &port), 0);
	portsets_drop(second);
	assert_int_equal(session_table_acquire_portset(&f.t, 9, &third), -ENOSPC);
	assert_int_equal(session_table_acquire_portset(&f.t, 8, &again), 0);
	assert_ptr_equal(again, second);
	portsets_drop(second);
	portset_release(second, PORT_TCP, 5);
	assert_int_equal(session_table_acquire_portset(&f.t, 9, &third), 0);
	assert_ptr_equal(third, second);
	// The former address' reservations are forgotten.
	assert_int_equal(portset_claim(third, PORT_UDP, 8, &all, 1, &f.rng, &port), 0);
	assert_int_equal(port, 8);
	portset_release(third, PORT_UDP, 8);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted_first),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_all_ports),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_dropped_and_taken_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
