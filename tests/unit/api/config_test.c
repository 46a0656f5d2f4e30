// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The configuration's resources: replace, patch, single objects, preconditions, dry runs; what is
// refused changes nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/api/fixture.h"

#define CONFIG	"/v1/config"
#define ROUTE	"/v1/config/routes/172.30.0.0_16/blackhole"
#define FORWARD "/v1/config/port_forwards/ssh"

static const char site[] = "{ \"version\": 1, \"hostname\": \"r1\","
			   "  \"interfaces\": ["
			   "    { \"name\": \"pub0\", \"role\": \"public\","
			   "      \"port\": { \"driver\": \"tap\", \"address\": \"eth0@inet\" },"
			   "      \"addresses\": [\"203.0.113.1/24\"] },"
			   "    { \"name\": \"vpc1\", \"role\": \"private\","
			   "      \"port\": { \"driver\": \"tap\", \"address\": \"eth0@h1\" },"
			   "      \"addresses\": [\"192.168.10.1/24\"] } ] }";

static const char forward[] = "{ \"vip\": \"pub0\", \"protocol\": \"tcp\", \"ports\": \"22\","
			      "  \"target\": \"192.168.10.2\" }";

static void put_document(struct fixture *f)
{
	assert_int_equal(ask(f, "PUT", CONFIG, NULL, NULL, site), 200);
}

static void test_nothing_is_revision_0(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/version"), 1);
	assert_true(f->request.reply.has_etag);
	assert_int_equal(f->request.reply.etag, 0);
	assert_int_equal(ask(f, "GET", CONFIG "/routes", NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), 0);
	assert_int_equal(ask(f, "GET", ROUTE, NULL, NULL, NULL), 404);
	assert_int_equal(ask(f, "DELETE", ROUTE, NULL, NULL, NULL), 404);
}

static void test_put_and_get(void **state)
{
	struct fixture *f = *state;
	json_t *document = json_loads(site, 0, NULL);

	put_document(f);
	assert_int_equal(number_at(f, "/revision"), 1);
	assert_true(json_is_true(at(f, "/changed")));
	assert_int_equal(json_array_size(at(f, "/warnings")), 0);
	assert_int_equal(f->request.reply.etag, 1);
	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_true(json_equal(f->reply, document));
	assert_int_equal(f->request.reply.etag, 1);
	put_document(f); // the same again
	assert_int_equal(number_at(f, "/revision"), 1);
	assert_true(json_is_false(at(f, "/changed")));
	json_decref(document);
}

static const char connection[] =
	"{ \"interface\": \"pub0\", \"peer_address\": \"203.0.113.9\", \"psk\": \"k3y\","
	"  \"local_subnets\": [\"192.168.10.0/24\"], \"remote_subnets\": [\"10.9.0.0/24\"],"
	"  \"ike\": { \"encryption\": \"3des\", \"dh_group\": 2 } }";

// A secret goes in and never out, not in an error either; what else there is to say is a warning.
static void test_secrets_and_warnings(void **state)
{
	struct fixture *f = *state;
	json_t *read;

	put_document(f);
	assert_int_equal(ask(f, "PUT", CONFIG "/ipsec/b", NULL, NULL, connection), 201);
	assert_int_equal(json_array_size(at(f, "/warnings")), 3);
	assert_string_equal(text_at(f, "/warnings/0/pointer"), "/ipsec/0/ike");
	assert_string_equal(text_at(f, "/warnings/0/detail"), "3des is a weak cipher");
	assert_int_equal(ask(f, "GET", "/v1/state", NULL, NULL, NULL), 200);
	assert_int_equal(json_array_size(at(f, "/warnings")), 3);
	assert_int_equal(ask(f, "GET", CONFIG "/ipsec/b", NULL, NULL, NULL), 200);
	assert_null(at(f, "/psk"));
	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_null(strstr(f->request.reply.body, "k3y"));
	// What was read, changed and written back keeps it; without one to keep it is missing.
	read = json_incref(f->reply);
	json_object_set_new(
		json_array_get(json_object_get(read, "ipsec"), 0), "dpd_s", json_integer(9));
	char *text = json_dumps(read, 0);
	assert_int_equal(ask(f, "PUT", CONFIG, NULL, NULL, text), 200);
	assert_int_equal(number_at(f, "/revision"), 3);
	assert_int_equal(
		ask(f, "PUT", CONFIG "/ipsec/c", NULL, NULL, "{ \"psk\": \"k3y\\n\" }"), 422);
	assert_null(strstr(f->request.reply.body, "k3y"));
	assert_int_equal(ask(f, "PUT", CONFIG "/ipsec/c", NULL, NULL, "{}"), 422);
	assert_non_null(strstr(f->request.reply.body, "/ipsec/1/psk"));
	free(text);
	json_decref(read);
}

