// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The histogram of cycles per packet: which bucket, and what it says about the samples.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/stats/cycles.h"

static void test_buckets_cover_all_numbers_in_order(void **state)
{
	for (unsigned int i = 0; i < CYCLES_BUCKETS; i++) {
		uint32_t from = cycles_floor(i), to = cycles_floor(i + 1);

		assert_true(from < to);
		assert_int_equal(cycles_bucket(from), i);
		assert_int_equal(cycles_bucket(to - 1), i);
		assert_true(from < CYCLES_LINEAR ? to == from + 1 : (to - from) * 32 <= from);
	}
	assert_int_equal(cycles_floor(0), 0);
	assert_int_equal(cycles_floor(CYCLES_BUCKETS), CYCLES_MAX + 1);
	assert_int_equal(cycles_bucket(CYCLES_MAX + 1), CYCLES_BUCKETS - 1);
	assert_int_equal(cycles_bucket(UINT32_MAX), CYCLES_BUCKETS - 1);
}

static void test_small_walks_do_not_count(void **state)
{
	struct cycles_histogram h = { 0 };

	cycles_count(&h, 1000, 256 - 1, 256);
	cycles_count(&h, 1000, 0, 256);
	assert_int_equal(cycles_samples(&h), 0);
	assert_true(cycles_quantile(&h, 0.5) == 0);
	cycles_count(&h, 100 * 256 + 255, 256, 256);
	assert_int_equal(cycles_samples(&h), 1);
	assert_int_equal(h.sum, 100);
	assert_int_equal(h.bucket[cycles_bucket(100)], 1);
}

static void test_a_walk_that_was_interrupted(void **state)
{
	struct cycles_histogram h = { 0 };

	cycles_count(&h, UINT64_MAX, 32, 32);
	assert_int_equal(h.bucket[CYCLES_BUCKETS - 1], 1);
	assert_int_equal(h.sum, UINT32_MAX / 32);
}

// 100 to 199 cycles, a walk each.
static void test_quantiles(void **state)
{
	struct cycles_histogram h = { 0 };

	for (uint32_t cycles = 100; cycles < 200; cycles++)
		cycles_count(&h, cycles * 64, 64, 64);
	assert_float_equal(cycles_quantile(&h, 0.5), 150, 0.001);
	assert_float_equal(cycles_quantile(&h, 0.1), 110, 0.001);
	assert_float_equal(cycles_quantile(&h, 0.25), 125, 1);
	assert_float_equal(cycles_quantile(&h, 0), 100, 0.001);
	assert_float_equal(cycles_quantile(&h, 1), 200, 0.001);
	for (unsigned int i = 0; i < 1000; i++) // another machine's work does not move the median
		cycles_count(&h, i < 1 ? 1000000 * 64 : 150 * 64, 64, 64);
	assert_float_equal(cycles_quantile(&h, 0.5), 150, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_cover_all_numbers_in_order),
		cmocka_unit_test(test_small_walks_do_not_count),
		cmocka_unit_test(test_a_walk_that_was_interrupted),
		cmocka_unit_test(test_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
