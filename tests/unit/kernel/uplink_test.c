// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The uplinks' tables and rules in a real namespace: by which netdev, and next hop, the kernel
// sends what has an uplink's address.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/kernel/world.h"

#define RULES "ip rule"

static const char services[] =
	", \"vips\": [{\"name\": \"web\", \"address\": \"203.0.113.20\", \"interface\": \"pub0\"},"
	"{\"name\": \"vm1\", \"address\": \"198.51.100.21\", \"interface\": \"pub1\"},"
	"{\"name\": \"db\", \"address\": \"10.1.0.9\", \"interface\": \"vpc1\"}],"
	"\"routes\": [{\"destination\": \"10.20.0.0/16\", \"type\": \"static\","
	" \"next_hop\": \"10.1.0.254\"},"
	"{\"destination\": \"192.0.2.0/25\", \"type\": \"static\","
	" \"next_hop\": \"198.51.100.77\"},"
	"{\"destination\": \"172.16.0.0/12\", \"type\": \"blackhole\"}]";

static unsigned int table_of(const struct config *c, unsigned int interface)
{
	return 20100 + c->interfaces[interface].id;
}

static void expect_way(const char *to, const char *from, const char *way)
{
	char command[128];

	snprintf(command, sizeof(command), "ip route get %s from %s", to, from);
	if (!world_has(command, way))
		fail_msg("%s from %s does not go %s", to, from, way);
}

static void sends_by_the_uplink_of_the_address(void **state)
{
	static const char *const first[] = { "203.0.113.10", "203.0.113.20" };
	static const char *const second[] = { "198.51.100.10", "198.51.100.21" };
	struct config *c = world_config(services);

	assert_int_equal(world_commit(NULL, c), 0);
	for (unsigned int i = 0; i < 2; i++) {
		expect_way("8.8.8.8", first[i], "via 203.0.113.1 dev pub0");
		expect_way("8.8.8.8", second[i], "via 198.51.100.1 dev pub1");
		// On-link, and on the other uplink's link.
		expect_way("203.0.113.99", first[i], "dev pub0");
		expect_way("198.51.100.99", first[i], "via 203.0.113.1 dev pub0");
		expect_way("198.51.100.99", second[i], "dev pub1");
		expect_way("203.0.113.99", second[i], "via 198.51.100.1 dev pub1");
		// A route by a next hop of one uplink.
		expect_way("192.0.2.9", first[i], "via 203.0.113.1 dev pub0");
		expect_way("192.0.2.9", second[i], "via 198.51.100.77 dev pub1");
		// Private networks, on-link and beyond.
		expect_way("10.1.0.2", first[i], "dev vpc1");
		expect_way("10.20.0.2", second[i], "via 10.1.0.254 dev vpc1");
	}
	// Who has no address of an uplink, or none yet.
	expect_way("8.8.8.8", "10.1.0.9", "via 203.0.113.1 dev pub0");
	assert_true(world_has("ip route get 8.8.8.8", "via 203.0.113.1 dev pub0"));
	assert_true(world_has("ip route get 192.0.2.9", "via 198.51.100.77 dev pub1"));
	assert_true(world_has(
		"sh -c 'ip route get 172.16.0.9 from 203.0.113.10; true'", "Invalid argument"));
	assert_null(world.list[0].degraded(world.list[0].ctx));
	config_unref(c);
}

static void the_data_plane_hears_of_the_main_table_alone(void **state)
{
	struct config *c = world_config(services);

	assert_int_equal(world_commit(NULL, c), 0);
	assert_int_equal(world.n_routes, 4);
	assert_null(world_route("203.0.113.0/24"));
	config_unref(c);
}

// What has an uplink's address leaves by no other one, also without the mirror.
static void without_the_uplink_leads_nowhere(void **state)
{
	struct config *c = world_config(services);

	assert_int_equal(world_commit(NULL, c), 0);
	world_shell("ip link del pub1");
	world_shell("ip addr add 198.51.100.10/32 dev lo");
	assert_true(world_has(
		"sh -c 'ip route get 8.8.8.8 from 198.51.100.10; true'", "RTNETLINK answers"));
	config_unref(c);
}

static void audit_repairs_rules_and_tables(void **state)
{
	struct config *c = world_config(services);
	unsigned int table = table_of(c, 2);

	assert_int_equal(world_commit(NULL, c), 0);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), 0);
	world_shell("ip rule del from 198.51.100.0/24 pref 1001");
	world_shell("ip rule add from 192.0.2.0/24 pref 1001 table 20199 protocol 201");
	world_shell("ip route del default via 198.51.100.1 dev pub1 table %u", table);
	world_shell("ip route add 192.0.2.0/24 dev pub1 table %u proto 201", table);
	world_shell("ip link set pub1 group 7");
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, false), 5);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), 5);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), 0);
	assert_null(strstr(world_shell(RULES), "192.0.2.0"));
	expect_way("8.8.8.8", "198.51.100.21", "via 198.51.100.1 dev pub1");
	config_unref(c);
}

