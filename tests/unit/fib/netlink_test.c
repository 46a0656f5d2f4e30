// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Neighbours of a real kernel: a veth pair between the test's own network namespace and a second
// one. Both, and the mounts they need, vanish with the process.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "dataplane/fib/neigh_netlink.h"
#include "tests/unit/fib/env.h"

#define PEER	  BE(10, 0, 0, 2)
#define PEER_IP	  IP(10, 0, 0, 2)
#define NOBODY	  BE(10, 0, 0, 77)
#define NOBODY_IP IP(10, 0, 0, 77)

static const struct rte_ether_addr peer_mac = { { 2, 0, 0, 0, 0x99, 2 } };

struct fixture {
	struct rte_rcu_qsbr *qsbr;
	struct l3 *l3;
	struct neigh_netlink *nl;
};

static void sh(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

// Does the output of a command contain the text?
static bool shows(const char *command, const char *text)
{
	char line[512];
	bool found = false;
	FILE *f = popen(command, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, text) != NULL;
	pclose(f);
	return found;
}

static int world(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		system("mkdir -p /run/netns") || mount("none", "/run/netns", "tmpfs", 0, NULL))
		return -1;
	return system("set -e; ip netns add host;"
		      "ip link add v0 type veth peer name v1 netns host;"
		      "ip addr add 10.0.0.1/24 dev v0; ip link set v0 up; ip link set lo up;"
		      "ip -n host link set v1 address 02:00:00:00:99:02;"
		      "ip -n host addr add 10.0.0.2/24 dev v1; ip -n host link set v1 up;"
		      "cd /proc/sys/net/ipv4/neigh/v0;"
		      "echo 50 >retrans_time_ms; echo 1 >delay_first_probe_time;"
		      "echo 1 >ucast_solicit; echo 2000 >gc_stale_time");
}

// Reads news until cond() holds.
static void wait_for(struct fixture *x, bool (*cond)(struct fixture *))
{
	struct pollfd p = { .fd = neigh_netlink_fd(x->nl), .events = POLLIN };
	uint64_t deadline = env_ms() + 8000;
	int err;

	for (;;) {
		do
			err = neigh_netlink_read(x->nl);
		while (err == 1);
		assert_int_equal(err, 0);
		if (cond(x))
			return;
		assert_true(env_ms() < deadline);
		(void)poll(&p, 1, 100);
	}
}

static bool synced(struct fixture *x)
{
	return neigh_netlink_synced(x->nl);
}

static bool peer_resolved(struct fixture *x)
{
	const struct adj *a = env_lookup(x->l3, PEER_IP);

	return a->type == ADJ_NEXT_HOP && adj_state(a) == ADJ_RESOLVED &&
	       rte_is_same_ether_addr(&a->eth.dst_addr, &peer_mac);
}

static bool peer_failed(struct fixture *x)
{
	const struct adj *a = env_lookup(x->l3, PEER_IP);

	return a->type == ADJ_NEXT_HOP && adj_state(a) == ADJ_FAILED;
}

static bool peer_unknown(struct fixture *x)
{
	return env_lookup(x->l3, PEER_IP)->type == ADJ_GLEAN;
}

static bool nobody_failed(struct fixture *x)
{
	const struct adj *a = env_lookup(x->l3, NOBODY_IP);

	return a->type == ADJ_NEXT_HOP && adj_state(a) == ADJ_FAILED;
}

static void start(struct fixture *x, int rcvbuf)
{
	x->l3 = env_l3(x->qsbr, &(struct l3_conf){ .max_routes = 100 });
	assert_int_equal(neigh_netlink_open(x->l3->neigh, rcvbuf, &x->nl), 0);
	assert_int_equal(neigh_netlink_port_add(x->nl, 1, (int)if_nametoindex("v0")), 0);
	wait_for(x, synced);
}

static int setup(void **state)
{
	static struct fixture x;

	x = (struct fixture){ .qsbr = env_qsbr() };
	sh("ip neigh flush dev v0 nud all; ip -n host addr replace 10.0.0.2/24 dev v1");
	start(&x, 0);
	*state = &x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	neigh_netlink_close(x->nl);
	l3_destroy(x->l3);
	free(x->qsbr);
	return 0;
}

static void test_use(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(neigh_glean(x->l3->neigh, 1, PEER, env_ms()), 0);
	assert_int_equal(x->l3->neigh->stats.request_errors, 0);
	wait_for(x, peer_resolved);
	// Known to the kernel, no longer to us: found without a message on the wire.
	neigh_port_clear(x->l3->neigh, 1);
	assert_true(peer_unknown(x));
	assert_int_equal(neigh_glean(x->l3->neigh, 1, PEER, env_ms()), 0);
	assert_true(peer_resolved(x));
	sh("ip neigh del 10.0.0.2 dev v0");
	wait_for(x, peer_unknown);
}

static void test_nobody(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(neigh_glean(x->l3->neigh, 1, NOBODY, env_ms()), 0);
	wait_for(x, nobody_failed);
}

