// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Secrets leave a document when it is read, and come back when it is written without them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/config/secrets.h"

static const char whole[] =
	"{ \"hostname\": \"r1\","
	"  \"ospf\": { \"areas\": [ { \"id\": 0, \"authentication\": { \"key\": \"secret-a\" } },"
	"    { \"id\": \"0.0.0.1\", \"authentication\": { \"key\": \"secret-b\" } } ] },"
	"  \"ipsec\": [ { \"name\": \"one\", \"psk\": \"secret-c\" },"
	"    { \"name\": \"two\", \"psk\": \"secret-d\" } ],"
	"  \"load_balancers\": [ { \"name\": \"web\", \"listeners\": ["
	"    { \"name\": \"tls\", \"port\": 443, \"certificate\": \"secret-e\" } ] } ] }";

static json_t *load(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	return json;
}

static void test_a_reader_gets_none(void **state)
{
	json_t *document = load(whole), *read = secrets_removed(document);
	char *text = json_dumps(read, 0);

	assert_null(strstr(text, "secret"));
	assert_non_null(strstr(text, "443"));
	assert_string_equal(json_string_value(json_object_get(read, "hostname")), "r1");
	// The original keeps them.
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(document, "ipsec"), 0), "psk")),
		"secret-c");
	free(text);
	json_decref(read);
	json_decref(document);
}

static void test_what_was_read_can_be_written_back(void **state)
{
	json_t *document = load(whole), *read = secrets_removed(document);

	assert_int_equal(secrets_kept(read, document), 0);
	assert_true(json_equal(read, document));
	json_decref(read);
	json_decref(document);
}

// In another order, beside new objects, with one secret changed.
static void test_objects_are_known_by_their_names(void **state)
{
	json_t *document = load(whole);
	json_t *to =
		load("{ \"ipsec\": [ { \"name\": \"new\" }, { \"name\": \"two\" },"
		     "  { \"name\": \"one\", \"psk\": \"other\" } ],"
		     "  \"ospf\": { \"areas\": [ { \"id\": \"0.0.0.1\","
		     "    \"authentication\": {} }, { \"id\": 7, \"authentication\": {} } ] } }");
	json_t *expected =
		load("{ \"ipsec\": [ { \"name\": \"new\" }, { \"name\": \"two\","
		     "    \"psk\": \"secret-d\" }, { \"name\": \"one\", \"psk\": \"other\" } ],"
		     "  \"ospf\": { \"areas\": [ { \"id\": \"0.0.0.1\","
		     "    \"authentication\": { \"key\": \"secret-b\" } },"
		     "    { \"id\": 7, \"authentication\": {} } ] } }");

	assert_int_equal(secrets_kept(to, document), 0);
	assert_true(json_equal(to, expected));
	json_decref(expected);
	json_decref(to);
	json_decref(document);
}

// Authentication of another type has another key, or none.
static void test_a_secret_of_another_type_is_not_kept(void **state)
{
	json_t *document =
		load("{ \"ospf\": { \"areas\": [ { \"id\": 0, \"authentication\":"
		     " { \"type\": \"md5\", \"key_id\": 1, \"key\": \"secret\" } } ] } }");
	json_t *to = load("{ \"ospf\": { \"areas\": [ { \"id\": 0, \"authentication\":"
			  " { \"type\": \"none\" } } ] } }");
	json_t *expected = json_deep_copy(to);

	assert_int_equal(secrets_kept(to, document), 0);
	assert_true(json_equal(to, expected));
	json_decref(expected);
	json_decref(to);
	json_decref(document);
}

// What is no document of ours reaches this before it is validated.
static void test_documents_of_other_shapes(void **state)
{
	static const char *const texts[] = { "[]", "7", "{ \"ipsec\": 7 }",
		"{ \"ipsec\": [7, []] }", "{ \"ospf\": { \"areas\": { \"id\": 0 } } }",
		"{ \"ipsec\": [ { \"name\": 1 }, { \"name\": null } ] }" };
	json_t *document = load(whole);

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *to = load(texts[i]), *before = json_deep_copy(to);

		assert_int_equal(secrets_kept(to, document), 0);
		assert_true(json_equal(to, before));
		assert_int_equal(secrets_kept(to, NULL), 0);
		json_decref(before);
		json_decref(to);
	}
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_reader_gets_none),
		cmocka_unit_test(test_what_was_read_can_be_written_back),
		cmocka_unit_test(test_objects_are_known_by_their_names),
		cmocka_unit_test(test_a_secret_of_another_type_is_not_kept),
		cmocka_unit_test(test_documents_of_other_shapes),
	};

	return cmocka_run_group_tests_name("config_secrets", tests, NULL, NULL);
}