static void test_malformed_and_invalid(void **state)
{
	struct fixture *f = *state;

	put_document(f);
	assert_int_equal(ask(f, "PUT", CONFIG, NULL, NULL, "{\n \"version\": 1,"), 400);
	assert_string_equal(f->request.reply.content_type, "application/problem+json");
	assert_string_equal(text_at(f, "/title"), "Bad Request");
	assert_int_equal(number_at(f, "/status"), 400);
	assert_non_null(strstr(text_at(f, "/errors/0/detail"), "line 2"));
	assert_int_equal(ask(f, "PUT", CONFIG, NULL, NULL, NULL), 400);
	assert_int_equal(
		ask(f, "PUT", CONFIG, NULL, NULL, "{ \"version\": 2, \"hostname\": 7 }"), 422);
	assert_int_equal(json_array_size(at(f, "/errors")), 2);
	assert_string_equal(text_at(f, "/errors/0/pointer"), "/version");
	assert_string_equal(text_at(f, "/errors/1/pointer"), "/hostname");
	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/hostname"), "r1");
	assert_int_equal(f->request.reply.etag, 1);
}

static void test_preconditions(void **state)
{
	static const char *const stale[] = { "\"1\"", "*", "0", "", "\"\"", "x", "W/\"0\"", "\"0",
		"0\"", "-0", "18446744073709551616" };
	static const char *const current[] = { "\"1\"", "1", "*" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++)
		if (strcmp(stale[i], "0") != 0)
			assert_int_equal(ask(f, "PUT", CONFIG, NULL, stale[i], site), 412);
	assert_int_equal(f->request.reply.etag, 0); // the reply names the current one
	assert_int_equal(ask(f, "PUT", CONFIG, NULL, "\"0\"", site), 200);
	for (size_t i = 0; i < sizeof(current) / sizeof(current[0]); i++)
		assert_int_equal(ask(f, "PUT", CONFIG, NULL, current[i], site), 200);
	for (size_t i = 2; i < sizeof(stale) / sizeof(stale[0]); i++)
		assert_int_equal(ask(f, "PUT", CONFIG, NULL, stale[i], site), 412);
	assert_int_equal(ask(f, "DELETE", CONFIG "/interfaces/pub0", NULL, "\"7\"", NULL), 412);
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, "\"7\"", forward), 412);
	assert_int_equal(ask(f, "PATCH", CONFIG, NULL, "\"7\"", "{}"), 412);
	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_int_equal(f->request.reply.etag, 1);
}

static void test_dry_run(void **state)
{
	struct fixture *f = *state;

	put_document(f);
	assert_int_equal(
		ask(f, "PATCH", CONFIG, "dry_run=1", NULL, "{ \"hostname\": \"r2\" }"), 200);
	assert_int_equal(number_at(f, "/revision"), 1);
	assert_true(json_is_true(at(f, "/changed")));
	assert_true(json_is_true(at(f, "/dry_run")));
	assert_int_equal(ask(f, "PUT", FORWARD, "dry_run=true", NULL, forward), 200); // not 201
	assert_int_equal(ask(f, "PUT", CONFIG, "dry_run=1", NULL, "{}"), 422);
	assert_int_equal(ask(f, "PUT", CONFIG, "dry_run=yes", NULL, site), 400);
	assert_int_equal(ask(f, "PUT", CONFIG, "dryrun=1", NULL, site), 400);
	assert_int_equal(ask(f, "PUT", CONFIG, "dry_run=1&dry_run=0", NULL, site), 400);
	assert_int_equal(ask(f, "GET", CONFIG, "dry_run=1", NULL, NULL), 400);
	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/hostname"), "r1");
	assert_null(at(f, "/port_forwards"));
}

static void test_patch(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "PATCH", CONFIG, NULL, NULL, "{ \"hostname\": \"new\" }"), 200);
	put_document(f);
	assert_int_equal(ask(f, "PATCH", CONFIG, NULL, NULL, "{ \"hostname\": null }"), 200);
	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_null(at(f, "/hostname"));
	assert_int_equal(json_array_size(at(f, "/interfaces")), 2);
	assert_int_equal(ask(f, "PATCH", CONFIG, NULL, NULL, "[]"), 422);
}

static void test_media_types(void **state)
{
	struct fixture *f = *state;
	struct request r = { .env = &f->env, .method = "PUT", .path = CONFIG };

	r.content_type = "application/json; charset=utf-8";
	assert_int_equal(api_route(&r), 0);
	r.content_type = "Application/JSON";
	assert_int_equal(api_route(&r), 0);
	r.content_type = "application/merge-patch+json";
	assert_true(api_route(&r) < 0);
	assert_int_equal(r.reply.status, 415);
	r.method = "PATCH";
	assert_int_equal(api_route(&r), 0);
	r.content_type = "application/jsonx";
	assert_true(api_route(&r) < 0);
	request_clear(&r);
}

