// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Addresses, routes, settings and announcements in a real namespace.
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/kernel/garp.h"
#include "control/kernel/netlink.h"
#include "control/kernel/netns.h"
#include "tests/unit/kernel/world.h"

#define ADDRESSES   "ip -4 -o addr show"
#define MAIN_ROUTES "ip route show table main proto 201"

static const char services[] =
	", \"vips\": [{\"name\": \"web\", \"address\": \"203.0.113.20\", \"interface\": \"pub0\"},"
	"{\"name\": \"vm1\", \"address\": \"203.0.113.21\", \"interface\": \"pub0\"}],"
	"\"routes\": [{\"destination\": \"10.20.0.0/16\", \"type\": \"static\","
	" \"next_hop\": \"10.1.0.254\", \"priority\": 10},"
	"{\"destination\": \"172.16.0.0/12\", \"type\": \"blackhole\"},"
	"{\"destination\": \"172.32.0.0/12\", \"type\": \"unreachable\", \"priority\": 200},"
	"{\"destination\": \"10.30.0.0/16\", \"type\": \"prohibit\", \"priority\": 254}]";

static int count_notifications(struct netlink *nl)
{
	struct pollfd p = { .fd = mnl_socket_get_fd(nl->socket), .events = POLLIN };
	int n = 0;

	while (poll(&p, 1, 0) == 1) {
		const struct nlmsghdr *h = (const void *)nl->receive;
		int len = (int)recv(p.fd, nl->receive, NETLINK_RECV_BYTES, 0);

		for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len))
			n++;
	}
	return n;
}

static void subscribe(struct netlink *nl, const unsigned int *groups)
{
	int ns = netns_open(world.netns);

	assert_int_equal(netlink_open(nl, ns, groups), 0);
	close(ns);
}

static void installs_addresses_and_routes(void **state)
{
	struct config *c = world_config(services);

	assert_int_equal(world_commit(NULL, c), 0);
	assert_null(world.list[0].degraded(world.list[0].ctx));
	assert_true(world_has(ADDRESSES " dev pub0 primary", "203.0.113.10/24"));
	assert_true(world_has(ADDRESSES " dev pub0 secondary", "203.0.113.20/24"));
	assert_true(world_has(ADDRESSES " dev pub0 secondary", "203.0.113.21/24"));
	assert_true(world_has(ADDRESSES " dev vpc1 primary", "10.1.0.1/16"));
	assert_true(world_has(MAIN_ROUTES, "default via 203.0.113.1 dev pub0 metric 16777216"));
	assert_true(world_has(MAIN_ROUTES, "default via 198.51.100.1 dev pub1 metric 33554432"));
	assert_true(
		world_has(MAIN_ROUTES, "10.20.0.0/16 via 10.1.0.254 dev vpc1 metric 167772160"));
	assert_true(world_has(MAIN_ROUTES, "blackhole 172.16.0.0/12 metric 2147483648"));
	assert_true(world_has(MAIN_ROUTES, "unreachable 172.32.0.0/12 metric 3355443200"));
	assert_true(world_has(MAIN_ROUTES, "prohibit 10.30.0.0/16 metric 4261412864"));
	// All of them are with the data plane when the commit returns.
	assert_int_equal(world.n_routes, 5);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[1].id);
	assert_int_equal(world_route("10.20.0.0/16")->hops[0].port, c->interfaces[3].id);
	assert_int_equal(world_route("172.16.0.0/12")->route.type, ROUTE_BLACKHOLE);
	assert_int_equal(world_route("172.32.0.0/12")->route.type, ROUTE_UNREACHABLE);
	assert_int_equal(world_route("10.30.0.0/16")->route.type, ROUTE_PROHIBIT);
	config_unref(c);
}

static void sets_the_namespace_up(void **state)
{
	struct config *c = world_config("");

	assert_int_equal(world_commit(NULL, c), 0);
	world_mirror("late0");
	assert_true(world_has("sysctl net.ipv4.conf.all.arp_ignore", "= 1"));
	assert_true(world_has("sysctl net.ipv4.conf.late0.arp_announce", "= 2"));
	assert_true(world_has("sysctl net.ipv4.conf.pub0.rp_filter", "= 0"));
	assert_true(world_has("sysctl net.ipv4.conf.late0.rp_filter", "= 0"));
	assert_true(world_has("sysctl net.ipv4.conf.pub0.forwarding", "= 0"));
	assert_true(world_has("sysctl net.ipv4.conf.late0.accept_redirects", "= 0"));
	assert_true(world_has("sysctl net.ipv4.conf.all.send_redirects", "= 0"));
	assert_true(world_has("sysctl net.ipv4.conf.all.promote_secondaries", "= 1"));
	assert_true(world_has("sysctl net.ipv4.ip_local_port_range", "10240\t32767"));
	assert_true(world_has("sysctl net.ipv4.ping_group_range", "0\t2147483647"));
	assert_true(world_has("ip link show dev lo", "LOOPBACK,UP"));
	config_unref(c);
}

