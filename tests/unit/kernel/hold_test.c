// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Routes of OSPF while ospfd is away: what zebra withdraws stays with the data plane, for as long
// as it may still be true.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/kernel/world.h"

#define NET "10.50.0.0/16"

static struct config *config;
static uint64_t absence;

static uint64_t ask(void *ctx)
{
	return absence;
}

static int setup(void **state)
{
	if (world_setup(state) < 0)
		return -1;
	absence = 0;
	kernel_hold_ospf(world.kernel, ask, NULL);
	config = world_config("");
	return world_commit(NULL, config);
}

static int teardown(void **state)
{
	config_unref(config);
	return world_teardown(state);
}

static void learn(void)
{
	world_shell("ip route add " NET " via 10.1.0.5 metric 20 proto ospf");
	world_events();
	assert_int_equal(world_gateway(NET), 5);
}

static void withdraw(void)
{
	world_shell("ip route del " NET " metric 20");
	world_events();
}

static void what_ospfd_withdraws_goes(void **state)
{
	learn();
	withdraw();
	assert_null(world_route(NET));
}

// The death is known only when the first withdrawal is there.
static void what_a_dead_ospfd_had_stays_for_a_time(void **state)
{
	learn();
	absence = 1;
	withdraw();
	assert_int_equal(world_gateway(NET), 5);
	world_shell("ip link set pub1 down"); // all is read again
	world_events();
	assert_int_equal(world_gateway(NET), 5);
	absence = 0;
	world_tick();
	assert_null(world_route(NET));
}

static void other_routes_go_at_once(void **state)
{
	world_shell("ip route add " NET " via 10.1.0.5 metric 20 proto static");
	world_events();
	absence = 1;
	withdraw();
	assert_null(world_route(NET));
}

// By a nexthop object, as zebra's are, which goes too.
static void the_object_of_a_route_may_go(void **state)
{
	world_shell("ip nexthop add id 77 via 10.1.0.7 dev vpc1");
	world_shell("ip route add " NET " nhid 77 metric 20 proto ospf");
	world_events();
	assert_int_equal(world_gateway(NET), 7);
	absence = 1;
	withdraw();
	world_shell("ip nexthop del id 77");
	world_events();
	assert_int_equal(world_gateway(NET), 7);
}

static void what_is_learned_anew_counts(void **state)
{
	learn();
	absence = 1;
	withdraw();
	world_shell("ip route add " NET " via 10.1.0.6 metric 20 proto ospf");
	world_events();
	assert_int_equal(world_gateway(NET), 6);
	withdraw(); // by the new ospfd: that is the truth
	assert_null(world_route(NET));
}

static void the_same_route_learned_anew_stays(void **state)
{
	learn();
	absence = 1;
	withdraw();
	learn();
	absence = 0;
	world_tick();
	assert_int_equal(world_gateway(NET), 5);
}

static void a_second_death(void **state)
{
	learn();
	absence = 1;
	withdraw();
	absence = 2;
	world_tick();
	assert_int_equal(world_gateway(NET), 5);
	absence = 0;
	world_tick();
	assert_null(world_route(NET));
}

static void a_lost_link_ends_it(void **state)
{
	world_shell("ip route add " NET " via 203.0.113.5 metric 20 proto ospf");
	world_events();
	absence = 1;
	withdraw();
	assert_int_equal(world_gateway(NET), 5);
	world_carrier("pub0", false);
	world_events();
	assert_null(world_route(NET));
}

// Control came while ospfd is away: what the data plane has is not swept before it can be judged.
static void nothing_is_swept_meanwhile(void **state)
{
	unsigned int before;

	absence = 1;
	world.boot_id++; // another contact: everything is told
	before = world.sweeps;
	world_tick();
	assert_int_equal(world.sweeps, before);
	absence = 0;
	world_tick();
	assert_int_equal(world.sweeps, before + 1);
	world_tick();
	assert_int_equal(world.sweeps, before + 1);
}

// All that the data plane has was told by this process: nothing else can be lost.
static void what_the_kernel_gives_up_meanwhile_goes(void **state)
{
	world_shell("ip route add 10.60.0.0/16 via 10.1.0.6 proto static");
	world_events();
	assert_int_equal(world_gateway("10.60.0.0/16"), 6);
	learn();
	absence = 1;
	withdraw();
	world_shell("ip link del pub1"); // everything is told
	world_shell("ip route del 10.60.0.0/16 proto static");
	world_events();
	assert_null(world_route("10.60.0.0/16"));
	assert_int_equal(world_gateway(NET), 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_ospfd_withdraws_goes),
		TEST(what_a_dead_ospfd_had_stays_for_a_time),
		TEST(other_routes_go_at_once),
		TEST(the_object_of_a_route_may_go),
		TEST(what_is_learned_anew_counts),
		TEST(the_same_route_learned_anew_stays),
		TEST(a_second_death),
		TEST(a_lost_link_ends_it),
		TEST(nothing_is_swept_meanwhile),
		TEST(what_the_kernel_gives_up_meanwhile_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