// A host that vanishes is found out because its adjacency carries traffic.
static void test_peer_vanishes(void **state)
{
	struct fixture *x = *state;
	uint64_t now = env_ms();

	assert_int_equal(neigh_glean(x->l3->neigh, 1, PEER, now), 0);
	wait_for(x, peer_resolved);
	sh("ip -n host addr flush dev v1; ip neigh change 10.0.0.2 dev v0 nud stale");
	wait_for(x, peer_resolved); // stale entries forward
	adj_touch(env_lookup(x->l3, PEER_IP), 1);
	neigh_tick(x->l3->neigh, now + NEIGH_REACHABLE_MS);
	wait_for(x, peer_failed);
	neigh_tick(x->l3->neigh, now + NEIGH_REACHABLE_MS + NEIGH_NEGATIVE_MS + 1);
	assert_true(peer_unknown(x));
}

static void test_manage(void **state)
{
	struct fixture *x = *state;
	uint32_t adj;

	assert_int_equal(neigh_gateway_get(x->l3->neigh, 1, PEER, &adj), 0);
	assert_int_equal(x->l3->neigh->stats.request_errors, 0);
	wait_for(x, peer_resolved);
	assert_true(shows("ip neigh show dev v0", "managed"));
	sh("ip neigh flush dev v0 nud all"); // managed again at once
	wait_for(x, peer_resolved);
	sh("ip neigh del 10.0.0.2 dev v0");
	wait_for(x, peer_resolved);
	assert_true(shows("ip neigh show dev v0", "managed"));
	neigh_gateway_put(x->l3->neigh, 1, PEER);
	assert_false(shows("ip neigh show dev v0", "managed"));
	assert_true(peer_resolved(x));
}

// What a data plane that died left managed is managed no more, unless it is wanted again.
static void test_leftover(void **state)
{
	struct fixture *x = *state;

	sh("ip neigh add 10.0.0.2 dev v0 managed");
	assert_true(shows("ip neigh show dev v0", "managed"));
	neigh_netlink_close(x->nl);
	l3_destroy(x->l3);
	start(x, 0);
	assert_false(shows("ip neigh show dev v0", "managed"));
	wait_for(x, peer_resolved);
}

static void test_permanent(void **state)
{
	struct fixture *x = *state;
	uint32_t adj;

	sh("ip neigh add 10.0.0.2 dev v0 lladdr 02:00:00:00:99:02 nud permanent");
	// Asked for before the news was read: the entry stays as the administrator made it.
	assert_int_equal(neigh_glean(x->l3->neigh, 1, PEER, env_ms()), 0);
	assert_true(peer_resolved(x));
	assert_int_equal(neigh_gateway_get(x->l3->neigh, 1, PEER, &adj), 0);
	assert_true(shows("ip neigh show dev v0", "PERMANENT"));
	neigh_gateway_put(x->l3->neigh, 1, PEER);
	assert_true(shows("ip neigh show dev v0", "PERMANENT"));
	wait_for(x, peer_resolved);
	sh("ip neigh del 10.0.0.2 dev v0");
	wait_for(x, peer_unknown);
}

static void batch(const char *verb, const char *rest)
{
	char command[256];

	snprintf(command, sizeof(command),
		"for i in $(seq 10 209); do echo neigh %s 10.0.0.$i dev v0 %s; done | ip -batch -",
		verb, rest);
	sh(command);
}

static bool all_known(struct fixture *x)
{
	return synced(x) && neigh_count(x->l3->neigh) == 200;
}

static bool none_known(struct fixture *x)
{
	return synced(x) && neigh_count(x->l3->neigh) == 0;
}

// More news than the socket holds, twice: nothing is missed.
static void test_overrun(void **state)
{
	struct fixture *x = *state;

	neigh_netlink_close(x->nl);
	l3_destroy(x->l3);
	start(x, 4096);
	batch("add", "lladdr 02:00:00:00:00:99");
	wait_for(x, all_known);
	assert_int_equal(neigh_netlink_resyncs(x->nl), 1);
	batch("del", "");
	wait_for(x, none_known);
	assert_int_equal(neigh_netlink_resyncs(x->nl), 2);
	assert_int_equal(env_lookup(x->l3, IP(10, 0, 0, 20))->type, ADJ_GLEAN);
}

// Other interfaces are none of our business, unknown ports cannot ask.
static void test_interfaces(void **state)
{
	struct fixture *x = *state;

	neigh_netlink_port_del(x->nl, 1);
	sh("ip neigh add 10.0.0.2 dev v0 lladdr 02:00:00:00:99:02");
	assert_int_equal(neigh_glean(x->l3->neigh, 1, PEER, env_ms()), 0);
	assert_int_equal(x->l3->neigh->stats.request_errors, 1);
	assert_int_equal(neigh_netlink_port_add(x->nl, LIMIT_PORTS, 1), -EINVAL);
	wait_for(x, synced);
	assert_true(peer_unknown(x));
	assert_int_equal(neigh_netlink_port_add(x->nl, 1, (int)if_nametoindex("v0")), 0);
	wait_for(x, peer_resolved);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_use),
		TEST(test_nobody),
		TEST(test_peer_vanishes),
		TEST(test_manage),
		TEST(test_leftover),
		TEST(test_permanent),
		TEST(test_overrun),
		TEST(test_interfaces),
	};

	if (world()) {
		fprintf(stderr, "needs root, network namespaces and iproute2\n");
		return 1;
	}
	return env_eal() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
