// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ports come, change and go: refusals, leaks, removal under traffic.
#include "tests/unit/port/traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_malloc.h>

static char err[256];

static void refused(struct lab *lab, const struct obj_port *conf, int code, const char *text)
{
	unsigned int fds = lab_open_fds(), buffers = rte_mempool_avail_count(lab->pool);
	struct port *p = NULL;

	assert_int_equal(port_create(&lab->env, conf, &p, err, sizeof(err)), code);
	assert_string_equal(err, text);
	assert_null(p);
	assert_int_equal(lab_open_fds(), fds);
	assert_int_equal(rte_mempool_avail_count(lab->pool), buffers);
}

static void refusals(void **state)
{
	struct lab *lab = *state;
	struct port *a = lab_port(lab, &lab->env, &conf_a);
	struct obj_port conf = conf_b;
	struct netdev dev;

	refused(lab, &conf_a, -EEXIST,
		"netdev \"eth0\" in namespace \"" NS_A "\": the name is taken");
	strcpy(conf.name, "pa"); // the mirror's name: the TAP that was made before it goes, too
	refused(lab, &conf, -EEXIST, "netdev \"pa\" in namespace \"" NS_VR "\": the name is taken");
	find_netdev(NS_B, "eth0", &dev, -ENODEV);
	conf = conf_b;
	strcpy(conf.address, "eth0@port-missing");
	refused(lab, &conf, -ENOENT, "network namespace \"port-missing\" does not exist");
	strcpy(conf.address, "eth0");
	refused(lab, &conf, -EINVAL, "\"eth0\" is not netdev@namespace");
	memset(conf.address, 'a', sizeof(conf.address));
	refused(lab, &conf, -EINVAL, "text without an end");
	conf = conf_b;
	conf.queues = 9;
	refused(lab, &conf, -EINVAL, "driver tap has at most 8 queues");
	conf.id = LIMIT_PORTS;
	refused(lab, &conf, -EINVAL, "port id 64 is not 1..63");
	conf = conf_b;
	conf.mtu = 9300;
	refused(lab, &conf, -EINVAL, "a TAP carries at most 9216 bytes");
	conf = conf_b;
	conf.mac[0] = 1;
	refused(lab, &conf, -EINVAL, "the MAC is a group address");
	conf = conf_b;
	conf.driver = PORT_AF_XDP;
	refused(lab, &conf, -ENOTSUP, "AF_XDP ports are not supported here");
	conf.driver = PORT_PCI;
	strcpy(conf.address, "0000:00:1f.7");
	assert_true(port_create(&lab->env, &conf, &a, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "DPDK cannot open 0000:00:1f.7"));
	lab_remove(lab, a);
}

static void changes(void **state)
{
	struct lab *lab = *state;
	struct port *a = lab_port(lab, &lab->env, &conf_a);
	struct obj_port conf = conf_a;
	struct netdev dev;

	conf.mtu = 1500;
	assert_true(port_equal(&conf, &conf_a));
	assert_int_equal(port_update(a, &conf, err, sizeof(err)), 0);
	assert_int_equal(a->conf.mtu, 1500);
	find_netdev(NS_A, "eth0", &dev, 0);
	assert_int_equal(dev.mtu, 1500);
	find_netdev(NS_VR, "pa", &dev, 0);
	assert_int_equal(dev.mtu, 1500);
	conf.mtu = 60000;
	assert_int_equal(port_update(a, &conf, err, sizeof(err)), -EINVAL);
	assert_int_equal(a->conf.mtu, 1500);
	conf.mac[5]++;
	assert_false(port_equal(&conf, &conf_a));
	conf = conf_a;
	strcpy(conf.address, "eth1@" NS_A);
	assert_false(port_equal(&conf, &conf_a));

	// The mirror's carrier follows the link.
	assert_true(a->link_up);
	assert_false(port_link_update(a));
	assert_true(lab_run("ip -n " NS_A " link set eth0 down"));
	assert_true(port_link_update(a));
	find_netdev(NS_VR, "pa", &dev, 0);
	assert_false(dev.flags & LOWER_UP);
	assert_true(lab_run("ip -n " NS_A " link set eth0 up"));
	assert_true(port_link_update(a));
	find_netdev(NS_VR, "pa", &dev, 0);
	assert_true(dev.flags & LOWER_UP);
	assert_true(lab_run("ip -n " NS_A " link del eth0"));
	assert_true(port_link_update(a));
	lab_remove(lab, a);
}

