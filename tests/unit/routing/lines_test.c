// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What is rendered for FRR, what is read back, and that a change enters nothing but its own lines.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/routing/lines.h"
#include "control/routing/render.h"
#include "tests/unit/config/files.h"

// As FRR 8.4.4 shows it: foreign settings, blanks at ends, contexts that are not control's.
static const char running[] = "frr version 8.4.4\n"
			      "hostname vm\n"
			      "log stdout\n"
			      "!\n"
			      "interface pub0\n"
			      " description uplink\n"
			      " ip ospf area 0.0.0.0\n"
			      " ip ospf authentication message-digest\n"
			      " ip ospf cost 10\n"
			      " ip ospf message-digest-key 1 md5 s3cret\n"
			      "exit\n"
			      "!\n"
			      "interface vpc1\n"
			      " ip ospf area 0.0.0.6\n"
			      "exit\n"
			      "!\n"
			      "router bgp 1\n"
			      " neighbor 1.2.3.4 remote-as 2\n"
			      "exit\n"
			      "!\n"
			      "router ospf\n"
			      " ospf router-id 10.0.0.1\n"
			      " area 0.0.0.6 nssa \n"
			      " capability opaque\n"
			      "exit\n"
			      "!\n"
			      "end\n";

static struct frr_lines lines_of(const char *text)
{
	struct frr_lines l;

	assert_int_equal(frr_lines_parse(text, &l), 0);
	return l;
}

static char *script(const char *from, const char *to)
{
	struct frr_lines a = lines_of(from), b = lines_of(to);
	struct frr_diff d;

	assert_int_equal(frr_lines_diff(&a, &b, &d), 0);
	assert_int_equal(d.script[0] == '\0', d.missing + d.extra == 0);
	frr_lines_clear(&a);
	frr_lines_clear(&b);
	return d.script;
}

static void assert_script(const char *from, const char *to, const char *expected)
{
	char *text = script(from, to);

	assert_string_equal(text, expected);
	free(text);
}

static void own_lines_are_read(void **state)
{
	struct frr_lines l = lines_of(running);

	assert_true(l.router);
	assert_int_equal(l.count, 8);
	assert_string_equal(l.list[0].context, "interface pub0");
	assert_string_equal(l.list[0].text, "ip ospf area 0.0.0.0");
	assert_string_equal(l.list[6].context, FRR_ROUTER);
	assert_string_equal(l.list[6].text, "area 0.0.0.6 nssa");
	frr_lines_clear(&l);
	l = lines_of("");
	assert_false(l.router);
	assert_int_equal(l.count, 0);
	frr_lines_clear(&l);
}

static void equal_needs_nothing(void **state)
{
	assert_script(running, running, "");
}

static void one_change_is_one_line(void **state)
{
	assert_script("interface a\n ip ospf area 0.0.0.0\n ip ospf cost 10\nexit\n"
		      "interface b\n ip ospf area 0.0.0.1\nexit\nrouter ospf\nexit\n",
		"interface a\n ip ospf area 0.0.0.0\n ip ospf cost 20\nexit\n"
		"interface b\n ip ospf area 0.0.0.1\nexit\nrouter ospf\nexit\n",
		"interface a\n ip ospf cost 20\nexit\n");
}

// A key with the number of another one takes its place; one with another number stands beside it.
static void keys_are_replaced_in_place(void **state)
{
	assert_script("interface a\n ip ospf message-digest-key 1 md5 old\nexit\n",
		"interface a\n ip ospf message-digest-key 1 md5 new\nexit\n",
		"interface a\n ip ospf message-digest-key 1 md5 new\nexit\n");
	assert_script("interface a\n ip ospf message-digest-key 1 md5 old\nexit\n",
		"interface a\n ip ospf message-digest-key 2 md5 new\nexit\n",
		"interface a\n no ip ospf message-digest-key 1\nexit\n"
		"interface a\n ip ospf message-digest-key 2 md5 new\nexit\n");
	assert_script("interface a\n ip ospf authentication\n ip ospf authentication-key x\nexit\n",
		"interface a\nexit\n",
		"interface a\n no ip ospf authentication\n no ip ospf authentication-key\nexit\n");
}

// ospfd refuses a second area until the first one is gone.
static void areas_leave_first(void **state)
{
	assert_script("interface a\n ip ospf area 0.0.0.0\nexit\nrouter ospf\n area 0.0.0.1 stub "
		      "no-summary\nexit\n",
		"interface a\n ip ospf area 0.0.0.1\nexit\nrouter ospf\n area 0.0.0.1 nssa\nexit\n",
		"interface a\n no ip ospf area 0.0.0.0\nexit\n"
		"router ospf\n no area 0.0.0.1 stub\nexit\n"
		"router ospf\n area 0.0.0.1 nssa\nexit\n"
		"interface a\n ip ospf area 0.0.0.1\nexit\n");
}

static void the_end_of_ospf(void **state)
{
	struct frr_lines a = lines_of(running), none = { 0 };
	struct frr_diff d;

	assert_int_equal(frr_lines_diff(&a, &none, &d), 0);
	assert_string_equal(d.script,
		"interface pub0\n no ip ospf area 0.0.0.0\n no ip ospf authentication\n"
		" no ip ospf cost\n no ip ospf message-digest-key 1\nexit\n"
		"interface vpc1\n no ip ospf area 0.0.0.6\nexit\nno router ospf\n");
	assert_int_equal(d.extra, 6);
	free(d.script);
	frr_lines_clear(&a);
}