// Somebody sets a mirror down: its routes vanish, and nobody tells of each.
static void a_mirror_is_set_up_again(void **state)
{
	struct config *c = world_config(services);

	assert_int_equal(world_commit(NULL, c), 0);
	world_shell("ip link set pub0 down");
	world_events();
	assert_true(world_has("ip link show up dev pub0", "pub0"));
	assert_true(world_has("ip route", "default via 203.0.113.1 dev pub0"));
	expect_way("8.8.8.8", "203.0.113.20", "via 203.0.113.1 dev pub0");
	config_unref(c);
}

static void others_rules_and_routes_are_left_alone(void **state)
{
	struct config *a = world_config(services), *b = world_config("");
	unsigned int table = table_of(a, 2);

	world_shell("ip rule add from 198.51.100.0/24 pref 500 table 77");
	world_shell("ip rule add from 192.0.2.0/24 pref 1001 table 78 protocol 98");
	world_shell("ip link set vpc1 group 7");
	world_shell("ip route add 192.0.2.0/24 dev pub1 table 77 proto 201");
	world_shell("ip route add 192.0.2.64/26 dev pub1 table %u proto 99", table);
	assert_int_equal(world_commit(NULL, a), 0);
	assert_int_equal(world_commit(a, b), 0);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, b, true), 0);
	assert_true(world_has("ip rule", "from 198.51.100.0/24 lookup 77"));
	assert_true(world_has("ip rule", "from 192.0.2.0/24 lookup 78 proto 98"));
	assert_true(world_has("ip route show table 77", "192.0.2.0/24"));
	assert_true(world_has("ip route show table all", "192.0.2.64/26"));
	assert_true(world_has("ip link show vpc1", "group 7"));
	config_unref(a);
	config_unref(b);
}

static const char one_uplink[] =
	"{\"version\": 1, \"hostname\": \"r\", \"interfaces\": ["
	"{\"name\": \"pub1\", \"role\": \"%s\", \"addresses\": [\"198.51.100.10/24\","
	" \"198.51.100.11/24\", \"192.0.2.1/28\"]%s,"
	" \"port\": {\"driver\": \"tap\", \"address\": \"eth0@b\"}}]}";

static struct config *one_uplink_config(const char *role, const char *gateway)
{
	char text[1024];

	snprintf(text, sizeof(text), one_uplink, role, gateway);
	return world_config_text(text);
}

static void follow_the_configuration(void **state)
{
	struct config *both = world_config(services);
	struct config *one = one_uplink_config("public", ", \"gateway\": \"198.51.100.1\"");
	struct config *none = one_uplink_config("public", "");
	struct config *private = one_uplink_config("private", "");
	unsigned int table = table_of(both, 2);

	assert_int_equal(world_commit(NULL, both), 0);
	assert_int_equal(world_commit(both, one), 0);
	// A subnet has one pair of rules, however many addresses; the table keeps its number.
	assert_int_equal(table_of(one, 0), table);
	assert_null(strstr(world_shell(RULES), "203.0.113.0"));
	assert_true(world_has(RULES, "1001:	from 192.0.2.0/28 lookup"));
	expect_way("8.8.8.8", "198.51.100.11", "via 198.51.100.1 dev pub1");
	expect_way("8.8.8.8", "192.0.2.1", "via 198.51.100.1 dev pub1");
	assert_int_equal(world_commit(one, none), 0);
	assert_null(strstr(world_shell(RULES), "proto 201"));
	assert_string_equal(world_shell("ip route show table all proto 201"), "");
	assert_true(world_has("ip link show pub1", "group 201"));
	assert_int_equal(world_commit(none, private), 0);
	assert_true(world_has("ip link show pub1", "group default"));
	config_unref(both);
	config_unref(one);
	config_unref(none);
	config_unref(private);
}

#define DEFAULTS "ip route show default"

static void down(const char *name)
{
	world_carrier(name, false);
	world_events();
}

static void up(const char *name)
{
	world_carrier(name, true);
	world_events();
}

static void expect_uplink(
	const struct config *c, unsigned int interface, const char *why, bool used)
{
	struct kernel_uplink u;

	assert_true(kernel_uplink(world.kernel, c->interfaces[interface].id, &u));
	if (why == NULL)
		assert_null(u.down);
	else
		assert_string_equal(u.down, why);
	assert_ptr_equal(kernel_uplink_down(world.kernel, c->interfaces[interface].id), u.down);
	assert_int_equal(u.in_use, used);
}