static void applying_again_touches_nothing(void **state)
{
	static const unsigned int groups[] = { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_IFADDR, 0 };
	struct config *c = world_config(services), *again = world_config(services);
	struct netlink nl;

	assert_int_equal(world_commit(NULL, c), 0);
	subscribe(&nl, groups);
	world.entries = 0;
	assert_int_equal(world_commit(c, again), 0);
	assert_int_equal(world_commit(NULL, again), 0);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, again, true), 0);
	assert_int_equal(count_notifications(&nl), 0);
	assert_int_equal(world.entries, 0);
	netlink_close(&nl);
	config_unref(c);
	config_unref(again);
}

static void one_object_is_one_change(void **state)
{
	static const unsigned int addresses[] = { RTNLGRP_IPV4_IFADDR, 0 };
	struct config *a = world_config(services), *b;
	struct netlink nl;

	b = world_config(
		", \"vips\": ["
		"{\"name\": \"web\", \"address\": \"203.0.113.20\", \"interface\": \"pub0\"},"
		"{\"name\": \"vm1\", \"address\": \"203.0.113.21\", \"interface\": \"pub0\"},"
		"{\"name\": \"vm2\", \"address\": \"203.0.113.22\", \"interface\": \"pub0\"}]"
		",\"routes\": [{\"destination\": \"10.20.0.0/16\", \"type\": \"static\","
		" \"next_hop\": \"10.1.0.253\", \"priority\": 10}]");
	assert_int_equal(world_commit(NULL, a), 0);
	subscribe(&nl, addresses);
	world.entries = 0;
	assert_int_equal(world_commit(a, b), 0);
	assert_int_equal(count_notifications(&nl), 1);
	assert_int_equal(world.entries, 4); // one changed, three deleted
	assert_true(world_has(MAIN_ROUTES, "10.20.0.0/16 via 10.1.0.253"));
	assert_null(strstr(world_shell(MAIN_ROUTES), "172.16.0.0/12"));
	assert_null(world_route("172.16.0.0/12"));
	assert_int_equal(world_route("10.20.0.0/16")->hops[0].gateway.bytes[3], 253);
	assert_int_equal(world_commit(b, a), 0);
	assert_null(strstr(world_shell(ADDRESSES), "203.0.113.22"));
	assert_true(world_has(MAIN_ROUTES, "blackhole 172.16.0.0/12"));
	netlink_close(&nl);
	config_unref(a);
	config_unref(b);
}

static int apply(size_t i, const struct config *from, const struct config *to)
{
	return world.list[i].apply(world.list[i].ctx, from, to, &world.problems);
}

// Right behind the data plane's flip: FRR, before the last step, may take seconds.
static void what_is_to_go_does_not_wait_for_frr(void **state)
{
	struct config *a = world_config(services), *b = world_config("");

	assert_int_equal(world_commit(NULL, a), 0);
	assert_int_equal(world.list[0].prepare(world.list[0].ctx, a, b, &world.problems), 0);
	assert_int_equal(apply(0, a, b), 0);
	assert_non_null(world_route("172.16.0.0/12"));
	assert_int_equal(apply(1, a, b), 0);
	assert_null(world_route("172.16.0.0/12"));
	assert_null(strstr(world_shell(MAIN_ROUTES), "172.16.0.0/12"));
	assert_null(strstr(world_shell(ADDRESSES), "203.0.113.20"));
	world.entries = 0;
	assert_int_equal(apply(2, a, b), 0);
	assert_int_equal(world.entries, 0);
	config_unref(a);
	config_unref(b);
}

static const char renumbered[] =
	"{\"version\": 1, \"hostname\": \"r\", \"interfaces\": ["
	"{\"name\": \"pub0\", \"role\": \"public\", \"addresses\": [\"203.0.113.%s/24\"],"
	" \"gateway\": \"203.0.113.1\", \"port\": {\"driver\": \"tap\", \"address\": \"eth0@a\"}}],"
	"\"vips\": [{\"name\": \"a\", \"address\": \"203.0.113.20\", \"interface\": \"pub0\"},"
	"{\"name\": \"b\", \"address\": \"203.0.113.21\", \"interface\": \"pub0\"}]}";

