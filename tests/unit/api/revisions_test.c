// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The configuration's past through the API: the list, old documents, differences, the way back,
// and commits on trial.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/api/fixture.h"

#define CONFIG	  "/v1/config"
#define REVISIONS CONFIG "/revisions"
#define ROLLBACK  CONFIG "/rollback"
#define CONFIRM	  CONFIG "/confirm"

static int put_hostname(struct fixture *f, const char *name, const char *query)
{
	char document[128];

	snprintf(document, sizeof(document), "{\"version\": 1, \"hostname\": \"%s\"}", name);
	return ask(f, "PUT", CONFIG, query, NULL, document);
}

static void assert_hostname(struct fixture *f, const char *name)
{
	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/hostname"), name);
}

static void test_list(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "GET", REVISIONS, NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), 0);
	assert_int_equal(put_hostname(f, "a", "comment=first"), 200);
	assert_int_equal(put_hostname(f, "b", NULL), 200);
	assert_int_equal(put_hostname(f, "b", NULL), 200); // the same again is none
	assert_int_equal(put_hostname(f, "c", "dry_run=1"), 200);
	assert_int_equal(ask(f, "GET", REVISIONS, NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), 2);
	assert_int_equal(number_at(f, "/items/0/revision"), 2);
	assert_true(json_is_true(at(f, "/items/0/current")));
	assert_int_equal(number_at(f, "/items/1/revision"), 1);
	assert_true(json_is_false(at(f, "/items/1/current")));
	assert_string_equal(text_at(f, "/items/1/comment"), "first");
	assert_int_equal(ask(f, "GET", REVISIONS, "limit=1&offset=1", NULL, NULL), 200);
	assert_int_equal(json_array_size(at(f, "/items")), 1);
	assert_int_equal(number_at(f, "/items/0/revision"), 1);
}

static void test_old_documents(void **state)
{
	struct fixture *f = *state;

	put_hostname(f, "a", NULL);
	put_hostname(f, "b", NULL);
	assert_int_equal(ask(f, "GET", REVISIONS "/1", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/hostname"), "a");
	assert_int_equal(ask(f, "GET", REVISIONS "/0", NULL, NULL, NULL), 200);
	assert_null(at(f, "/hostname"));
	assert_int_equal(ask(f, "GET", REVISIONS "/3", NULL, NULL, NULL), 404);
	assert_int_equal(ask(f, "GET", REVISIONS "/x", NULL, NULL, NULL), 404);
	assert_int_equal(ask(f, "GET", REVISIONS "/1x", NULL, NULL, NULL), 404);
	assert_int_equal(ask(f, "GET", REVISIONS "/-1", NULL, NULL, NULL), 404);
}

static void test_differences(void **state)
{
	struct fixture *f = *state;

	put_hostname(f, "a", NULL);
	put_hostname(f, "b", NULL);
	put_hostname(f, "c", NULL);
	assert_int_equal(ask(f, "GET", CONFIG "/diff", NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/from"), 2);
	assert_int_equal(number_at(f, "/to"), 3);
	assert_string_equal(text_at(f, "/changes/0/path"), "/hostname");
	assert_string_equal(text_at(f, "/changes/0/from"), "b");
	assert_string_equal(text_at(f, "/changes/0/to"), "c");
	assert_int_equal(ask(f, "GET", CONFIG "/diff", "from=1", NULL, NULL), 200);
	assert_string_equal(text_at(f, "/changes/0/from"), "a");
	assert_int_equal(ask(f, "GET", CONFIG "/diff", "from=3&to=3", NULL, NULL), 200);
	assert_int_equal(json_array_size(at(f, "/changes")), 0);
	assert_int_equal(ask(f, "GET", CONFIG "/diff", "from=9", NULL, NULL), 404);
	assert_int_equal(ask(f, "GET", CONFIG "/diff", "to=x", NULL, NULL), 400);
	// A dry run says what it would change.
	assert_int_equal(put_hostname(f, "d", "dry_run=1"), 200);
	assert_string_equal(text_at(f, "/changes/0/to"), "d");
	assert_int_equal(number_at(f, "/more_changes"), 0);
}

static void test_rollback(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, NULL), 409);
	put_hostname(f, "a", NULL);
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, NULL), 409);
	put_hostname(f, "b", NULL);
	put_hostname(f, "c", NULL);
	assert_int_equal(ask(f, "POST", ROLLBACK, "dry_run=1", NULL, NULL), 200);
	assert_hostname(f, "c");
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/revision"), 4);
	assert_hostname(f, "b");
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, "{\"revision\": 1}"), 200);
	assert_hostname(f, "a");
	assert_int_equal(ask(f, "GET", REVISIONS, NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/items/0/comment"), "back to revision 1");
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, "{\"revision\": 99}"), 404);
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, "{\"revision\": -1}"), 422);
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, "{\"revision\": \"1\"}"), 422);
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, "[]"), 422);
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, "{"), 400);
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, "\"4\"", NULL), 412);
	assert_hostname(f, "a");
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, "{\"revision\": 0}"), 200);
	assert_hostname(f, "");
}

