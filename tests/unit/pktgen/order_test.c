// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What is sent in which order: permutations, tuples, flows that are replaced, shares and sizes.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>

#include "tests/perf/pktgen/churn.h"
#include "tests/perf/pktgen/frame.h"
#include "tests/perf/pktgen/permutation.h"
#include "tests/perf/pktgen/schedule.h"
#include "tests/perf/pktgen/space.h"

static void each_number_once_in_a_pass(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 4, 5, 7, 63, 64, 65, 1000, 65537, 300000 };

	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		uint8_t *seen = calloc(sizes[i], 1);
		struct permutation p;

		permutation_init(&p, sizes[i], 42);
		for (uint32_t pass = 0; pass < 3; pass++)
			for (uint32_t k = 0; k < sizes[i]; k++) {
				uint32_t of_pass, number = permutation_next(&p, &of_pass);

				assert_int_equal(of_pass, pass);
				assert_true(number < sizes[i]);
				assert_int_equal(seen[number]++, pass);
			}
		free(seen);
	}
}

// Neighbours in time are no neighbours in number, neither within a pass nor from pass to pass.
static void the_order_is_random(void **state)
{
	enum { N = 65536 };
	uint32_t *before = calloc(N, sizeof(*before)), near = 0, again = 0, pass, last = 0;
	struct permutation p;

	permutation_init(&p, N, 1);
	for (uint32_t i = 0; i < N; i++) {
		before[i] = permutation_next(&p, &pass);
		near += (uint32_t)abs((int)before[i] - (int)last) < 64;
		last = before[i];
	}
	for (uint32_t i = 0; i < N; i++)
		again += permutation_next(&p, &pass) == before[i];
	assert_true(near < N / 64); // 128 / N of them by chance
	assert_true(again < N / 64);
	free(before);
}

static void seeds_differ(void **state)
{
	struct permutation a, b;
	uint32_t same = 0, pass;

	permutation_init(&a, 1000, 1);
	permutation_init(&b, 1000, 2);
	for (unsigned int i = 0; i < 1000; i++)
		same += permutation_next(&a, &pass) == permutation_next(&b, &pass);
	assert_true(same < 50);
}

static void tuples_count_from_the_source(void **state)
{
	struct space s;
	struct tuple t;

	space_init(&s, (struct range){ 0x0a000001, 0x0a000003 },
		(struct range){ 0x01010101, 0x01010102 }, 1, (struct range){ 1000, 1001 },
		(struct range){ 80, 81 });
	assert_int_equal(s.size, 24);
	t = space_tuple(&s, 0);
	assert_int_equal(t.src, RTE_BE32(0x0a000001));
	assert_int_equal(t.dst, RTE_BE32(0x01010101));
	assert_int_equal(t.sport, RTE_BE16(1000));
	assert_int_equal(t.dport, RTE_BE16(80));
	t = space_tuple(&s, 4); // 1 + 3 * 1
	assert_int_equal(t.src, RTE_BE32(0x0a000002));
	assert_int_equal(t.sport, RTE_BE16(1001));
	assert_int_equal(t.dst, RTE_BE32(0x01010101));
	t = space_tuple(&s, 23);
	assert_int_equal(t.src, RTE_BE32(0x0a000003));
	assert_int_equal(t.dst, RTE_BE32(0x01010102));
	assert_int_equal(t.sport, RTE_BE16(1001));
	assert_int_equal(t.dport, RTE_BE16(81));
}

static void destinations_have_their_distance(void **state)
{
	const struct range one = { 1, 1 };
	struct space s;

	space_init(&s, one, (struct range){ 0x10000000, 0x1f423f00 }, 256, one, one);
	assert_int_equal(s.size, 1000000);
	assert_int_equal(space_tuple(&s, 0).dst, RTE_BE32(0x10000000));
	assert_int_equal(space_tuple(&s, 1).dst, RTE_BE32(0x10000100));
	assert_int_equal(space_tuple(&s, 999999).dst, RTE_BE32(0x1f423f00));
	space_init(&s, one, (struct range){ 10, 29 }, 10, one, one); // 10 and 20
	assert_int_equal(s.size, 2);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tuple));
}

static void tuples_are_distinct(void **state)
{
	enum { N = 7 * 5 * 3 * 11 };
	struct tuple *all = calloc(N, sizeof(*all));
	struct space s;

	space_init(&s, (struct range){ 10, 16 }, (struct range){ 20, 24 }, 1,
		(struct range){ 1, 3 }, (struct range){ 65525, 65535 });
	assert_int_equal(s.size, N);
	for (uint32_t i = 0; i < N; i++)
		all[i] = space_tuple(&s, i);
	qsort(all, N, sizeof(*all), compare);
	for (uint32_t i = 1; i < N; i++)
		assert_int_not_equal(compare(&all[i - 1], &all[i]), 0);
	free(all);
}