// Without a MAC of the configuration: the same one each time, not the other end's.
static void own_mac(void **state)
{
	struct lab *lab = *state;
	struct obj_port conf = conf_a;
	struct netdev dev;
	uint8_t mac[6];
	struct port *a;

	memset(conf.mac, 0, sizeof(conf.mac));
	a = lab_port(lab, &lab->env, &conf);
	memcpy(mac, a->conf.mac, 6);
	assert_int_equal(mac[0], 0x02);
	find_netdev(NS_VR, "pa", &dev, 0);
	assert_memory_equal(dev.mac, mac, 6);
	find_netdev(NS_A, "eth0", &dev, 0);
	assert_memory_not_equal(dev.mac, mac, 6);
	lab_remove(lab, a);
	a = lab_port(lab, &lab->env, &conf);
	assert_memory_equal(a->conf.mac, mac, 6);
	lab_remove(lab, a);
}

// What leaks would grow by: descriptors, buffers, heap blocks.
struct resources {
	unsigned int fds, buffers, blocks;
};

static struct resources resources(struct lab *lab)
{
	struct rte_malloc_socket_stats heap;

	rte_malloc_get_socket_stats(0, &heap);
	return (struct resources){ lab_open_fds(), rte_mempool_avail_count(lab->pool),
		heap.alloc_count };
}

static void removed_under_traffic(void **state)
{
	struct lab *lab = *state;
	struct resources before = resources(lab), after;
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(9) };

	inet_pton(AF_INET, "10.9.0.99", &sa.sin_addr);
	for (int round = 0; round < 10; round++) {
		uint64_t had = lab->stats.mirror_rx, end = lab_now_ms() + DEADLINE_MS;
		struct port *a = lab_port(lab, &lab->env, &conf_a),
			    *b = lab_port(lab, &lab->env, &conf_b);
		int fd;

		assert_true(lab_run("ip -n " NS_A " addr add 10.9.0.10/24 dev eth0 && ip -n " NS_A
				    " neigh add 10.9.0.99 lladdr 02:00:00:00:00:99 dev eth0"));
		fd = lab_udp_socket(NS_A, "10.9.0.10", 9);
		// Rings fill up, nobody empties A's; B gets all it can take.
		while (lab->stats.mirror_rx < had + 3 * LIMIT_RING && lab_now_ms() < end) {
			for (int i = 0; i < 64; i++)
				sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa));
			if (round % 2)
				forward(a, b);
		}
		assert_true(lab_now_ms() < end);
		lab_remove(lab, a);
		lab_remove(lab, b);
		close(fd);
	}
	assert_true(lab->stats.mirror_rx_drops > 0);
	after = resources(lab);
	assert_memory_equal(&after, &before, sizeof(after));
}

// A namespace that is deleted takes the netdev along; the thread must neither spin nor fail.
static void namespace_deleted(void **state)
{
	struct lab *lab = *state;
	struct port *a = lab_port(lab, &lab->env, &conf_a), *b = lab_port(lab, &lab->env, &conf_b);
	uint64_t end = lab_now_ms() + DEADLINE_MS;

	assert_true(lab_run("ip netns del " NS_A " && ip netns add " NS_A));
	while (!port_link_update(a) && lab_now_ms() < end)
		;
	assert_false(a->link_up);
	forward(b, a);
	lab_remove(lab, a);
	a = lab_port(lab, &lab->env, &conf_a);
	host_addresses();
	assert_true(forward_while(
		a, b, lab_start("ip netns exec " NS_A " ping -q -n -c 3 -i 0.01 -W 2 10.9.0.11")));
	lab_remove(lab, a);
	lab_remove(lab, b);
}

static void many_cycles(void **state)
{
	struct lab *lab = *state;
	struct resources before = resources(lab), after;

	for (int i = 0; i < 100; i++) {
		struct port *a = lab_port(lab, &lab->env, &conf_a);

		lab_remove(lab, a);
	}
	after = resources(lab);
	assert_memory_equal(&after, &before, sizeof(after));
}

#define TEST(name) cmocka_unit_test_teardown(name, lab_remove_ports)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refusals),
		TEST(changes),
		TEST(own_mac),
		TEST(removed_under_traffic),
		TEST(namespace_deleted),
		TEST(many_cycles),
	};

	if (lab_namespaces() < 0)
		return 1;
	return cmocka_run_group_tests_name("life of ports", tests, lab_setup, lab_teardown);
}
