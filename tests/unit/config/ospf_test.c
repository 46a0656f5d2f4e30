// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// OSPF in the model: values, defaults, and that no problem tells a key.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/parse.h"
#include "tests/unit/config/files.h"

#define SECRET "topsecret"

static struct config *load(const char *file)
{
	struct problems p = { 0 };
	size_t len = 0;
	char *text = file_text(file, &len);
	struct config *c;

	assert_non_null(text);
	c = config_from_text(text, len, &p);
	free(text);
	assert_non_null(c);
	problems_clear(&p);
	return c;
}

static void values_of_every_field(void **state)
{
	struct config *c = load(CORPUS "/good/ospf-every-field.json");
	const struct ospf_config *o = &c->ospf;
	const struct ospf_interface_config *f = &o->areas[0].interfaces[0];

	assert_int_equal(o->router_id.s_addr, inet_addr("1.1.1.1"));
	assert_true(o->fast_convergence);
	assert_int_equal(o->graceful_restart_s, 0);
	assert_int_equal(o->redistribute,
		OSPF_REDISTRIBUTE_STATIC | OSPF_REDISTRIBUTE_CONNECTED | OSPF_REDISTRIBUTE_DEFAULT);
	assert_int_equal(o->n_areas, 3);
	assert_int_equal(o->areas[0].id.s_addr, inet_addr("255.255.255.255"));
	assert_int_equal(o->areas[0].type, OSPF_AREA_NSSA);
	assert_int_equal(f->interface, 2);
	assert_int_equal(f->cost, 65535);
	assert_int_equal(f->hello_interval_s, 5);
	assert_int_equal(f->dead_interval_s, 6);
	assert_true(f->point_to_point && f->passive);
	assert_int_equal(f->authentication.type, OSPF_AUTHENTICATION_MD5);
	assert_int_equal(f->authentication.key_id, 255);
	assert_string_equal(f->authentication.key, "%:,4567890123456");
	assert_int_equal(o->areas[1].id.s_addr, inet_addr("0.0.0.7"));
	config_unref(c);
}

static void defaults_come_from_area_and_router(void **state)
{
	struct config *c = load(CORPUS "/good/ospf-every-field.json");
	const struct ospf_interface_config *f = &c->ospf.areas[0].interfaces[1];

	assert_int_equal(f->interface, 3);
	assert_int_equal(f->cost, 1); // 1000 Mbit/s of reference, 10000 of the interface
	assert_int_equal(f->hello_interval_s, 1);
	assert_int_equal(f->dead_interval_s, 4);
	assert_int_equal(f->authentication.type, OSPF_AUTHENTICATION_PLAINTEXT);
	assert_string_equal(f->authentication.key, "a-._+/=@");
	config_unref(c);
}

static void cost_follows_the_configured_speed(void **state)
{
	struct config *c = load(CORPUS "/good/ospf.json");
	const struct ospf_area_config *area = &c->ospf.areas[0];

	assert_int_equal(area->interfaces[0].cost, 10);	 // 10 Gbit/s
	assert_int_equal(area->interfaces[1].cost, 100); // 1 Gbit/s
	assert_int_equal(area->interfaces[0].hello_interval_s, 10);
	assert_int_equal(area->interfaces[0].dead_interval_s, 40);
	assert_int_equal(c->ospf.graceful_restart_s, 120);
	assert_int_equal(c->ospf.areas[1].type, OSPF_AREA_STUB);
	config_unref(c);
}

static void router_id_is_a_public_address(void **state)
{
	struct config *c = load(CORPUS "/good/ospf-off.json");

	assert_int_equal(c->ospf.n_areas, 0);
	assert_int_equal(c->ospf.router_id.s_addr, inet_addr("10.108.10.100"));
	config_unref(c);
}

static const char text[] =
	"{\"version\":1,\"interfaces\":[{\"name\":\"p1\",\"role\":\"private\",\"mac\":"
	"\"02:00:00:00:00:01\",\"addresses\":[\"10.0.0.1/24\"]}],\"ospf\":{\"areas\":[{\"id\":1,"
	"\"authentication\":{\"type\":\"plaintext\",\"key\":\"first\"},\"interfaces\":[{\"name\":"
	"\"p1\",\"authentication\":{\"type\":\"plaintext\",\"key\":\"second\"}}]}]}}";

static json_t *document(void)
{
	json_t *d = json_loads(text, 0, NULL);

	assert_non_null(d);
	return d;
}

static json_t *area_of(json_t *d)
{
	return json_array_get(json_object_get(json_object_get(d, "ospf"), "areas"), 0);
}

// A key that is refused stays out of what is said about it.
static void problems_do_not_tell_keys(void **state)
{
	static const char *const wrong[] = { SECRET " ", SECRET SECRET SECRET, SECRET "\n" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct problems p = { 0 };
		struct ids *ids = ids_create();
		json_t *d = document();

		json_object_set_new(json_object_get(area_of(d), "authentication"), "key",
			json_string(wrong[i]));
		assert_null(config_parse(d, ids, &p));
		assert_int_equal(p.count, 1);
		assert_null(strstr(p.list[0].text, SECRET));
		problems_clear(&p);
		ids_destroy(ids);
		json_decref(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_every_field),
		cmocka_unit_test(defaults_come_from_area_and_router),
		cmocka_unit_test(cost_follows_the_configured_speed),
		cmocka_unit_test(router_id_is_a_public_address),
		cmocka_unit_test(problems_do_not_tell_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
