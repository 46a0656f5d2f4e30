// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The engine at start and in its periodic reconciliation.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/unit/config/fakes.h"

static void restores_at_start(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(engine_restore(f->engine, &f->problems), 0);
	assert_null(engine_current(f->engine));
	assert_int_equal(fixture_commit(f, "ab", 0, false), 0);
	assert_int_equal(fixture_commit(f, "b", 0, false), 0);
	uint32_t b = vip_id(f, "b");
	fixture_restart(f);
	assert_int_equal(engine_restore(f->engine, &f->problems), 0);
	assert_string_equal(f->notes, "P0 P1 P2 A0 A1 A2");
	assert_int_equal(f->from, 0);
	assert_running(f, 2, "b");
	assert_int_equal(vip_id(f, "b"), b);
	assert_int_equal(fixture_commit(f, "bc", 0, false), 0);
	assert_int_equal(f->from, 2);
	assert_int_equal(vip_id(f, "c"), b + 1); // the id of a, which is gone, rests
}

static void a_refused_restore_is_tried_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	fixture_restart(f);
	f->fakes[1].refuse_apply = true;
	assert_int_equal(engine_restore(f->engine, &f->problems), -EADDRINUSE);
	assert_int_equal(f->problems.count, 1);
	assert_string_equal(f->notes, "P0 P1 P2 A0 A1 U-2 U-1 U+0");
	assert_running(f, 1, "a");
	f->notes[0] = '\0';
	assert_int_equal(engine_reconcile(f->engine, &f->problems), -EADDRINUSE);
	f->fakes[1].refuse_apply = false;
	f->notes[0] = '\0';
	assert_int_equal(engine_reconcile(f->engine, &f->problems), 0);
	assert_string_equal(f->notes, "P0 P1 P2 A0 A1 A2");
	assert_int_equal(f->from, 0);
	f->notes[0] = '\0';
	assert_int_equal(engine_reconcile(f->engine, &f->problems), 0);
	assert_string_equal(f->notes, "C0 C1 C2");
}

static void a_refused_restore_can_be_replaced(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	fixture_restart(f);
	f->fakes[1].refuse_prepare = true;
	assert_int_equal(engine_restore(f->engine, &f->problems), -EADDRINUSE);
	f->fakes[1].refuse_prepare = false;
	// Even by itself: it does not run yet.
	assert_int_equal(fixture_commit(f, "a", 1, false), 0);
	assert_string_equal(f->notes, "P0 P1 P2 A0 A1 A2");
	assert_int_equal(f->from, 0);
	assert_running(f, 2, "a");
}

static void an_unreadable_revision_is_reported(void **state)
{
	struct fixture *f = *state;
	json_t *bad = json_pack("{s:i}", "version", 2), *ids = json_object();

	assert_int_equal(store_save(f->store, 7, bad, ids, NULL), 0);
	json_decref(bad);
	json_decref(ids);
	fixture_restart(f);
	assert_int_equal(engine_restore(f->engine, &f->problems), -EINVAL);
	assert_string_equal(f->problems.list[0].pointer, "/version");
	assert_null(engine_current(f->engine));
	assert_string_equal(f->notes, "");
	// What replaces it is newer, or the next start would find the bad one again.
	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	assert_running(f, 8, "a");
}

static void reconcile_serves_the_degraded(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(engine_reconcile(f->engine, &f->problems), 0);
	assert_string_equal(f->notes, "");
	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	f->notes[0] = '\0';
	f->fakes[1].degraded = "gone";
	assert_int_equal(engine_reconcile(f->engine, &f->problems), 0);
	assert_string_equal(f->notes, "C0 P1 A1 C2");
	assert_int_equal(f->from, 0);
	f->notes[0] = '\0';
	f->fakes[1].refuse_apply = true;
	assert_int_equal(engine_reconcile(f->engine, &f->problems), -EADDRINUSE);
	assert_string_equal(f->notes, "C0 P1 A1 U-1 C2");
	problems_clear(&f->problems);
	f->notes[0] = '\0';
	f->fakes[1].degraded = NULL;
	f->fakes[0].unreachable = true;
	assert_int_equal(engine_reconcile(f->engine, &f->problems), -ENOTCONN);
	assert_string_equal(f->notes, "C0 C1 C2");
	assert_int_equal(f->problems.status, 503);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(restores_at_start, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_refused_restore_is_tried_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_refused_restore_can_be_replaced, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			an_unreadable_revision_is_reported, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			reconcile_serves_the_degraded, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
