// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Commits: order, refusals at every position, the store failing, readers on other threads.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config/fakes.h"

static void commits_in_order(void **state)
{
	struct fixture *f = *state;

	assert_null(engine_current(f->engine));
	assert_int_equal(fixture_commit(f, "ab", 0, false), 0);
	assert_string_equal(f->notes, "P0 P1 P2 A0 A1 A2");
	assert_int_equal(f->from, 0);
	assert_int_equal(f->revision, 1);
	assert_int_equal(fixture_commit(f, "abc", 1, false), 0);
	assert_int_equal(f->from, 1);
	assert_int_equal(f->revision, 2);
	assert_running(f, 2, "abc");
}

static void assert_steps(const struct fixture *f, const char *wanted)
{
	char steps[512] = "";

	for (unsigned int i = 0; i < f->timings.count; i++)
		snprintf(steps + strlen(steps), sizeof(steps) - strlen(steps), "%s%s%s",
			i > 0 ? " " : "", f->timings.list[i].phase, f->timings.list[i].name);
	assert_string_equal(steps, wanted);
}

static void steps_are_timed(void **state)
{
	struct fixture *f = *state;

	fixture_commit(f, "ab", 0, false);
	assert_steps(f, "compare validate preparefake preparefake preparefake applyfake applyfake "
			"applyfake store");
	fixture_commit(f, "ab", 0, false);
	assert_steps(f, "compare");
	f->fakes[1].refuse_apply = true;
	fixture_commit(f, "abc", 0, false);
	assert_steps(f, "compare validate preparefake preparefake preparefake applyfake applyfake");
}

static void timings_are_told(void **state)
{
	struct timings t = { .list = { { "read", "", 1500 }, { "compare", "", 99 },
				     { "apply", "dataplane", 20000 } },
		.count = 3 };
	char text[TIMINGS_TEXT];

	timings_text(&t, text);
	assert_string_equal(text, "21.6 ms: read 1.5, apply dataplane 20.0");
	for (unsigned int i = 0; i < 2 * TIMINGS_MAX; i++)
		timings_add(&t, "prepare", "a subsystem with a long name", 0);
	assert_int_equal(t.count, TIMINGS_MAX);
	timings_text(&t, text); // cut, not overrun
	assert_true(strlen(text) < TIMINGS_TEXT);
	timings_add(NULL, "read", "", 0);
}

static void the_same_again_is_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	assert_int_equal(fixture_commit(f, "a", 1, false), 0);
	assert_string_equal(f->notes, "");
	assert_int_equal(f->revision, 1);
	assert_int_equal(fixture_commit(f, "a", 0, true), 0);
	assert_string_equal(f->notes, "");
	assert_running(f, 1, "a");
}

static void dry_run_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	assert_int_equal(fixture_commit(f, "ab", 0, true), 0);
	assert_string_equal(f->notes, "P0 P1 P2 U-2 U-1 U-0");
	assert_int_equal(f->revision, 1);
	assert_running(f, 1, "a");
	f->fakes[1].refuse_prepare = true;
	assert_int_equal(fixture_commit(f, "ab", 0, true), -EADDRINUSE);
	assert_string_equal(f->notes, "P0 P1 U-0");
}

static void if_match_protects(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 5, false), -ESTALE);
	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	assert_int_equal(fixture_commit(f, "ab", 2, false), -ESTALE);
	assert_int_equal(f->problems.status, 412);
	assert_string_equal(f->notes, "");
	assert_running(f, 1, "a");
}

static void bad_documents_reach_no_subsystem(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "a", 0, false), 0);
	assert_int_equal(fixture_commit(f, "aa", 0, false), -EINVAL);
	assert_int_equal(f->problems.status, 422);
	assert_string_equal(f->notes, "");
	assert_running(f, 1, "a");
}

// What every refusal leaves behind: revision 1 with its ids, and a next commit that works.
static void assert_unchanged(struct fixture *f)
{
	assert_running(f, 1, "ab");
	uint32_t a = vip_id(f, "a"), b = vip_id(f, "b");
	assert_int_equal(fixture_commit(f, "bc", 0, false), 0);
	assert_string_equal(f->notes, "P0 P1 P2 A0 A1 A2");
	assert_running(f, 2, "bc");
	assert_int_equal(vip_id(f, "b"), b);
	// Interface address, a and b have the first ids; a refused commit took none.
	assert_int_equal(vip_id(f, "c"), (a > b ? a : b) + 1);
}

