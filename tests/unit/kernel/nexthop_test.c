// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Routes by nexthop objects (zebra's are), with and without the attributes that say where they
// lead: what the kernel does to the objects, the data plane must be told of the routes.
#include <errno.h>
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
	if (world_commit(NULL, config) < 0)
		return -1;
	world_shell("ip nexthop add id 5 via 10.1.0.5 dev vpc1");
	world_shell("ip nexthop add id 6 via 203.0.113.6 dev pub0");
	world_shell("ip nexthop add id 7 via 198.51.100.7 dev pub1");
	world_events();
	return 0;
}

// The same without compatible attributes, which somebody may have switched off.
static int setup_bare(void **state)
{
	int rc = setup(state);

	world_shell("sysctl -w net.ipv4.nexthop_compat_mode=0");
	return rc;
}

static int teardown(void **state)
{
	config_unref(config);
	return world_teardown(state);
}

// The last bytes of the route's gateways, in their order, as decimal digits; -1: no route.
static int gateways(const char *prefix)
{
	const struct world_route *r = world_route(prefix);
	int all = 0;

	world_events();
	r = world_route(prefix);
	for (unsigned int i = 0; r != NULL && i < r->route.n_hops; i++)
		all = all * 10 + r->hops[i].gateway.bytes[3];
	return r == NULL ? -1 : all;
}

static void a_single_one_is_replaced(void **state)
{
	world_shell("ip route add 10.50.0.0/16 nhid 5");
	assert_int_equal(gateways("10.50.0.0/16"), 5);
	world_shell("ip nexthop replace id 5 via 10.1.0.8 dev vpc1");
	assert_int_equal(gateways("10.50.0.0/16"), 8);
	world_shell("ip nexthop replace id 5 via 203.0.113.9 dev pub0");
	assert_int_equal(gateways("10.50.0.0/16"), 9);
	assert_int_equal(world_route("10.50.0.0/16")->hops[0].port, config->interfaces[1].id);
	world_shell("ip nexthop replace id 5 blackhole");
	assert_int_equal(gateways("10.50.0.0/16"), 0);
	assert_int_equal(world_route("10.50.0.0/16")->route.type, ROUTE_BLACKHOLE);
}

static void one_that_is_deleted_takes_its_routes(void **state)
{
	world_shell("ip route add 10.50.0.0/16 nhid 5");
	world_shell("ip route add 10.51.0.0/16 nhid 6");
	world_shell("ip route add 10.51.0.0/16 via 10.1.0.4 metric 20");
	assert_int_equal(gateways("10.50.0.0/16"), 5);
	world_shell("ip nexthop del id 5");
	world_shell("ip nexthop del id 6");
	assert_int_equal(gateways("10.50.0.0/16"), -1);
	assert_int_equal(gateways("10.51.0.0/16"), 4);
}

static void groups(void **state)
{
	world_shell("ip nexthop add id 10 group 5,3/6");
	world_shell("ip route add 10.50.0.0/16 nhid 10");
	world_shell("ip route add 10.51.0.0/16 nhid 10");
	assert_int_equal(gateways("10.50.0.0/16"), 56);
	assert_int_equal(world_route("10.50.0.0/16")->hops[0].weight, 3);
	assert_int_equal(world_route("10.50.0.0/16")->hops[1].weight, 1);
	world_shell("ip nexthop replace id 10 group 5/6/7");
	assert_int_equal(gateways("10.51.0.0/16"), 567);
	world_shell("ip nexthop replace id 6 via 203.0.113.8 dev pub0");
	assert_int_equal(gateways("10.50.0.0/16"), 587);
	world_shell("ip nexthop del id 6");
	assert_int_equal(gateways("10.50.0.0/16"), 57);
	assert_int_equal(gateways("10.51.0.0/16"), 57);
	world_shell("ip nexthop del id 10");
	assert_int_equal(gateways("10.50.0.0/16"), -1);
	assert_int_equal(gateways("10.51.0.0/16"), -1);
}

static void the_last_member_takes_the_group(void **state)
{
	world_shell("ip nexthop add id 10 group 5");
	world_shell("ip route add 10.50.0.0/16 nhid 10");
	assert_int_equal(gateways("10.50.0.0/16"), 5);
	world_shell("ip nexthop del id 5");
	assert_int_equal(gateways("10.50.0.0/16"), -1);
}

