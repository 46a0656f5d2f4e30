// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Commits on trial: what happens in time, too late, and when the process or the machine stops at
// any point between.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/confirm.h"
#include "tests/unit/config/fakes.h"

static int check(struct fixture *f)
{
	problems_clear(&f->problems);
	return confirm_check(f->engine, f->store, &f->problems);
}

static bool pending(struct fixture *f)
{
	struct config *now = engine_current(f->engine);
	struct trial trial;
	bool is = confirm_pending(f->store, now != NULL ? now->revision : 0, &trial);

	config_unref(now);
	return is;
}

static void commit_on_trial(struct fixture *f, const char *vips, uint64_t back_to, uint32_t seconds)
{
	uint64_t next = engine_next_revision(f->engine);

	assert_int_equal(confirm_begin(f->store, next, back_to, seconds), 0);
	assert_int_equal(fixture_commit(f, vips, 0, false), 0);
}

static void confirmed_in_time(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	commit_on_trial(f, "ab", 1, 1000);
	assert_true(pending(f));
	assert_int_equal(check(f), 0);
	assert_running(f, 2, "ab");
	assert_int_equal(confirm_end(f->store), 0);
	assert_false(pending(f));
	fixture_restart(f);
	assert_int_equal(engine_restore(f->engine, &f->problems), 0);
	assert_int_equal(check(f), 0);
	assert_running(f, 2, "ab");
}

static void too_late(void **state)
{
	struct fixture *f = *state;
	struct revision told;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	commit_on_trial(f, "ab", 1, 0); // no time at all
	assert_running(f, 2, "ab");
	assert_int_equal(check(f), 0);
	assert_running(f, 3, "a");
	assert_false(pending(f));
	assert_int_equal(store_describe(f->store, 0, &told), 0);
	assert_string_equal(told.note.comment, "revision 2 was not confirmed: back to 1");
	assert_int_equal(check(f), 0); // once
	assert_running(f, 3, "a");
}

// Control was killed, or the machine lost power, while the trial ran.
static void time_passes_while_nobody_runs(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	commit_on_trial(f, "ab", 1, 0);
	fixture_restart(f);
	assert_int_equal(engine_restore(f->engine, &f->problems), 0);
	assert_int_equal(check(f), 0);
	assert_running(f, 3, "a");
}

// The trial was stored, its commit was not: the next commit has its number and is not on trial.
static void a_trial_without_its_commit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	assert_int_equal(confirm_begin(f->store, 2, 0, 0), 0);
	fixture_restart(f);
	assert_int_equal(engine_restore(f->engine, &f->problems), 0);
	assert_int_equal(check(f), 0);
	assert_int_equal(fixture_commit(f, "abc", 0, false), 0);
	assert_int_equal(check(f), 0);
	assert_running(f, 2, "abc");
}

// Going back is tried again until it succeeds.
static void going_back_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	commit_on_trial(f, "ab", 1, 0);
	f->fakes[1].refuse_apply = true;
	assert_true(check(f) < 0);
	assert_true(f->problems.count > 0);
	assert_running(f, 2, "ab");
	assert_true(pending(f));
	f->fakes[1].refuse_apply = false;
	assert_int_equal(check(f), 0);
	assert_running(f, 3, "a");
}

static void back_to_nothing(void **state)
{
	struct fixture *f = *state;

	commit_on_trial(f, "a", 0, 0);
	assert_int_equal(check(f), 0);
	struct config *now = engine_current(f->engine);
	assert_int_equal(now->n_vips, 0);
	assert_int_equal(now->n_interfaces, 0);
	config_unref(now);
}

#define CONFIRM_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONFIRM_TEST(confirmed_in_time),
		CONFIRM_TEST(too_late),
		CONFIRM_TEST(time_passes_while_nobody_runs),
		CONFIRM_TEST(a_trial_without_its_commit),
		CONFIRM_TEST(going_back_is_refused),
		CONFIRM_TEST(back_to_nothing),
	};

	return cmocka_run_group_tests_name("config_confirm", tests, NULL, NULL);
}