static void test_trial(void **state)
{
	struct fixture *f = *state;

	put_hostname(f, "a", NULL);
	assert_int_equal(ask(f, "POST", CONFIRM, NULL, NULL, NULL), 409);
	assert_int_equal(ask(f, "GET", CONFIRM, NULL, NULL, NULL), 404);
	assert_int_equal(put_hostname(f, "b", "confirm=60"), 200);
	assert_int_equal(number_at(f, "/confirm_within_s"), 60);
	assert_int_equal(ask(f, "GET", CONFIRM, NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/revision"), 2);
	assert_int_equal(number_at(f, "/back_to"), 1);
	assert_in_range(number_at(f, "/remaining_s"), 50, 60);
	// Nothing is built on what may go.
	assert_int_equal(put_hostname(f, "c", NULL), 409);
	assert_int_equal(put_hostname(f, "c", "confirm=60"), 409);
	assert_int_equal(put_hostname(f, "c", "dry_run=1"), 200);
	assert_hostname(f, "b");
	assert_int_equal(ask(f, "POST", CONFIRM, NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/revision"), 2);
	assert_int_equal(put_hostname(f, "c", NULL), 200);
	assert_hostname(f, "c");
}

static void test_trial_ends_by_rollback(void **state)
{
	struct fixture *f = *state;

	put_hostname(f, "a", NULL);
	assert_int_equal(put_hostname(f, "b", "confirm=60"), 200);
	assert_int_equal(ask(f, "POST", ROLLBACK, NULL, NULL, NULL), 200);
	assert_hostname(f, "a");
	assert_int_equal(ask(f, "GET", CONFIRM, NULL, NULL, NULL), 404);
	assert_int_equal(put_hostname(f, "c", NULL), 200);
}

// What is refused, or changes nothing, is not on trial.
static void test_trial_of_nothing(void **state)
{
	struct fixture *f = *state;

	put_hostname(f, "a", NULL);
	assert_int_equal(put_hostname(f, "-", "confirm=60"), 422);
	assert_int_equal(ask(f, "GET", CONFIRM, NULL, NULL, NULL), 404);
	assert_int_equal(put_hostname(f, "a", "confirm=60"), 200);
	assert_int_equal(number_at(f, "/confirm_within_s"), -1);
	assert_int_equal(ask(f, "GET", CONFIRM, NULL, NULL, NULL), 404);
	assert_int_equal(put_hostname(f, "b", "confirm=60&dry_run=1"), 200);
	assert_int_equal(ask(f, "GET", CONFIRM, NULL, NULL, NULL), 404);
	assert_int_equal(put_hostname(f, "b", "confirm=86401"), 400);
	assert_int_equal(put_hostname(f, "b", "confirm=soon"), 400);
	assert_hostname(f, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HANDLER_TEST(test_list),
		HANDLER_TEST(test_old_documents),
		HANDLER_TEST(test_differences),
		HANDLER_TEST(test_rollback),
		HANDLER_TEST(test_trial),
		HANDLER_TEST(test_trial_ends_by_rollback),
		HANDLER_TEST(test_trial_of_nothing),
	};

	return cmocka_run_group_tests_name("revisions", tests, NULL, NULL);
}