// The old interface address goes, a VIP is promoted by the kernel, and must give way to the new
// interface address: it is what the kernel takes as its source.
static void interface_address_stays_primary(void **state)
{
	char text[1024];
	struct config *a, *b;

	snprintf(text, sizeof(text), renumbered, "10");
	a = world_config_text(text);
	snprintf(text, sizeof(text), renumbered, "11");
	b = world_config_text(text);
	assert_int_equal(world_commit(NULL, a), 0);
	assert_int_equal(world_commit(a, b), 0);
	assert_true(world_has(ADDRESSES " dev pub0 primary", "203.0.113.11/24"));
	assert_true(world_has(ADDRESSES " dev pub0 secondary", "203.0.113.20/24"));
	assert_true(world_has(ADDRESSES " dev pub0 secondary", "203.0.113.21/24"));
	assert_null(strstr(world_shell(ADDRESSES), "203.0.113.10/"));
	assert_true(world_has("ip route get 203.0.113.99", "src 203.0.113.11"));
	assert_true(world_has(MAIN_ROUTES, "default via 203.0.113.1"));
	// The audit finds an address that was taken away and put back in the wrong order.
	world_shell("ip addr del 203.0.113.11/24 dev pub0");
	world_shell("ip addr add 203.0.113.11/24 dev pub0");
	assert_true(world.list[0].compare(world.list[0].ctx, b, true) >= 0);
	assert_true(world_has(ADDRESSES " dev pub0 primary", "203.0.113.11/24"));
	config_unref(a);
	config_unref(b);
}

static void several_next_hops_are_one_route(void **state)
{
	struct config *c = world_config(
		", \"routes\": [{\"destination\": \"10.20.0.0/16\", \"type\": \"static\","
		" \"next_hop\": \"10.1.0.2\"},{\"destination\": \"10.20.0.0/16\","
		" \"type\": \"static\", \"next_hop\": \"10.1.0.3\"},"
		"{\"destination\": \"10.20.0.0/16\", \"type\": \"blackhole\", \"priority\": 250}]");

	assert_int_equal(world_commit(NULL, c), 0);
	assert_true(world_has(MAIN_ROUTES, "nexthop via 10.1.0.2 dev vpc1 weight 1"));
	assert_true(world_has(MAIN_ROUTES, "nexthop via 10.1.0.3 dev vpc1 weight 1"));
	assert_true(world_has(MAIN_ROUTES, "blackhole 10.20.0.0/16 metric 4194304000"));
	assert_int_equal(world_route("10.20.0.0/16")->route.n_hops, 2);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), 0);
	config_unref(c);
}

static void audit_repairs(void **state)
{
	struct config *c = world_config(services);
	struct kernel_counters counters;

	assert_int_equal(world_commit(NULL, c), 0);
	world_shell("ip addr del 203.0.113.20/24 dev pub0");
	world_shell("ip addr add 192.0.2.1/24 dev vpc1");
	world_shell("ip route del 172.16.0.0/12");
	world_shell("ip route add 192.0.2.128/25 via 10.1.0.9 proto 201");
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, false), 4);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), 4);
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), 0);
	assert_true(world_has(ADDRESSES, "203.0.113.20/24"));
	assert_true(world_has(MAIN_ROUTES, "blackhole 172.16.0.0/12"));
	assert_null(strstr(world_shell(ADDRESSES), "192.0.2.1"));
	assert_null(world_route("192.0.2.128/25"));
	kernel_counters(world.kernel, &counters);
	assert_int_equal(counters.repairs, 4);
	assert_int_equal(counters.routes, 5);
	config_unref(c);
}

// The last address of a mirror takes its routes with it; nobody says so.
static void lost_addresses_come_back_by_themselves(void **state)
{
	struct config *c = world_config(services);

	assert_int_equal(world_commit(NULL, c), 0);
	world_shell("ip addr flush dev vpc1");
	world_shell("ip addr flush dev pub0");
	world_events();
	assert_true(world_has(ADDRESSES " dev pub0 primary", "203.0.113.10/24"));
	assert_true(world_has(ADDRESSES " dev pub0 secondary", "203.0.113.20/24"));
	assert_true(world_has(MAIN_ROUTES, "default via 203.0.113.1"));
	assert_true(world_has(MAIN_ROUTES, "10.20.0.0/16 via 10.1.0.254"));
	assert_int_equal(world.n_routes, 5);
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[1].id);
	config_unref(c);
}