static void test_objects(void **state)
{
	struct fixture *f = *state;

	put_document(f);
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL, forward), 201);
	assert_int_equal(number_at(f, "/revision"), 2);
	assert_int_equal(ask(f, "GET", FORWARD, NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/name"), "ssh"); // from the path
	assert_string_equal(text_at(f, "/ports"), "22");
	assert_int_equal(f->request.reply.etag, 2);
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL, forward), 200);
	assert_true(json_is_false(at(f, "/changed")));
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL,
				 "{ \"name\": \"ssh\", \"vip\": \"pub0\", \"protocol\": \"udp\","
				 "  \"ports\": \"22\", \"target\": \"192.168.10.2\" }"),
		200);
	assert_int_equal(number_at(f, "/revision"), 3);
	assert_int_equal(ask(f, "DELETE", FORWARD, NULL, NULL, NULL), 200);
	assert_int_equal(ask(f, "DELETE", FORWARD, NULL, NULL, NULL), 404);
	assert_int_equal(ask(f, "GET", CONFIG "/port_forwards", NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), 0);
}

static void test_objects_keep_their_places(void **state)
{
	struct fixture *f = *state;

	put_document(f);
	assert_int_equal(ask(f, "GET", CONFIG "/interfaces/pub0", NULL, NULL, NULL), 200);
	json_object_set_new(f->reply, "mtu", json_integer(1400));
	char *body = json_dumps(f->reply, 0);
	assert_int_equal(ask(f, "PUT", CONFIG "/interfaces/pub0", NULL, NULL, body), 200);
	assert_int_equal(ask(f, "GET", CONFIG, NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/interfaces/0/name"), "pub0");
	assert_int_equal(number_at(f, "/interfaces/0/mtu"), 1400);
	assert_string_equal(text_at(f, "/interfaces/1/name"), "vpc1");
	free(body);
}

static void test_a_route_has_the_name_of_what_it_does(void **state)
{
	static const char blackhole[] =
		"{ \"destination\": \"172.30.1.2/16\", \"type\": \"blackhole\" }";
	static const char via[] = "{ \"destination\": \"10.9.0.0/16\", \"type\": \"static\","
				  "  \"next_hop\": \"192.168.10.9\" }";
	struct fixture *f = *state;
	struct config *now;

	put_document(f);
	assert_int_equal(ask(f, "PUT", ROUTE, NULL, NULL, blackhole), 201);
	assert_int_equal(
		ask(f, "PUT", CONFIG "/routes/10.9.0.0_16/192.168.10.9", NULL, NULL, via), 201);
	assert_int_equal(
		ask(f, "PUT", CONFIG "/routes/10.8.0.0_16/192.168.10.9", NULL, NULL, via), 422);
	assert_int_equal(ask(f, "GET", ROUTE, NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/destination"), "172.30.1.2/16");
	now = engine_current(f->engine); // the names that the configuration gives are the same
	assert_string_equal(now->routes[0].name, "172.30.0.0_16/blackhole");
	assert_string_equal(now->routes[1].name, "10.9.0.0_16/192.168.10.9");
	config_unref(now);
	assert_int_equal(ask(f, "DELETE", ROUTE, NULL, NULL, NULL), 200);
}

static void test_objects_that_cannot_be(void **state)
{
	struct fixture *f = *state;

	put_document(f);
	assert_int_equal(ask(f, "PUT", CONFIG "/tunnels/x", NULL, NULL, "{}"), 404);
	assert_int_equal(ask(f, "GET", CONFIG "/version", NULL, NULL, NULL), 404);
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL, "[]"), 422);
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL, "{"), 400);
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL, "{ \"name\": \"other\" }"), 422);
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL, "{ \"name\": 5 }"), 422);
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL, "{ \"vip\": \"nope\" }"), 422);
	assert_string_equal(text_at(f, "/errors/0/pointer"), "/port_forwards/0/vip");
	// Something else needs it.
	assert_int_equal(ask(f, "PUT", FORWARD, NULL, NULL, forward), 201);
	assert_int_equal(ask(f, "DELETE", CONFIG "/interfaces/pub0", NULL, NULL, NULL), 422);
	assert_int_equal(ask(f, "GET", CONFIG "/interfaces/pub0", NULL, NULL, NULL), 200);
}

static void test_paths_and_methods(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "GET", "/v2/config", NULL, NULL, NULL), 404);
	assert_int_equal(ask(f, "DELETE", CONFIG, NULL, NULL, NULL), 405);
	assert_string_equal(f->request.match.allow, "GET, HEAD, PUT, PATCH");
	assert_string_equal(text_at(f, "/title"), "Method Not Allowed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HANDLER_TEST(test_nothing_is_revision_0),
		HANDLER_TEST(test_put_and_get),
		HANDLER_TEST(test_secrets_and_warnings),
		HANDLER_TEST(test_malformed_and_invalid),
		HANDLER_TEST(test_preconditions),
		HANDLER_TEST(test_dry_run),
		HANDLER_TEST(test_patch),
		HANDLER_TEST(test_media_types),
		HANDLER_TEST(test_objects),
		HANDLER_TEST(test_objects_keep_their_places),
		HANDLER_TEST(test_a_route_has_the_name_of_what_it_does),
		HANDLER_TEST(test_objects_that_cannot_be),
		HANDLER_TEST(test_paths_and_methods),
	};

	return cmocka_run_group_tests_name("api_config", tests, NULL, NULL);
}
