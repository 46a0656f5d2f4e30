// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Matching of methods and paths.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "control/api/router.h"

static const struct route routes[] = {
	{ "GET", "/v1/config", NULL, false, NULL },
	{ "PUT", "/v1/config", "dry_run", true, NULL },
	{ "GET", "/v1/config/{list}", NULL, false, NULL },
	{ "GET", "/v1/config/{list}/{name...}", NULL, false, NULL },
	{ "DELETE", "/v1/config/{list}/{name...}", NULL, true, NULL },
};

#define COUNT (sizeof(routes) / sizeof(routes[0]))

static int find(const char *method, const char *path, struct route_match *m)
{
	return route_find(routes, COUNT, method, path, m);
}

static void test_literal_paths(void **state)
{
	struct route_match m;

	assert_int_equal(find("GET", "/v1/config", &m), 0);
	assert_ptr_equal(m.route, &routes[0]);
	assert_int_equal(find("PUT", "/v1/config", &m), 0);
	assert_ptr_equal(m.route, &routes[1]);
}

static void test_head_is_served_by_get(void **state)
{
	struct route_match m;

	assert_int_equal(find("HEAD", "/v1/config", &m), 0);
	assert_ptr_equal(m.route, &routes[0]);
}

static void test_parameters(void **state)
{
	struct route_match m;

	assert_int_equal(find("GET", "/v1/config/eips", &m), 0);
	assert_ptr_equal(m.route, &routes[2]);
	assert_string_equal(m.param[0], "eips");
	assert_int_equal(find("GET", "/v1/config/eips/one", &m), 0);
	assert_ptr_equal(m.route, &routes[3]);
	assert_string_equal(m.param[0], "eips");
	assert_string_equal(m.param[1], "one");
	assert_int_equal(find("DELETE", "/v1/config/routes/10.0.0.0_8/10.1.1.1", &m), 0);
	assert_ptr_equal(m.route, &routes[4]);
	assert_string_equal(m.param[0], "routes");
	assert_string_equal(m.param[1], "10.0.0.0_8/10.1.1.1");
}

static void test_unknown_paths(void **state)
{
	static const char *const unknown[] = { "", "/", "/v1", "/v1/confi", "/v1/config/",
		"/v1/configs", "/v1/config//x", "/v1/config/eips/", "v1/config", "/V1/config" };
	struct route_match m;

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(find("GET", unknown[i], &m), -ENOENT);
}

static void test_a_parameter_has_a_limit(void **state)
{
	char path[ROUTE_PARAM_MAX + 32] = "/v1/config/";
	size_t start = strlen(path);
	struct route_match m;

	memset(path + start, 'x', ROUTE_PARAM_MAX - 1);
	assert_int_equal(find("GET", path, &m), 0);
	assert_int_equal(strlen(m.param[0]), ROUTE_PARAM_MAX - 1);
	memset(path + start, 'x', ROUTE_PARAM_MAX);
	assert_int_equal(find("GET", path, &m), -ENOENT);
}

static void test_wrong_method_tells_the_right_ones(void **state)
{
	struct route_match m;

	assert_int_equal(find("DELETE", "/v1/config", &m), -ENOTSUP);
	assert_string_equal(m.allow, "GET, HEAD, PUT");
	assert_int_equal(find("PUT", "/v1/config/eips/one", &m), -ENOTSUP);
	assert_string_equal(m.allow, "GET, HEAD, DELETE");
	assert_int_equal(find("get", "/v1/config", &m), -ENOTSUP); // methods are case-sensitive
}

static void test_words(void **state)
{
	assert_true(route_word_in("limit", "limit offset"));
	assert_true(route_word_in("offset", "limit offset"));
	assert_true(route_word_in("rule", "rule"));
	assert_false(route_word_in("lim", "limit offset"));
	assert_false(route_word_in("limit offset", "limit offset"));
	assert_false(route_word_in("", "limit offset"));
	assert_false(route_word_in("limit", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literal_paths),
		cmocka_unit_test(test_head_is_served_by_get),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_unknown_paths),
		cmocka_unit_test(test_a_parameter_has_a_limit),
		cmocka_unit_test(test_wrong_method_tells_the_right_ones),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