// The kernel removes the objects of a dead link, and says nothing about it.
static void a_dead_link_takes_its_members(void **state)
{
	world_shell("ip nexthop add id 10 group 5/6/7");
	world_shell("ip route add 10.50.0.0/16 nhid 10");
	world_shell("ip route add 10.51.0.0/16 nhid 6");
	assert_int_equal(gateways("10.50.0.0/16"), 567);
	world_carrier("pub0", false);
	assert_int_equal(gateways("10.50.0.0/16"), 57);
	assert_int_equal(gateways("10.51.0.0/16"), -1);
	world_shell("ip link set pub1 down");
	assert_int_equal(gateways("10.50.0.0/16"), 5);
}

static void a_route_changes_its_object(void **state)
{
	world_shell("ip route add 10.50.0.0/16 nhid 5");
	world_shell("ip route replace 10.50.0.0/16 nhid 7");
	assert_int_equal(gateways("10.50.0.0/16"), 7);
	world_shell("ip nexthop replace id 5 via 10.1.0.8 dev vpc1"); // no longer its own
	assert_int_equal(gateways("10.50.0.0/16"), 7);
	world_shell("ip route replace 10.50.0.0/16 via 10.1.0.9");
	assert_int_equal(gateways("10.50.0.0/16"), 9);
	world_shell("ip route del 10.50.0.0/16");
	assert_int_equal(gateways("10.50.0.0/16"), -1);
}

static void all_is_read_again_after_losses(void **state)
{
	int small = 4096;

	world_shell("ip nexthop add id 10 group 5/6");
	world_shell("ip route add 10.50.0.0/16 nhid 10");
	assert_int_equal(gateways("10.50.0.0/16"), 56);
	assert_int_equal(
		setsockopt(world_monitor_fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (unsigned int i = 1; i <= 50; i++)
		world_shell("ip nexthop replace id 6 via 203.0.113.%u dev pub0", i % 10);
	world_shell("ip nexthop replace id 10 group 7/6");
	world_shell("ip nexthop replace id 6 via 203.0.113.3 dev pub0");
	assert_int_equal(gateways("10.50.0.0/16"), 73);
}

static void what_the_data_plane_cannot_do_is_left_out_and_counted(void **state)
{
	struct kernel_counters counters;

	world_shell("ip route add 10.50.0.0/16 nexthop via 10.1.0.2 nexthop via 10.1.0.3 "
		    "nexthop via 10.1.0.4 nexthop via 10.1.0.5 nexthop via 10.1.0.6 "
		    "nexthop via 10.1.0.7 nexthop via 10.1.0.8 nexthop via 10.1.0.9 "
		    "nexthop via 10.1.0.1");
	world_shell("ip route add 10.51.0.0/16 nexthop dev pub0 nexthop via 10.1.0.3");
	world_shell("ip route add 10.52.0.0/16 nexthop dev pub0 nexthop dev pub1");
	assert_int_equal(gateways("10.50.0.0/16"), 23456789);
	assert_int_equal(gateways("10.51.0.0/16"), 3);
	assert_int_equal(gateways("10.52.0.0/16"), 0);
	assert_int_equal(world_route("10.52.0.0/16")->route.n_hops, 1);
	kernel_counters(world.kernel, &counters);
	assert_int_equal(counters.routes_cut, 3);
	for (unsigned int i = 50; i <= 52; i++)
		world_shell("ip route del 10.%u.0.0/16", i);
	assert_int_equal(gateways("10.50.0.0/16"), -1);
	kernel_counters(world.kernel, &counters);
	assert_int_equal(counters.routes_cut, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST_BARE(f)                                                                               \
	{                                                                                          \
#f " without attributes", f, setup_bare, teardown, NULL                            \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_single_one_is_replaced),
		TEST(one_that_is_deleted_takes_its_routes),
		TEST(groups),
		TEST(the_last_member_takes_the_group),
		TEST(a_dead_link_takes_its_members),
		TEST(a_route_changes_its_object),
		TEST(all_is_read_again_after_losses),
		TEST(what_the_data_plane_cannot_do_is_left_out_and_counted),
		TEST_BARE(a_single_one_is_replaced),
		TEST_BARE(one_that_is_deleted_takes_its_routes),
		TEST_BARE(groups),
		TEST_BARE(the_last_member_takes_the_group),
		TEST_BARE(a_dead_link_takes_its_members),
		TEST_BARE(a_route_changes_its_object),
		TEST_BARE(all_is_read_again_after_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
