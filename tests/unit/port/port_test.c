// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Traffic through TAP ports and mirrors, also after a restart.
#include "tests/unit/port/traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// The punt thread counts a round of packets when it is through with it: they may be faster.
static void wait_for_count(const uint64_t *counter, uint64_t least)
{
	uint64_t end = lab_now_ms() + DEADLINE_MS;

	while (__atomic_load_n(counter, __ATOMIC_RELAXED) < least && lab_now_ms() < end)
		sched_yield();
	assert_in_range(__atomic_load_n(counter, __ATOMIC_RELAXED), least, UINT64_MAX);
}

static void ping_through(void **state)
{
	struct lab *lab = *state;
	struct port *a = lab_port(lab, &lab->env, &conf_a), *b = lab_port(lab, &lab->env, &conf_b);
	const char *ping =
		"ip netns exec " NS_A " ping -q -n -M do -c %d -i 0.01 -s %d -W 2 10.9.0.11";

	host_addresses();
	assert_true(forward_while(a, b, lab_start(ping, 5, 56)));
	assert_true(forward_while(a, b, lab_start(ping, 5, 8000)));
	assert_true(forward_while(a, b, lab_start(ping, 5, 8972)));
	wait_for_count(&lab->stats.mirror_rx, 30);
	wait_for_count(&lab->stats.mirror_tx, 30);
	assert_int_equal(lab->stats.mirror_tx_drops, 0);
	lab_remove(lab, a);
	lab_remove(lab, b);
}

// One datagram whose checksum the sender's kernel left to the device.
static void send_udp(struct port *a, struct port *b, int from, int to, size_t len)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(5000) };
	uint64_t end = lab_now_ms() + DEADLINE_MS;
	uint8_t data[8192], got[8192];
	ssize_t n = -1;

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	inet_pton(AF_INET, "10.9.0.11", &sa.sin_addr);
	assert_int_equal(sendto(from, data, len, 0, (struct sockaddr *)&sa, sizeof(sa)), len);
	while (n < 0 && lab_now_ms() < end) {
		forward(a, b);
		forward(b, a);
		n = recv(to, got, sizeof(got), 0);
	}
	assert_int_equal(n, len);
	assert_memory_equal(got, data, len);
}

static void partial_checksum_through(void **state)
{
	struct lab *lab = *state;
	struct port *a = lab_port(lab, &lab->env, &conf_a), *b = lab_port(lab, &lab->env, &conf_b);
	int from, to;

	host_addresses();
	from = lab_udp_socket(NS_A, "10.9.0.10", 4000);
	to = lab_udp_socket(NS_B, "10.9.0.11", 5000);
	send_udp(a, b, from, to, 33);
	send_udp(a, b, from, to, 8001);
	// The same through a port that wants complete checksums: the receiver verifies them.
	b->tx_csum = false;
	send_udp(a, b, from, to, 33);
	send_udp(a, b, from, to, 8001);
	close(from);
	close(to);
	lab_remove(lab, a);
	lab_remove(lab, b);
}

// The kernel in the namespace of the mirrors answers for the port.
static void ping_mirror(void **state)
{
	struct lab *lab = *state;
	struct port *a = lab_port(lab, &lab->env, &conf_a);
	struct netdev dev;

	find_netdev(NS_VR, "pa", &dev, 0);
	assert_memory_equal(dev.mac, conf_a.mac, 6);
	assert_int_equal(dev.mtu, 9000);
	host_address(NS_A, "10.9.0.10");
	assert_true(lab_run("ip -n " NS_VR " addr add 10.9.0.1/24 dev pa"));
	assert_true(forward_while(a, NULL,
		lab_start("ip netns exec " NS_A " ping -q -n -c 5 -i 0.01 -s 8000 -W 2 10.9.0.1")));
	// TCP, checksums partial both ways.
	assert_true(forward_while(a, NULL,
		lab_start("ip netns exec " NS_VR " timeout 10 iperf3 -s -1 -p 5300 & i=0; "
			  "until ip netns exec " NS_A " iperf3 -c 10.9.0.1 -p 5300 -n 1M; do "
			  "i=$((i+1)); [ $i -lt 50 ] || exit 1; done; wait")));
	lab_remove(lab, a);
	find_netdev(NS_VR, "pa", &dev, -ENODEV);
	find_netdev(NS_A, "eth0", &dev, -ENODEV);
}

// Descriptors kept elsewhere, as control does.
struct keeper {
	char names[4][64];
	int fds[4];
};

static int *slot(struct keeper *k, const char *name)
{
	for (int i = 0; i < 4; i++)
		if (k->fds[i] > 0 && strcmp(k->names[i], name) == 0)
			return &k->fds[i];
	for (int i = 0; i < 4; i++)
		if (k->fds[i] == 0) {
			snprintf(k->names[i], sizeof(k->names[i]), "%s", name);
			return &k->fds[i];
		}
	fail_msg("more descriptors than expected");
	return NULL;
}