static void a_new_router_id_is_told(void **state)
{
	struct frr_lines a = lines_of("router ospf\n ospf router-id 1.1.1.1\nexit\n");
	struct frr_lines b = lines_of("router ospf\n ospf router-id 2.2.2.2\nexit\n");
	struct frr_lines none = { 0 };
	struct frr_diff d;

	assert_int_equal(frr_lines_diff(&a, &b, &d), 0);
	assert_true(d.router_id);
	assert_string_equal(d.script, "router ospf\n ospf router-id 2.2.2.2\nexit\n");
	free(d.script);
	assert_int_equal(frr_lines_diff(&none, &b, &d), 0);
	assert_false(d.router_id);
	free(d.script);
	frr_lines_clear(&a);
	frr_lines_clear(&b);
}

static void foreign_lines_of_the_router_go(void **state)
{
	assert_script("router ospf\n network 10.0.0.0/8 area 0\n redistribute bgp metric 5\nexit\n",
		"router ospf\nexit\n",
		"router ospf\n no network 10.0.0.0/8 area 0\n no redistribute bgp\nexit\n");
}

static void keys_are_not_shown(void **state)
{
	struct frr_lines l = lines_of("interface a\n ip ospf message-digest-key 1 md5 s3cret\n ip "
				      "ospf authentication-key s3cret\n ip ospf cost 1\nexit\n");
	char text[FRR_LINE_MAX];

	assert_string_equal(frr_line_shown(&l.list[0], text, sizeof(text)),
		"interface a: ip ospf message-digest-key ...");
	assert_string_equal(frr_line_shown(&l.list[1], text, sizeof(text)),
		"interface a: ip ospf authentication-key ...");
	assert_string_equal(
		frr_line_shown(&l.list[2], text, sizeof(text)), "interface a: ip ospf cost 1");
	frr_lines_clear(&l);
}

static void assert_rendered(const char *name, const char *expected)
{
	struct problems p = { 0 };
	struct frr_lines l;
	struct config *c;
	char path[512], *text;
	size_t len;

	snprintf(path, sizeof(path), CORPUS "/good/%s.json", name);
	text = file_text(path, &len);
	assert_non_null(text);
	c = config_from_text(text, len, &p);
	free(text);
	assert_non_null(c);
	assert_int_equal(ospf_render(c, &l), 0);
	text = frr_lines_text(&l);
	assert_string_equal(text, expected);
	free(text);
	frr_lines_clear(&l);
	config_unref(c);
}

static void every_field_is_rendered(void **state)
{
	assert_rendered("ospf-every-field",
		"router ospf\n ospf router-id 1.1.1.1\n log-adjacency-changes\n"
		" timers throttle spf 0 50 500\n timers throttle lsa all 0\n"
		" timers lsa min-arrival 0\n redistribute kernel\n redistribute connected\n"
		" default-information originate\n capability opaque\n"
		" graceful-restart helper enable\n area 255.255.255.255 nssa\nexit\n"
		"interface vpc1\n ip ospf message-digest-key 255 md5 %:,4567890123456\n"
		" ip ospf authentication message-digest\n ip ospf cost 65535\n"
		" ip ospf hello-interval 5\n ip ospf dead-interval 6\n"
		" ip ospf network point-to-point\n ip ospf passive\n"
		" ip ospf area 255.255.255.255\nexit\n"
		"interface vpc2\n ip ospf authentication-key a-._+/=@\n ip ospf authentication\n"
		" ip ospf cost 1\n ip ospf hello-interval 1\n ip ospf dead-interval 4\n"
		" ip ospf area 255.255.255.255\nexit\n");
}

static void defaults_are_left_out(void **state)
{
	assert_rendered("ospf",
		"router ospf\n ospf router-id 10.108.10.100\n log-adjacency-changes\n"
		" capability opaque\n graceful-restart helper enable\n graceful-restart\n"
		" area 0.0.0.1 stub\nexit\n"
		"interface pub0\n ip ospf message-digest-key 1 md5 s3cret\n"
		" ip ospf authentication message-digest\n ip ospf cost 10\n"
		" ip ospf area 0.0.0.0\nexit\n"
		"interface vpc1\n ip ospf message-digest-key 1 md5 s3cret\n"
		" ip ospf authentication message-digest\n ip ospf cost 100\n"
		" ip ospf area 0.0.0.0\nexit\n"
		"interface vpc2\n ip ospf cost 10\n ip ospf area 0.0.0.1\nexit\n");
}

static void no_area_is_no_ospf(void **state)
{
	assert_rendered("ospf-off", "");
	assert_rendered("vpc", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_lines_are_read),
		cmocka_unit_test(equal_needs_nothing),
		cmocka_unit_test(one_change_is_one_line),
		cmocka_unit_test(keys_are_replaced_in_place),
		cmocka_unit_test(areas_leave_first),
		cmocka_unit_test(the_end_of_ospf),
		cmocka_unit_test(a_new_router_id_is_told),
		cmocka_unit_test(foreign_lines_of_the_router_go),
		cmocka_unit_test(keys_are_not_shown),
		cmocka_unit_test(every_field_is_rendered),
		cmocka_unit_test(defaults_are_left_out),
		cmocka_unit_test(no_area_is_no_ospf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