static void without_carrier_the_next_one_carries(void **state)
{
	struct config *c = world_config(services);
	struct kernel_counters counters;
	struct kernel_uplink u;

	assert_int_equal(world_commit(NULL, c), 0);
	expect_uplink(c, 1, NULL, true);
	expect_uplink(c, 2, NULL, false);
	assert_false(kernel_uplink(world.kernel, c->interfaces[3].id, &u));
	down("pub0");
	expect_uplink(c, 1, "no carrier", false);
	expect_uplink(c, 2, NULL, true);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[2].id);
	// The kernel's own way, too, which does not look at carriers.
	assert_true(world_has("ip route get 8.8.8.8", "via 198.51.100.1 dev pub1"));
	assert_true(world_has(
		DEFAULTS, "default via 203.0.113.1 dev pub0 proto 201 metric 4261543937"));
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), 0);
	up("pub0");
	expect_uplink(c, 1, NULL, true);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[1].id);
	assert_true(world_has("ip route get 8.8.8.8", "via 203.0.113.1 dev pub0"));
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), 0);
	kernel_counters(world.kernel, &counters);
	assert_int_equal(counters.repairs, 0); // it was no drift
	config_unref(c);
}

static void the_last_default_route_stays(void **state)
{
	struct config *c = world_config("");

	assert_int_equal(world_commit(NULL, c), 0);
	down("pub0");
	down("pub1");
	expect_uplink(c, 1, "no carrier", true);
	expect_uplink(c, 2, "no carrier", false);
	assert_non_null(world_route("0.0.0.0/0"));
	up("pub1");
	expect_uplink(c, 2, NULL, true);
	config_unref(c);
}

static void other_default_routes_come_first(void **state)
{
	struct config *c =
		world_config(", \"routes\": [{\"destination\": \"0.0.0.0/0\", \"type\": \"static\","
			     " \"next_hop\": \"10.1.0.254\", \"priority\": 254},"
			     "{\"destination\": \"0.0.0.0/0\", \"type\": \"static\","
			     " \"next_hop\": \"198.51.100.1\", \"priority\": 1},"
			     "{\"destination\": \"192.0.2.0/24\", \"type\": \"static\","
			     " \"next_hop\": \"198.51.100.1\"}]");

	assert_int_equal(world_commit(NULL, c), 0);
	// A configured default route by a gateway joins, and goes with the uplink.
	assert_int_equal(world_route("0.0.0.0/0")->route.n_hops, 2);
	down("pub1");
	assert_int_equal(world_route("0.0.0.0/0")->route.n_hops, 1);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[1].id);
	// Other routes by it stay: the data plane knows of the carrier.
	assert_true(world_has("ip route", "192.0.2.0/24 via 198.51.100.1 dev pub1"));
	down("pub0");
	assert_int_equal(world_route("0.0.0.0/0")->route.n_hops, 1);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[3].id);
	up("pub0");
	up("pub1");
	assert_int_equal(world_route("0.0.0.0/0")->route.n_hops, 2);
	config_unref(c);
}

// What is committed while an uplink is down is right for an uplink that is down.
static void a_commit_meanwhile_changes_no_verdict(void **state)
{
	struct config *a = world_config(services), *b = world_config("");

	assert_int_equal(world_commit(NULL, a), 0);
	down("pub0");
	assert_int_equal(world_commit(a, b), 0);
	expect_uplink(b, 1, "no carrier", false);
	expect_uplink(b, 2, NULL, true);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, b, true), 0);
	up("pub0");
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, a->interfaces[1].id);
	config_unref(a);
	config_unref(b);
}

static void a_first_commit_without_carrier(void **state)
{
	struct config *c = world_config("");

	world_carrier("pub0", false);
	assert_int_equal(world_commit(NULL, c), 0);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[2].id);
	assert_true(world_has("ip route get 8.8.8.8", "via 198.51.100.1 dev pub1"));
	config_unref(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sends_by_the_uplink_of_the_address),
		TEST(the_data_plane_hears_of_the_main_table_alone),
		TEST(without_the_uplink_leads_nowhere),
		TEST(audit_repairs_rules_and_tables),
		TEST(a_mirror_is_set_up_again),
		TEST(others_rules_and_routes_are_left_alone),
		TEST(follow_the_configuration),
		TEST(without_carrier_the_next_one_carries),
		TEST(the_last_default_route_stays),
		TEST(other_default_routes_come_first),
		TEST(a_commit_meanwhile_changes_no_verdict),
		TEST(a_first_commit_without_carrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