static int keeper_adopt(void *ctx, const char *name)
{
	int fd = *slot(ctx, name);

	return fd > 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -ENOENT;
}

static void keeper_forget(void *ctx, const char *name)
{
	int *fd = slot(ctx, name);

	if (*fd > 0)
		close(*fd);
	*fd = 0;
}

static void keeper_keep(void *ctx, const char *name, int fd)
{
	keeper_forget(ctx, name);
	*slot(ctx, name) = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void adoption(void **state)
{
	struct lab *lab = *state;
	struct keeper keeper = { 0 };
	struct port_env env = lab->env;
	struct port *a, *b = lab_port(lab, &lab->env, &conf_b);
	struct netdev before, mirror, dev;
	const char *ping = "ip netns exec " NS_A " ping -q -n -c 3 -i 0.01 -W 2 10.9.0.11";

	env.adopt_fd = keeper_adopt;
	env.keep_fd = keeper_keep;
	env.forget_fd = keeper_forget;
	env.ctx = &keeper;
	a = lab_port(lab, &env, &conf_a);
	assert_string_equal(keeper.names[0], "tap:eth0@" NS_A);
	assert_string_equal(keeper.names[1], "mirror:pa");
	host_addresses();
	assert_true(lab_run("ip -n " NS_VR " addr add 10.9.1.1/24 dev pa"));
	assert_true(forward_while(a, b, lab_start("%s", ping)));
	find_netdev(NS_A, "eth0", &before, 0);
	find_netdev(NS_VR, "pa", &mirror, 0);
	assert_true(mirror.flags & LOWER_UP);

	lab_release(lab, a); // the process ends
	find_netdev(NS_A, "eth0", &dev, 0);
	assert_memory_equal(&dev, &before, sizeof(dev));
	find_netdev(NS_VR, "pa", &dev, 0);
	assert_memory_equal(&dev, &mirror, sizeof(dev)); // the carrier, too

	a = lab_port(lab, &env, &conf_a);
	find_netdev(NS_VR, "pa", &dev, 0);
	assert_memory_equal(&dev, &mirror, sizeof(dev));
	assert_true(lab_run("ip -n " NS_VR " addr show dev pa | grep -q 10.9.1.1/24"));
	assert_true(forward_while(a, b, lab_start("%s", ping)));
	lab_remove(lab, a); // removed from the configuration
	find_netdev(NS_A, "eth0", &dev, -ENODEV);
	find_netdev(NS_VR, "pa", &dev, -ENODEV);

	// What is kept but does not fit is given up.
	a = lab_port(lab, &env, &conf_a);
	lab_release(lab, a);
	assert_true(lab_run("ip -n " NS_A " link set eth0 name other0"));
	a = lab_port(lab, &env, &conf_a);
	find_netdev(NS_A, "other0", &dev, -ENODEV);
	lab_remove(lab, a);
	for (int i = 0; i < 4; i++)
		assert_int_equal(keeper.fds[i], 0);
	lab_remove(lab, b);
}

// Flows are spread over the queues and keep to theirs.
static void queues(void **state)
{
	struct lab *lab = *state;
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct obj_port conf = conf_a;
	unsigned int total = 0, count[3] = { 0 };
	uint64_t end = lab_now_ms() + DEADLINE_MS;
	struct port *a;

	conf.queues = 3;
	a = lab_port(lab, &lab->env, &conf);
	assert_int_equal(a->nb_rxq, 3);
	assert_true(lab_run("ip -n " NS_A " addr replace 10.9.0.10/24 dev eth0 && ip -n " NS_A
			    " neigh add 10.9.0.99 lladdr 02:00:00:00:00:99 dev eth0"));
	inet_pton(AF_INET, "10.9.0.99", &sa.sin_addr);
	for (uint16_t port = 1; port <= 60; port++) {
		int fd = lab_udp_socket(NS_A, "10.9.0.10", (uint16_t)(20000 + port / 2));

		assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa)), 1);
		close(fd);
	}
	while (total < 60 && lab_now_ms() < end)
		for (uint16_t q = 0; q < 3; q++) {
			struct rte_mbuf *m;

			if (port_rx_burst(a, q, &m, 1) == 0)
				continue;
			count[q]++;
			total++;
			rte_pktmbuf_free(m);
		}
	for (int q = 0; q < 3; q++)
		assert_in_range(count[q], 4, 40);
	lab_remove(lab, a);
}

#define TEST(name) cmocka_unit_test_teardown(name, lab_remove_ports)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ping_through),
		TEST(partial_checksum_through),
		TEST(ping_mirror),
		TEST(adoption),
		TEST(queues),
	};

	if (lab_namespaces() < 0)
		return 1;
	return cmocka_run_group_tests_name("ports", tests, lab_setup, lab_teardown);
}