static void division_is_exact(void **state)
{
	static const uint32_t divisors[] = { 1, 2, 3, 7, 63, 64512, 65535, 65536, 1u << 31,
		UINT32_MAX };

	for (unsigned int i = 0; i < RTE_DIM(divisors); i++)
		for (uint32_t k = 0; k < 100000; k++) {
			uint32_t n = k < 100 ? UINT32_MAX - k : (uint32_t)scramble(i, k), r, q;
			struct space s;

			space_init(&s, (struct range){ 0, divisors[i] - 1 }, (struct range){ 0, 0 },
				1, (struct range){ 0, 0 }, (struct range){ 0, 0 });
			q = divide(&s.n_src, &r, n);
			assert_int_equal(q, n / divisors[i]);
			assert_int_equal(r, n % divisors[i]);
		}
}

static void the_whole_address_space_does_not_overflow(void **state)
{
	const struct range all = { 0, UINT32_MAX }, ports = { 0, 65535 };
	struct space s;

	space_init(&s, all, all, 1, ports, ports);
	assert_int_equal(s.size, UINT64_MAX);
}

// Against the plain way: an array with the number of each slot's tuple.
static void churn_is_what_an_array_would_say(void **state)
{
	static const struct {
		uint32_t flows, space;
	} cases[] = { { 1, 2 }, { 5, 10 }, { 7, 100 }, { 10, 21 }, { 64, 4096 } };

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		uint32_t n = cases[i].flows, tuples[64], generations[64] = { 0 }, next = n;
		uint64_t reused = 0;
		struct churn c;

		churn_init(&c, n, cases[i].space);
		for (uint32_t k = 0; k < n; k++)
			tuples[k] = k;
		for (uint32_t step = 0; step < 500; step++) {
			uint32_t slot = churn_next(&c);

			assert_int_equal(slot, step % n);
			reused += next >= cases[i].space;
			tuples[slot] = next++ % cases[i].space;
			generations[slot]++;
			for (uint32_t k = 0; k < n; k++) {
				assert_int_equal(churn_tuple(&c, k), tuples[k]);
				assert_int_equal(churn_generation(&c, k), generations[k]);
			}
		}
		assert_int_equal(c.reused, reused);
		assert_int_equal(c.opened, 500);
	}
}

static void shares_are_the_weights(void **state)
{
	static struct options o = { .n_sets = 3,
		.sets = { { .weight = 70, .measured = { true, true } },
			{ .weight = 20, .measured = { false, true } },
			{ .weight = 10, .measured = { true, false } } } };
	unsigned int found[3][2] = { { 0 } };
	static struct schedule s;

	schedule_init(&s, &o);
	for (unsigned int i = 0; i < 2 * SCHEDULE_TURNS; i++) {
		struct stream t = schedule_next(&s);

		found[t.set][t.direction]++;
	}
	assert_in_range(
		found[0][FORWARD], 0.35 * 2 * SCHEDULE_TURNS - 2, 0.35 * 2 * SCHEDULE_TURNS + 2);
	assert_in_range(
		found[0][REVERSE], 0.35 * 2 * SCHEDULE_TURNS - 2, 0.35 * 2 * SCHEDULE_TURNS + 2);
	assert_in_range(
		found[1][REVERSE], 0.2 * 2 * SCHEDULE_TURNS - 2, 0.2 * 2 * SCHEDULE_TURNS + 2);
	assert_in_range(
		found[2][FORWARD], 0.1 * 2 * SCHEDULE_TURNS - 2, 0.1 * 2 * SCHEDULE_TURNS + 2);
	assert_int_equal(found[1][FORWARD] + found[2][REVERSE], 0);
}

static void imix_is_7_4_1(void **state)
{
	const struct set_options imix = { .imix = true }, one = { .size = { 64, 64 } };
	unsigned int small = 0, middle = 0, large = 0;
	uint16_t lengths[SIZES_MAX];
	uint32_t n = schedule_lengths(lengths, &imix, 1);

	for (uint32_t i = 0; i < n; i++) {
		small += lengths[i] == 60;
		middle += lengths[i] == 590;
		large += lengths[i] == 1514;
	}
	assert_int_equal(small, n / 12 * 7);
	assert_int_equal(middle, n / 12 * 4);
	assert_int_equal(large, n / 12);
	assert_int_equal(schedule_lengths(lengths, &one, 1), 1);
	assert_int_equal(lengths[0], 60);
}

static void sizes_cover_their_range(void **state)
{
	const struct set_options all = { .size = { FRAME_SIZE, FRAME_MAX } };
	uint16_t lengths[SIZES_MAX], least = UINT16_MAX, most = 0;
	uint32_t n = schedule_lengths(lengths, &all, 1);

	for (uint32_t i = 0; i < n; i++) {
		least = RTE_MIN(least, lengths[i]);
		most = RTE_MAX(most, lengths[i]);
	}
	assert_int_equal(least, FRAME_MIN);
	assert_in_range(most, FRAME_MAX - FRAME_FCS - 10, FRAME_MAX - FRAME_FCS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_once_in_a_pass),
		cmocka_unit_test(the_order_is_random),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(tuples_count_from_the_source),
		cmocka_unit_test(destinations_have_their_distance),
		cmocka_unit_test(tuples_are_distinct),
		cmocka_unit_test(division_is_exact),
		cmocka_unit_test(the_whole_address_space_does_not_overflow),
		cmocka_unit_test(churn_is_what_an_array_would_say),
		cmocka_unit_test(shares_are_the_weights),
		cmocka_unit_test(imix_is_7_4_1),
		cmocka_unit_test(sizes_cover_their_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
