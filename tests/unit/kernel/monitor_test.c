// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Rounds of probes: when an uplink falls, when it comes back, and how flapping is damped.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/kernel/monitor.h"

#define FAILURES  3
#define SUCCESSES 2

static bool rounds(struct monitor *m, bool answered, unsigned int n)
{
	bool changed = false;

	while (n-- > 0) {
		assert_false(changed); // in the last of them, or in none
		changed = monitor_round(m, answered, FAILURES, SUCCESSES);
	}
	return changed;
}

static void falls_after_failures_in_a_row(void **state)
{
	struct monitor m = { 0 };

	assert_false(rounds(&m, false, FAILURES - 1));
	assert_false(rounds(&m, true, 1));
	assert_false(rounds(&m, false, FAILURES - 1));
	assert_false(m.down);
	assert_true(rounds(&m, false, 1));
	assert_true(m.down);
	assert_false(rounds(&m, false, 100));
}

static void comes_back_after_successes_in_a_row(void **state)
{
	struct monitor m = { 0 };

	assert_true(rounds(&m, false, FAILURES));
	assert_false(rounds(&m, true, SUCCESSES - 1));
	assert_false(rounds(&m, false, 1));
	assert_false(rounds(&m, true, SUCCESSES - 1));
	assert_true(m.down);
	assert_true(rounds(&m, true, 1));
	assert_false(m.down);
}

static void one_of_each_is_enough_when_configured(void **state)
{
	struct monitor m = { 0 };

	assert_true(monitor_round(&m, false, 1, 1));
	assert_true(monitor_round(&m, true, 1, 1));
}

static void who_flaps_has_more_to_prove(void **state)
{
	struct monitor m = { 0 };
	unsigned int needed = SUCCESSES;

	for (unsigned int falls = 1; falls < 10; falls++) {
		assert_true(rounds(&m, false, FAILURES));
		assert_false(rounds(&m, true, needed - 1));
		assert_true(rounds(&m, true, 1));
		needed = needed < SUCCESSES << MONITOR_SHIFT_MAX ? needed * 2 : needed;
	}
	assert_int_equal(needed, SUCCESSES << MONITOR_SHIFT_MAX);
	// Steady for a while: the next fall is as the first one.
	assert_false(rounds(&m, true, MONITOR_STEADY));
	assert_true(rounds(&m, false, FAILURES));
	assert_false(rounds(&m, true, SUCCESSES - 1));
	assert_true(rounds(&m, true, 1));
}

static void a_cut_cable_is_a_fall(void **state)
{
	struct monitor m = { 0 };

	monitor_fall(&m);
	assert_true(m.down);
	assert_false(rounds(&m, true, SUCCESSES - 1));
	monitor_fall(&m); // once more before it was up: no second fall, but all over again
	assert_false(rounds(&m, true, SUCCESSES - 1));
	assert_true(rounds(&m, true, 1));
	monitor_fall(&m);
	assert_false(rounds(&m, true, SUCCESSES * 2 - 1));
	assert_true(rounds(&m, true, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(falls_after_failures_in_a_row),
		cmocka_unit_test(comes_back_after_successes_in_a_row),
		cmocka_unit_test(one_of_each_is_enough_when_configured),
		cmocka_unit_test(who_flaps_has_more_to_prove),
		cmocka_unit_test(a_cut_cable_is_a_fall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
