// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The route monitor: what ip(8) writes into the namespace must be what the data plane is told.
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

static void follows_additions_and_deletions(void **state)
{
	world_shell("ip route add 10.50.0.0/16 via 10.1.0.5 proto static");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 5);
	assert_int_equal(world_route("10.50.0.0/16")->hops[0].port, config->interfaces[3].id);
	world_shell("ip route replace 10.50.0.0/16 via 10.1.0.6 proto static");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 6);
	world_shell("ip route add 10.51.0.0/16 dev vpc1 proto static");
	world_events();
	assert_int_equal(world_route("10.51.0.0/16")->hops[0].gateway.family, 0);
	world_shell("ip route del 10.50.0.0/16");
	world_shell("ip route del 10.51.0.0/16");
	world_events();
	assert_null(world_route("10.50.0.0/16"));
	assert_null(world_route("10.51.0.0/16"));
}

static void the_lowest_metric_wins(void **state)
{
	world_shell("ip route add 10.50.0.0/16 via 10.1.0.20 metric 20 proto ospf");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 20);
	world_shell("ip route add 10.50.0.0/16 via 10.1.0.10 metric 10 proto static");
	world_shell("ip route add blackhole 10.50.0.0/16 metric 30");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 10);
	world_shell("ip route append 10.50.0.0/16 via 10.1.0.11 metric 10 proto static");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 10);
	world_shell("ip route prepend 10.50.0.0/16 via 10.1.0.9 metric 10 proto static");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 9);
	for (unsigned int i = 0; i < 3; i++)
		world_shell("ip route del 10.50.0.0/16 metric 10");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 20);
	world_shell("ip route del 10.50.0.0/16 metric 20");
	world_events();
	assert_int_equal(world_route("10.50.0.0/16")->route.type, ROUTE_BLACKHOLE);
	world_shell("ip route del blackhole 10.50.0.0/16 metric 30");
	world_events();
	assert_null(world_route("10.50.0.0/16"));
}

static void the_dump_has_the_same_order(void **state)
{
	world_shell("ip route add 10.50.0.0/16 via 10.1.0.20 metric 20 proto ospf");
	world_shell("ip route add 10.50.0.0/16 via 10.1.0.10 metric 10 proto static");
	world_shell("ip route prepend 10.50.0.0/16 via 10.1.0.9 metric 10 proto static");
	world_shell("ip link set pub1 down"); // netdevs changed: all is read again
	world_shell("ip link set pub1 up");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 9);
}

// Carrier loss has no route notification.
static void a_dead_link_yields(void **state)
{
	world_shell("ip route add 10.50.0.0/16 via 203.0.113.5 metric 10 proto static");
	world_shell("ip route add 10.50.0.0/16 via 10.1.0.20 metric 20 proto static");
	world_shell("ip route add 10.60.0.0/16 via 203.0.113.6 proto static");
	world_shell("ip route add 10.70.0.0/16 proto static nexthop via 203.0.113.7 weight 3"
		    " nexthop via 10.1.0.7");
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 5);
	assert_int_equal(world_route("10.70.0.0/16")->route.n_hops, 2);
	assert_int_equal(world_route("10.70.0.0/16")->hops[0].weight, 3);
	world_carrier("pub0", false);
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 20);
	assert_int_equal(world_gateway("10.60.0.0/16"), 6); // there is no other
	assert_int_equal(world_route("10.70.0.0/16")->route.n_hops, 1);
	assert_int_equal(world_gateway("10.70.0.0/16"), 7);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, config->interfaces[2].id);
	world_carrier("pub0", true);
	world_events();
	assert_int_equal(world_gateway("10.50.0.0/16"), 5);
	assert_int_equal(world_route("10.70.0.0/16")->route.n_hops, 2);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, config->interfaces[1].id);
}

static void other_routes_are_ignored(void **state)
{
	unsigned int before = world.n_routes;

	world_shell("ip route add 10.50.0.0/16 via 10.1.0.5 table 220");
	world_shell("ip route add local 10.51.0.1/32 dev lo table main");
	world_shell("ip route add throw 10.52.0.0/16");
	world_shell("ip route add 10.53.0.0/16 via 10.1.0.5 tos 0x10");
	world_events();
	assert_int_equal(world.n_routes, before);
	assert_null(world_route("10.1.0.0/16")); // connected: the data plane's own
}

