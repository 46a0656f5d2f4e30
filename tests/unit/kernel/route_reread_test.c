// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The route monitor with tables that are read, compared and told in parts: what changes between two
// of them must be as true as the rest.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/kernel/world.h"

static struct config *config;

static int setup(void **state)
{
	if (world_setup(state) < 0)
		return -1;
	config = world_config("");
	return world_commit(NULL, config);
}

static int teardown(void **state)
{
	config_unref(config);
	return world_teardown(state);
}

static struct kernel_counters counters(void)
{
	struct kernel_counters c;

	kernel_counters(world.kernel, &c);
	return c;
}

static int audit(void)
{
	return world.list[2].compare(world.list[2].ctx, config, true);
}

// A big table is told in parts, so that commits do not wait for all of it; what changes meanwhile
// comes first.
static void a_big_table_is_told_in_parts(void **state)
{
	world_many("add", 0, 30000, 1, 0);
	world_events();
	assert_int_equal(world.n_routes, 30001);
	world.boot_id = 2;
	world.n_routes = 0;
	world.marks = world.sweeps = 0;
	world_tick();
	assert_int_equal(world.marks, 1);
	assert_int_equal(world.sweeps, 0);
	assert_in_range(world.n_routes, 1, 16000);
	assert_int_equal(audit(), 0); // not before all is told
	assert_int_equal(counters().routes_drift, 0);
	world_shell("ip route add 10.71.0.0/16 via 10.1.0.7 proto static");
	world_tick();
	assert_int_equal(world_gateway("10.71.0.0/16"), 7);
	world_events();
	assert_int_equal(world.marks, 1);
	assert_int_equal(world.sweeps, 1);
	assert_int_equal(world.n_routes, 30002);
	assert_int_equal(audit(), 0);
	world_events();
	assert_int_equal(counters().routes_drift, 0);
}

#define BIG 20000

// The kernel's table is being read, and will be for some turns: another data plane must be told.
static void begin_reading(void)
{
	world.boot_id++;
	world_shell("ip route add 10.70.0.0/16 via 10.1.0.7 proto static");
	world.marks = world.sweeps = 0;
	assert_true(world_turn());
	assert_int_equal(world.marks, 1);
	assert_true(world_turn());
	assert_int_equal(world.sweeps, 0);
}

static void ends_true(unsigned int n_routes)
{
	world_events();
	assert_int_equal(world.n_routes, n_routes);
	assert_int_equal(audit(), 0);
	world_events();
	assert_int_equal(world.n_routes, n_routes);
	assert_int_equal(counters().routes_drift, 0);
}

static void change_every_tenth(void)
{
	world_many("del", 0, BIG, 10, 0);
	world_many("replace", 1, BIG, 10, 252);
	world_many("add", 0, BIG, 200, 253);
}

// What the kernel had written into the dump before it changed must not come back.
static void what_changes_during_a_reading_stays_changed(void **state)
{
	world_many("add", 0, BIG, 1, 0);
	world_events();
	begin_reading();
	world.moments[WORLD_NEWS].call = change_every_tenth;
	assert_true(world_turn());
	world_shell("ip route add 10.71.0.0/16 via 10.1.0.7 proto static");
	assert_true(world_turn());
	assert_int_equal(world_gateway("10.71.0.0/16"), 7); // before the end
	assert_int_equal(world.sweeps, 0);
	ends_true(BIG + 3 - BIG / 10 + BIG / 200);
	assert_null(world_route(world_many_prefix(10)));
	assert_int_equal(world_gateway(world_many_prefix(11)), 252);
	assert_int_equal(world_gateway(world_many_prefix(200)), 253);
	world_many("del", 1, BIG, 10, 252); // nothing of theirs is left behind them
	ends_true(BIG + 3 - 2 * (BIG / 10) + BIG / 200);
}

// Also when there is no word of it.
static void what_is_lost_during_a_reading_is_made_up_for(void **state)
{
	int small = 4096;

	world_many("add", 0, BIG, 1, 0);
	world_events();
	begin_reading();
	assert_int_equal(
		setsockopt(world_monitor_fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	world_many("del", 0, BIG, 10, 0);
	world_many("add", 0, BIG, 20, 253);
	ends_true(BIG + 2 - BIG / 20);
	assert_int_equal(world_gateway(world_many_prefix(0)), 253);
	assert_null(world_route(world_many_prefix(10)));
}

static void change_some(void)
{
	world_many("replace", 1, BIG, 20, 251);
	world_many("del", 2, BIG, 20, 0);
}

static void add_some(void)
{
	world_many("add", BIG, BIG + 300, 1, 251);
}

// News that comes between the parts of an audit is none of its findings; these are.
static void an_audit_of_many_is_done_in_parts(void **state)
{
	struct world_route *r;

	world_many("add", 0, BIG, 1, 0);
	world_events();
	r = (struct world_route *)(uintptr_t)world_route(world_many_prefix(77));
	r->hops[0].gateway.bytes[3]++;
	world.moments[WORLD_PART].after = 12;
	world.moments[WORLD_PART].call = change_some;
	world.moments[WORLD_PAGE].after = 2;
	world.moments[WORLD_PAGE].call = add_some;
	assert_int_equal(audit(), 0); // is under way
	assert_int_equal(audit(), 0); // still the same one
	world_events();
	assert_null(world.moments[WORLD_PART].call);
	assert_null(world.moments[WORLD_PAGE].call);
	assert_int_equal(counters().routes_drift, 1);
	assert_int_equal(world_gateway(world_many_prefix(77)), 2 + 77);
	assert_int_equal(world_gateway(world_many_prefix(21)), 251);
	assert_int_equal(world.n_routes, BIG + 1 + 300 - BIG / 20);
}

// Routes of one metric, in another order than when they were told of.
static void an_order_that_nobody_told_of_is_found(void **state)
{
	int group = RTNLGRP_IPV4_ROUTE;

	world_shell("ip route add 10.50.0.0/16 via 10.1.0.10 proto static");
	world_shell("ip route append 10.50.0.0/16 via 10.1.0.11 proto static");
	world_shell("ip route append 10.50.0.0/16 via 10.1.0.12 proto static");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 10);
	assert_int_equal(setsockopt(world_monitor_fd(), SOL_NETLINK, NETLINK_DROP_MEMBERSHIP,
				 &group, sizeof(group)),
		0);
	world_shell("ip route del 10.50.0.0/16 via 10.1.0.10");
	world_shell("ip route del 10.50.0.0/16 via 10.1.0.11");
	world_shell("ip route append 10.50.0.0/16 via 10.1.0.11 proto static");
	world_shell("ip route append 10.50.0.0/16 via 10.1.0.10 proto static");
	assert_int_equal(audit(), 1);
	assert_int_equal(world_gateway("10.50.0.0/16"), 12);
	assert_int_equal(audit(), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_big_table_is_told_in_parts),
		TEST(what_changes_during_a_reading_stays_changed),
		TEST(what_is_lost_during_a_reading_is_made_up_for),
		TEST(an_audit_of_many_is_done_in_parts),
		TEST(an_order_that_nobody_told_of_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
