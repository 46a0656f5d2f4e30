// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Stable ids: kept with the name, given out upwards, reused late; and the RFC 7396 merge patch.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/config/ids.h"
#include "control/config/parse.h"

static void new_names_get_rising_ids(void **state)
{
	struct ids *ids = ids_create();

	ids_begin(ids);
	assert_int_equal(ids_get(ids, OBJ_EIP, "a", 10), 1);
	assert_int_equal(ids_get(ids, OBJ_EIP, "b", 10), 2);
	assert_int_equal(ids_get(ids, OBJ_EIP, "a", 10), 1);
	assert_int_equal(ids_get(ids, OBJ_SNAT, "a", 10), 1); // each kind counts for itself
	assert_int_equal(ids_keep(ids, OBJ_EIP, "c"), 0);
	ids_destroy(ids);
}

static void a_freed_id_rests(void **state)
{
	struct ids *ids = ids_create();

	ids_begin(ids);
	ids_get(ids, OBJ_EIP, "a", 5);
	ids_get(ids, OBJ_EIP, "b", 5);
	ids_sweep(ids);
	ids_begin(ids);
	ids_keep(ids, OBJ_EIP, "b");
	ids_sweep(ids); // forgets a and its id 1
	assert_int_equal(ids_keep(ids, OBJ_EIP, "a"), 0);
	assert_int_equal(ids_get(ids, OBJ_EIP, "c", 5), 3);
	assert_int_equal(ids_get(ids, OBJ_EIP, "d", 5), 4);
	assert_int_equal(ids_get(ids, OBJ_EIP, "e", 5), 1); // wrapped around
	assert_int_equal(ids_get(ids, OBJ_EIP, "f", 5), 0); // 1-4 are taken
	ids_destroy(ids);
}

static void dropped_names_yield_when_full(void **state)
{
	struct ids *ids = ids_create();

	ids_begin(ids);
	ids_get(ids, OBJ_PORT, "a", 4);
	ids_get(ids, OBJ_PORT, "b", 4);
	ids_get(ids, OBJ_PORT, "c", 4);
	ids_sweep(ids);
	ids_begin(ids); // the next revision has b, d and e
	assert_int_equal(ids_keep(ids, OBJ_PORT, "b"), 2);
	assert_int_equal(ids_get(ids, OBJ_PORT, "d", 4), 1);
	assert_int_equal(ids_get(ids, OBJ_PORT, "e", 4), 3);
	assert_int_equal(ids_get(ids, OBJ_PORT, "f", 4), 0);
	assert_int_equal(ids_get(ids, OBJ_PORT, "b", 4), 2);
	ids_destroy(ids);
}

static void copies_and_files_are_equal(void **state)
{
	struct ids *ids = ids_create();

	ids_begin(ids);
	ids_get(ids, OBJ_ADDRESS, "pub0/10.0.0.1", IDS_MAX);
	ids_get(ids, OBJ_ADDRESS, "vip:a", IDS_MAX);
	ids_begin(ids);
	ids_keep(ids, OBJ_ADDRESS, "vip:a");
	ids_sweep(ids);
	struct ids *copy = ids_copy(ids);
	json_t *json = ids_to_json(ids);
	struct ids *loaded = ids_from_json(json);
	assert_int_equal(ids_get(copy, OBJ_ADDRESS, "x", IDS_MAX), 3);
	assert_int_equal(ids_get(loaded, OBJ_ADDRESS, "y", IDS_MAX), 3);
	assert_int_equal(ids_keep(loaded, OBJ_ADDRESS, "vip:a"), 2);
	assert_int_equal(ids_keep(ids, OBJ_ADDRESS, "x"), 0); // the copy is its own
	ids_begin(loaded);
	struct ids *second = ids_copy(loaded);
	ids_sweep(second); // forgets all
	assert_int_equal(ids_keep(second, OBJ_ADDRESS, "vip:a"), 0);
	assert_int_equal(ids_keep(loaded, OBJ_ADDRESS, "vip:a"), 2);
	ids_destroy(second);
	json_decref(json);
	ids_destroy(copy);
	ids_destroy(loaded);
	ids_destroy(ids);
}

static void malformed_files_are_refused(void **state)
{
	static const char *const bad[] = {
		"{\"eip\": 1}",
		"{\"eip\": {\"next\": 0, \"names\": {}}}",
		"{\"eip\": {\"next\": 99999, \"names\": {}}}",
		"{\"eip\": {\"next\": 1, \"names\": []}}",
		"{\"eip\": {\"next\": 1, \"names\": {\"a\": 0}}}",
		"{\"eip\": {\"next\": 1, \"names\": {\"a\": -1}}}",
		"{\"eip\": {\"next\": 1, \"names\": {\"a\": 16384}}}",
		"{\"eip\": {\"next\": 1, \"names\": {\"a\": 2, \"b\": 2}}}",
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *json = json_loads(bad[i], 0, NULL);

		assert_non_null(json);
		assert_null(ids_from_json(json));
		json_decref(json);
	}
}

// RFC 7396, appendix A: original, patch, result.
static const char *const merge_examples[][3] = {
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
	{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
	{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
	{ "{\"a\":\"foo\"}", "null", "null" },
	{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
	{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
};

static void merge_patch_does_what_the_rfc_says(void **state)
{
	for (unsigned int i = 0; i < sizeof(merge_examples) / sizeof(merge_examples[0]); i++) {
		json_t *json[3];

		for (unsigned int j = 0; j < 3; j++)
			json[j] = json_loads(merge_examples[i][j], JSON_DECODE_ANY, NULL);
		json_t *before = json_deep_copy(json[0]);
		json_t *merged = config_merge_patch(json[0], json[1]);
		assert_true(json_equal(merged, json[2]));
		assert_true(json_equal(json[0], before)); // untouched
		json_decref(merged);
		json_decref(before);
		for (unsigned int j = 0; j < 3; j++)
			json_decref(json[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_names_get_rising_ids),
		cmocka_unit_test(a_freed_id_rests),
		cmocka_unit_test(dropped_names_yield_when_full),
		cmocka_unit_test(copies_and_files_are_equal),
		cmocka_unit_test(malformed_files_are_refused),
		cmocka_unit_test(merge_patch_does_what_the_rfc_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