static void refusals_are_undone(void **state)
{
	static const char *const prepare_notes[FAKES] = { "P0", "P0 P1 U-0", "P0 P1 P2 U-1 U-0" };
	static const char *const apply_notes[FAKES] = {
		"P0 P1 P2 A0 U-2 U-1 U-0",
		"P0 P1 P2 A0 A1 U-2 U-1 U+0",
		"P0 P1 P2 A0 A1 A2 U-2 U+1 U+0",
	};
	struct fixture *f = *state;

	assert_int_equal(fixture_commit(f, "ab", 0, false), 0);
	for (unsigned int i = 0; i < FAKES; i++) {
		f->fakes[i].refuse_prepare = true;
		assert_int_equal(fixture_commit(f, "acde", 0, false), -EADDRINUSE);
		assert_string_equal(f->notes, prepare_notes[i]);
		assert_int_equal(f->problems.status, 422);
		assert_string_equal(f->problems.list[0].pointer, "/vips/0");
		f->fakes[i].refuse_prepare = false;

		f->fakes[i].refuse_apply = true;
		assert_int_equal(fixture_commit(f, "acde", 0, false), -EADDRINUSE);
		assert_string_equal(f->notes, apply_notes[i]);
		assert_int_equal(f->problems.status, 500);
		f->fakes[i].refuse_apply = false;
		assert_running(f, 1, "ab");
	}
	assert_unchanged(f);
}

static void a_silent_refusal_gets_a_problem(void **state)
{
	struct fixture *f = *state;

	f->fakes[2].refuse_prepare = f->fakes[2].silent = true;
	assert_int_equal(fixture_commit(f, "a", 0, false), -EADDRINUSE);
	assert_string_equal(f->problems.list[0].text, "fake: Address already in use");
	assert_null(engine_current(f->engine));
}

static void a_failing_store_undoes(void **state)
{
	struct fixture *f = *state;
	char blocked[256];

	assert_int_equal(fixture_commit(f, "ab", 0, false), 0);
	snprintf(blocked, sizeof(blocked), "%s/000000000002.json", (const char *)f->directory);
	assert_int_equal(mkdir(blocked, 0700), 0);
	assert_int_equal(fixture_commit(f, "acde", 0, false), -EISDIR);
	assert_string_equal(f->notes, "P0 P1 P2 A0 A1 A2 U+2 U+1 U+0");
	assert_int_equal(f->problems.status, 500);
	assert_int_equal(rmdir(blocked), 0);
	assert_unchanged(f);
}

struct reader {
	struct engine *engine;
	atomic_bool stop;
	bool wrong;
};

// Revisions only rise, and each is whole while it is held.
static void *read_current(void *arg)
{
	struct reader *r = arg;
	uint64_t last = 0;

	while (!atomic_load(&r->stop)) {
		struct config *c = engine_current(r->engine);

		if (c == NULL)
			continue;
		if (c->revision < last || c->n_vips != 1 + c->revision % 2)
			r->wrong = true;
		last = c->revision;
		config_unref(c);
	}
	return NULL;
}

static void current_can_be_read_by_threads(void **state)
{
	struct fixture *f = *state;
	struct reader r = { .engine = f->engine };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, read_current, &r), 0);
	for (unsigned int i = 1; i <= 50; i++)
		assert_int_equal(fixture_commit(f, i % 2 != 0 ? "ab" : "a", 0, false), 0);
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_false(r.wrong);
	assert_running(f, 50, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commits_in_order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(steps_are_timed, fixture_setup, fixture_teardown),
		cmocka_unit_test(timings_are_told),
		cmocka_unit_test_setup_teardown(
			the_same_again_is_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			dry_run_changes_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(if_match_protects, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			bad_documents_reach_no_subsystem, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			refusals_are_undone, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_silent_refusal_gets_a_problem, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_failing_store_undoes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			current_can_be_read_by_threads, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
