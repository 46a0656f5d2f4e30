// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What differs between two documents.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/config/diff.h"

static json_t *load(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static void assert_diff(const char *from, const char *to, const char *expected)
{
	json_t *a = load(from), *b = load(to), *e = load(expected);
	size_t more = 1;
	json_t *diff = config_diff(a, b, &more);

	if (!json_equal(diff, e))
		fail_msg("%s", json_dumps(diff, 0));
	assert_int_equal(more, 0);
	json_decref(a);
	json_decref(b);
	json_decref(e);
	json_decref(diff);
}

static void test_equal_documents(void **state)
{
	assert_diff("{\"a\": 1}", "{\"a\": 1}", "[]");
}

static void test_members_and_objects(void **state)
{
	assert_diff("{\"hostname\": \"a\", \"nat\": {\"timeouts\": {\"udp_s\": 300}},"
		    " \"snat\": [{\"name\": \"one\", \"mapping\": \"x\"}, {\"name\": \"two\"}]}",
		"{\"hostname\": \"b\", \"nat\": {\"timeouts\": {\"udp_s\": 400}},"
		" \"snat\": [{\"name\": \"three\"}, {\"name\": \"one\", \"source\": \"y\"}]}",
		"[{\"op\": \"change\", \"path\": \"/hostname\", \"from\": \"a\", \"to\": \"b\"},"
		" {\"op\": \"change\", \"path\": \"/nat/timeouts/udp_s\", \"from\": 300,"
		"  \"to\": 400},"
		" {\"op\": \"remove\", \"path\": \"/snat/one/mapping\", \"from\": \"x\"},"
		" {\"op\": \"add\", \"path\": \"/snat/one/source\", \"to\": \"y\"},"
		" {\"op\": \"remove\", \"path\": \"/snat/two\", \"from\": {\"name\": \"two\"}},"
		" {\"op\": \"add\", \"path\": \"/snat/three\", \"to\": {\"name\": \"three\"}}]");
}

static void test_routes_have_the_name_of_what_they_do(void **state)
{
	assert_diff("{\"routes\": [{\"destination\": \"10.0.0.1/8\", \"next_hop\": \"1.1.1.1\","
		    "  \"priority\": 1}]}",
		"{\"routes\": [{\"destination\": \"10.0.0.0/8\", \"next_hop\": \"1.1.1.1\","
		"  \"priority\": 1}]}",
		"[{\"op\": \"change\", \"path\": \"/routes/10.0.0.0_8/1.1.1.1/destination\","
		"  \"from\": \"10.0.0.1/8\", \"to\": \"10.0.0.0/8\"}]");
}

// The place of an interface is its default priority.
static void test_order(void **state)
{
	assert_diff("{\"interfaces\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}",
		"{\"interfaces\": [{\"name\": \"b\"}, {\"name\": \"a\"}]}",
		"[{\"op\": \"order\", \"path\": \"/interfaces\"}]");
}

static void test_lists_of_values(void **state)
{
	assert_diff("{\"interfaces\": [{\"name\": \"a\", \"addresses\": [\"1\", \"2\"]}]}",
		"{\"interfaces\": [{\"name\": \"a\", \"addresses\": [\"2\"]}]}",
		"[{\"op\": \"change\", \"path\": \"/interfaces/a/addresses\","
		"  \"from\": [\"1\", \"2\"], \"to\": [\"2\"]}]");
}

static void test_secrets_are_told_of_without_value(void **state)
{
	assert_diff("{\"ipsec\": [{\"name\": \"a\", \"psk\": \"old\"}]}",
		"{\"ipsec\": [{\"name\": \"a\", \"psk\": \"new\"},"
		"  {\"name\": \"b\", \"psk\": \"x\"}]}",
		"[{\"op\": \"change\", \"path\": \"/ipsec/a/psk\", \"secret\": true},"
		" {\"op\": \"add\", \"path\": \"/ipsec/b\", \"to\": {\"name\": \"b\"}}]");
}

// Documents that the validator would refuse: names twice, none, or of other types.
static void test_objects_without_names(void **state)
{
	assert_diff("{\"snat\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "{\"snat\": [7]}",
		"[{\"op\": \"change\", \"path\": \"/snat\","
		"  \"from\": [{\"name\": \"a\"}, {\"name\": \"a\"}], \"to\": [7]}]");
	assert_diff("{\"snat\": {}}", "{\"snat\": []}",
		"[{\"op\": \"change\", \"path\": \"/snat\", \"from\": {}, \"to\": []}]");
}

static void test_long_ones_are_cut_and_counted(void **state)
{
	json_t *from = json_object(), *to = json_object();
	size_t more = 0;
	char key[16];

	for (int i = 0; i < DIFF_MAX + 7; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		json_object_set_new(to, key, json_integer(i));
	}
	json_t *diff = config_diff(from, to, &more);
	assert_int_equal(json_array_size(diff), DIFF_MAX);
	assert_int_equal(more, 7);
	json_decref(diff);
	json_decref(from);
	json_decref(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_documents),
		cmocka_unit_test(test_members_and_objects),
		cmocka_unit_test(test_routes_have_the_name_of_what_they_do),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_lists_of_values),
		cmocka_unit_test(test_secrets_are_told_of_without_value),
		cmocka_unit_test(test_objects_without_names),
		cmocka_unit_test(test_long_ones_are_cut_and_counted),
	};

	return cmocka_run_group_tests_name("config_diff", tests, NULL, NULL);
}