static void waits_for_its_mirrors(void **state)
{
	struct config *c = world_config(services);

	world_shell("ip link del pub0");
	assert_int_equal(world_commit(NULL, c), 0);
	assert_non_null(world.list[0].degraded(world.list[0].ctx));
	assert_true(world_has(ADDRESSES, "10.1.0.1/16"));
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[2].id);
	world_mirror("pub0");
	world_events();
	assert_null(world.list[0].degraded(world.list[0].ctx));
	assert_true(world_has(ADDRESSES " dev pub0 primary", "203.0.113.10/24"));
	assert_true(world_has(ADDRESSES " dev pub0 secondary", "203.0.113.21/24"));
	assert_int_equal(world_route("0.0.0.0/0")->hops[0].port, c->interfaces[1].id);
	config_unref(c);
}

// A port that was made anew: the data plane dropped its routes, the kernel's look as before.
static void another_mirror_of_the_same_name(void **state)
{
	struct config *c = world_config(services);

	assert_int_equal(world_commit(NULL, c), 0);
	world.marks = 0;
	world_shell("ip link del vpc1");
	world_mirror("vpc1");
	assert_int_equal(world_commit(NULL, c), 0);
	assert_int_equal(world.marks, 1);
	assert_int_equal(world.n_routes, 5);
	config_unref(c);
}

static void waits_for_the_namespace(void **state)
{
	struct config *c = world_config("");
	char command[64];

	snprintf(command, sizeof(command), "ip netns del %s", world.netns);
	assert_int_equal(system(command), 0);
	assert_int_equal(world_commit(NULL, c), 0);
	assert_non_null(world.list[0].degraded(world.list[0].ctx));
	assert_int_equal(world.list[0].compare(world.list[0].ctx, c, true), -ENOENT);
	world_tick();
	snprintf(command, sizeof(command), "ip netns add %s", world.netns);
	assert_int_equal(system(command), 0);
	world_mirror("pub0");
	world_mirror("pub1");
	world_mirror("vpc1");
	world_tick();
	assert_null(world.list[0].degraded(world.list[0].ctx));
	assert_true(world_has(ADDRESSES, "10.1.0.1/16"));
	assert_int_equal(world.n_routes, 1);
	config_unref(c);
}

static void refusals_are_undone(void **state)
{
	struct config *a = world_config(services), *b;

	b = world_config(
		", \"vips\": ["
		"{\"name\": \"new\", \"address\": \"203.0.113.30\", \"interface\": \"pub0\"}]"
		",\"routes\": [{\"destination\": \"10.40.0.0/16\", \"type\": \"static\","
		" \"next_hop\": \"10.1.0.253\"}]");
	assert_int_equal(world_commit(NULL, a), 0);
	// As if a subsystem after these had refused.
	for (size_t i = 0; i < 3; i++)
		world.list[i].prepare(world.list[i].ctx, a, b, &world.problems);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(world.list[i].apply(world.list[i].ctx, a, b, &world.problems), 0);
	assert_true(world_has(ADDRESSES, "203.0.113.30/24"));
	for (size_t i = 3; i > 0; i--)
		world.list[i - 1].undo(world.list[i - 1].ctx, a, b, true);
	assert_null(strstr(world_shell(ADDRESSES), "203.0.113.30"));
	assert_null(strstr(world_shell(MAIN_ROUTES), "10.40.0.0"));
	assert_true(world_has(ADDRESSES, "203.0.113.21/24"));
	assert_int_equal(world.list[0].compare(world.list[0].ctx, a, false), 0);
	// The kernel itself refuses: it would not reach the next hop.
	world_shell("ip route del 10.1.0.0/16 dev vpc1");
	assert_true(world_commit(a, b) < 0);
	assert_string_equal(world.problems.list[0].pointer, "/routes/0");
	assert_non_null(strstr(world.problems.list[0].text, "the kernel refused"));
	assert_int_equal(world.list[0].compare(world.list[0].ctx, a, false), 0);
	config_unref(a);
	config_unref(b);
}

static int open_capture(void *arg)
{
	*(int *)arg = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(0x0806));
	return 0;
}