// What leaves by no port must not fall back to the default route.
static void a_route_by_no_port_is_unreachable(void **state)
{
	world_mirror("tun0");
	world_shell("ip route add 10.50.0.0/16 dev tun0 proto static");
	world_events();
	assert_int_equal(world_route("10.50.0.0/16")->route.type, ROUTE_UNREACHABLE);
	assert_int_equal(world_route("10.50.0.0/16")->route.n_hops, 0);
}

static void lost_notifications_are_made_up_for(void **state)
{
	struct kernel_counters before, after;
	int small = 4096;

	kernel_counters(world.kernel, &before);
	assert_int_equal(
		setsockopt(world_monitor_fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	world_many("add", 0, 2000, 1, 0);
	world_events();
	kernel_counters(world.kernel, &after);
	assert_true(after.route_resyncs > before.route_resyncs);
	assert_int_equal(world.n_routes, 2001);
	assert_int_equal(after.routes, 2001);
	assert_int_equal(world_gateway("10.107.249.0/24"), 251);
}

static void another_data_plane_is_told_everything(void **state)
{
	world_many("add", 0, 3000, 1, 0);
	world_events();
	assert_int_equal(world.n_routes, 3001);
	world.away = true;
	world_shell("ip route del 10.100.0.0/24");
	world_events();
	world.away = false;
	world.boot_id = 2;
	world.generation = 0; // holds no configuration: nothing is sent
	world.n_routes = 0;
	world.marks = world.messages = 0;
	world_tick();
	assert_int_equal(world.messages, 0);
	world.generation = 1;
	world_tick();
	world_events();
	assert_int_equal(world.marks, 1);
	assert_int_equal(world.sweeps, 2); // this one and that of the first contact
	assert_true(world.messages > 1);
	assert_int_equal(world.n_routes, 3000);
	world.messages = 0;
	world_tick();
	assert_int_equal(world.messages, 0);
	// The same one after an absence: only what changed, or all, but in the end the same.
	world.away = true;
	world_shell("ip route del 10.100.1.0/24");
	world_events();
	world.away = false;
	world_tick();
	assert_int_equal(world.n_routes, 2999);
	assert_null(world_route("10.100.1.0/24"));
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

static void what_is_refused_is_told_again(void **state)
{
	world.room = world.n_routes + 2;
	for (unsigned int i = 0; i < 5; i++)
		world_shell("ip route add 10.7%u.0.0/16 via 10.1.0.7 proto static", i);
	world_events();
	assert_true(counters().routes_refused > 0);
	assert_int_equal(counters().routes, 6); // what it should have
	assert_int_equal(audit(), 3);
	assert_int_equal(counters().routes_missing, 3);
	world_shell("ip route del 10.70.0.0/16"); // which of them has room is not said
	world_shell("ip route del 10.71.0.0/16");
	world_events();
	world.room = 0;
	assert_true(audit() > 0);
	assert_int_equal(world.n_routes, 4);
	assert_int_equal(world_gateway("10.74.0.0/16"), 7);
	assert_int_equal(audit(), 0);
	assert_int_equal(counters().routes_missing, 0);
	assert_int_equal(counters().routes_drift, 0); // nothing that was not known
}

// Somebody who is not us has changed the data plane's routes.
static void drift_of_the_data_plane_is_repaired(void **state)
{
	struct world_route *r;

	world_shell("ip route add 10.70.0.0/16 via 10.1.0.7 proto static");
	world_shell("ip route add 10.71.0.0/16 proto static nexthop via 203.0.113.7 weight 3"
		    " nexthop via 10.1.0.7 weight 2");
	world_shell("ip route add blackhole 10.72.0.0/16 proto static");
	world_events();
	assert_int_equal(audit(), 0);
	for (unsigned int change = 0; change < 5; change++) {
		r = (struct world_route *)(uintptr_t)world_route("10.71.0.0/16");
		switch (change) {
		case 0: // one is missing
			*r = world.routes[--world.n_routes];
			break;
		case 1: // one too many
			world.routes[world.n_routes] = *r;
			inet_pton(AF_INET, "10.99.0.0",
				world.routes[world.n_routes].route.prefix.bytes);
			strcpy(world.routes[world.n_routes++].prefix, "10.99.0.0/16");
			break;
		case 2:
			r->hops[0].weight++;
			break;
		case 3:
			r->hops[1].gateway.bytes[3]++;
			break;
		default:
			r->route.type = ROUTE_PROHIBIT;
			r->route.n_hops = 0;
		}
		assert_int_equal(audit(), 1);
		assert_int_equal(counters().routes_drift, change + 1);
		assert_int_equal(world.n_routes, 4);
		assert_int_equal(world_route("10.71.0.0/16")->hops[0].weight, 3);
		assert_int_equal(world_gateway("10.71.0.0/16"), 7);
		assert_null(world_route("10.99.0.0/16"));
		assert_int_equal(audit(), 0);
	}
}

// Notifications that never come: the monitor does not listen to routes any more.
static void drift_of_control_is_repaired(void **state)
{
	int group = RTNLGRP_IPV4_ROUTE;

	world_shell("ip route add 10.70.0.0/16 via 10.1.0.7 proto static");
	world_shell("ip route add 10.71.0.0/16 via 10.1.0.7 proto static");
	world_events();
	assert_int_equal(setsockopt(world_monitor_fd(), SOL_NETLINK, NETLINK_DROP_MEMBERSHIP,
				 &group, sizeof(group)),
		0);
	world_shell("ip route replace 10.70.0.0/16 via 10.1.0.8 proto static");
	world_shell("ip route del 10.71.0.0/16");
	world_shell("ip route add 10.72.0.0/16 via 10.1.0.9 proto static");
	world_events();
	assert_int_equal(world_gateway("10.70.0.0/16"), 7);
	assert_int_equal(audit(), 3);
	assert_int_equal(counters().routes_drift, 3);
	assert_int_equal(world_gateway("10.70.0.0/16"), 8);
	assert_null(world_route("10.71.0.0/16"));
	assert_int_equal(world_gateway("10.72.0.0/16"), 9);
	assert_int_equal(audit(), 0);
}

// What the kernel has told, and control has not read yet, is no drift.
static void news_is_no_drift(void **state)
{
	world_shell("ip route add 10.70.0.0/16 via 10.1.0.7 proto static");
	assert_int_equal(audit(), 0);
	assert_int_equal(world_gateway("10.70.0.0/16"), 7);
	assert_int_equal(counters().routes_drift, 0);
}

static void removed_interfaces_take_their_routes(void **state)
{
	struct config *c = world_config_text(
		"{\"version\": 1, \"hostname\": \"r\", \"interfaces\": ["
		"{\"name\": \"pub0\", \"role\": \"public\", \"addresses\": [\"203.0.113.10/24\"],"
		" \"gateway\": \"203.0.113.1\","
		" \"port\": {\"driver\": \"tap\", \"address\": \"eth0@a\"}}]}");

	world_shell("ip route add 10.50.0.0/16 via 10.1.0.5 proto static");
	world_events();
	assert_int_equal(world_commit(config, c), 0);
	world_shell("ip link del vpc1"); // as the data plane does after its flip
	world_events();
	assert_null(world_route("10.50.0.0/16"));
	assert_int_equal(world.n_routes, 1);
	config_unref(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(follows_additions_and_deletions),
		TEST(the_lowest_metric_wins),
		TEST(the_dump_has_the_same_order),
		TEST(a_dead_link_yields),
		TEST(other_routes_are_ignored),
		TEST(a_route_by_no_port_is_unreachable),
		TEST(lost_notifications_are_made_up_for),
		TEST(another_data_plane_is_told_everything),
		TEST(what_is_refused_is_told_again),
		TEST(drift_of_the_data_plane_is_repaired),
		TEST(drift_of_control_is_repaired),
		TEST(news_is_no_drift),
		TEST(removed_interfaces_take_their_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