static unsigned int count_announcements(int fd)
{
	// Scapy 2.5: ARP(op=1, psrc="203.0.113.20", pdst="203.0.113.20", hwsrc=that of pub0).
	static const uint8_t head[] = { 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01 };
	static const uint8_t address[] = { 0xcb, 0x00, 0x71, 0x14 };
	unsigned int n = 0;
	uint8_t frame[128];
	ssize_t len;

	while ((len = recv(fd, frame, sizeof(frame), 0)) > 0)
		n += len >= 28 && memcmp(frame, head, 8) == 0 &&
		     memcmp(frame + 14, address, 4) == 0 && memcmp(frame + 24, address, 4) == 0;
	return n; // as the other end of the veth hears them
}

static unsigned int await_announcements(int fd, unsigned int wanted)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned int n = count_announcements(fd);

	while (n < wanted && poll(&p, 1, 2000) == 1)
		n += count_announcements(fd);
	return n;
}

static void new_addresses_are_announced(void **state)
{
	struct config *a = world_config(""), *b = world_config(services);
	int ns = netns_open(world.netns), fd = -1;

	assert_int_equal(world_commit(NULL, a), 0);
	assert_int_equal(netns_run(ns, open_capture, &fd), 0);
	assert_int_equal(world_commit(a, b), 0);
	assert_int_equal(await_announcements(fd, 1), 1);
	world_tick();
	world_tick();
	world_tick();
	assert_int_equal(await_announcements(fd, 2), 2);
	close(fd);
	close(ns);
	config_unref(a);
	config_unref(b);
}

static void announcement_is_as_scapy_builds_it(void **state)
{
	// Ether(src=mac, dst="ff:..")/ARP(op=1, hwsrc=mac, psrc=a, hwdst="00:..", pdst=a), padded.
	static const uint8_t expected[GARP_FRAME_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04,
		0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, 0xcb, 0x00, 0x71, 0x14, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0xcb, 0x00, 0x71, 0x14 };
	static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 0x0a };
	uint8_t frame[GARP_FRAME_BYTES];

	garp_frame(frame, mac, (struct in_addr){ htonl(0xcb007114) });
	assert_memory_equal(frame, expected, sizeof(expected));
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void ten_thousand_of_each(void **state)
{
	static char text[4 << 20];
	size_t at = (size_t)snprintf(text, sizeof(text), ", \"vips\": [");
	struct config *c, *none = world_config("");
	double begin;

	for (unsigned int i = 0; i < 10000; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%s{\"name\": \"v%u\", \"address\": \"10.1.%u.%u\", \"interface\": "
			"\"vpc1\"}",
			i ? "," : "", i, 16 + i / 250, 1 + i % 250);
	at += (size_t)snprintf(text + at, sizeof(text) - at, "], \"routes\": [");
	for (unsigned int i = 0; i < 10000; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%s{\"destination\": \"172.%u.%u.0/24\", \"type\": \"static\","
			" \"next_hop\": \"10.1.0.%u\"}",
			i ? "," : "", 16 + i / 250, i % 250, 2 + i % 250);
	snprintf(text + at, sizeof(text) - at, "]");
	c = world_config(text);
	begin = seconds();
	assert_int_equal(world_commit(NULL, c), 0);
	print_message("added in %.2f s\n", seconds() - begin);
	world_events(); // a commit waits for some of so many
	assert_int_equal(world.n_routes, 10001);
	begin = seconds();
	assert_int_equal(world_commit(c, none), 0);
	print_message("removed in %.2f s\n", seconds() - begin);
	world_events();
	assert_int_equal(world.list[0].compare(world.list[0].ctx, none, false), 0);
	assert_int_equal(world.n_routes, 1);
	config_unref(c);
	config_unref(none);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(installs_addresses_and_routes),
		TEST(sets_the_namespace_up),
		TEST(applying_again_touches_nothing),
		TEST(one_object_is_one_change),
		TEST(what_is_to_go_does_not_wait_for_frr),
		TEST(interface_address_stays_primary),
		TEST(several_next_hops_are_one_route),
		TEST(audit_repairs),
		TEST(lost_addresses_come_back_by_themselves),
		TEST(waits_for_its_mirrors),
		TEST(another_mirror_of_the_same_name),
		TEST(waits_for_the_namespace),
		TEST(refusals_are_undone),
		TEST(new_addresses_are_announced),
		TEST(announcement_is_as_scapy_builds_it),
		TEST(ten_thousand_of_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
