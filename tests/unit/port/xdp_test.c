// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// AF_XDP ports on veth pairs: the near ends in a namespace of this process alone, the far ends in
// those of two hosts.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/port/xdp.h"
#include "tests/unit/port/traffic.h"

#define MTU_LIMIT "1774" // of buffers with 2048 bytes of room

static char err[256];

// LeakSanitizer asks: DPDK's driver never frees what libbpf and libxdp gave it.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libbpf.so\nleak:libxdp.so\n";
}

static const struct obj_port conf_xa = {
	.id = 1,
	.driver = PORT_AF_XDP,
	.mtu = 1500,
	.name = "pa",
	.address = "xa",
};
static const struct obj_port conf_xb = {
	.id = 2,
	.driver = PORT_AF_XDP,
	.mtu = 1500,
	.name = "pb",
	.address = "xb",
};

// A veth without checksum offload: AF_XDP has no way to tell of partial checksums.
static bool make_link(const char *near, const char *netns)
{
	return lab_run("ip link add %s type veth peer name eth0 netns %s && "
		       "ip netns exec %s ethtool -K eth0 tx off tso off gso off && "
		       "ip -n %s link set eth0 up",
		near, netns, netns, netns);
}

static bool has_program(const char *netdev)
{
	return lab_run("ip link show %s | grep -q prog/xdp", netdev);
}

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

static void wait_link(struct port *p, bool up)
{
	uint64_t end = lab_now_ms() + DEADLINE_MS;

	while (p->link_up != up && lab_now_ms() < end)
		port_link_update(p);
	assert_int_equal(p->link_up, up);
}

static bool ping(struct port *a, struct port *b, const char *options)
{
	return forward_while(a, b,
		lab_start("ip netns exec " NS_A " ping -c 3 -i 0.01 -W 2 %s 10.9.0.11", options));
}

static void refusals(void **state)
{
	struct lab *lab = *state;
	struct obj_port conf = conf_xa;
	char mirrors[] = "port-own";

	strcpy(conf.address, "xmissing");
	refused(lab, &conf, -ENODEV,
		"there is no netdev \"xmissing\" in the network namespace of the data plane");
	strcpy(conf.address, "xa,xdp_prog=/x");
	refused(lab, &conf, -EINVAL, "\"xa,xdp_prog=/x\" is not a netdev name");
	conf = conf_xa;
	conf.mtu = 1775;
	refused(lab, &conf, -EINVAL,
		"an AF_XDP port carries at most " MTU_LIMIT " bytes, not 1775");
	conf = conf_xa;
	conf.queues = 2;
	refused(lab, &conf, -EINVAL, "driver af_xdp has one queue");
	assert_true(lab_run("ip addr add 10.9.1.1/24 dev xa label xa:1"));
	refused(lab, &conf_xa, -EADDRINUSE,
		"netdev \"xa\" has IP addresses: the kernel uses it; remove them (ip address "
		"flush dev xa)");
	assert_true(lab_run("ip addr flush dev xa && ip addr add 2001:db8::1/64 dev xa"));
	assert_int_equal(
		port_create(&lab->env, &conf_xa, &lab->ports[0], err, sizeof(err)), -EADDRINUSE);
	assert_true(lab_run("ip addr flush dev xa"));
	// The namespace of the mirrors is this one.
	assert_true(lab_run("ip netns attach port-own %d", (int)getpid()));
	lab->env.mirror_netns = mirrors;
	refused(lab, &conf_xa, -EINVAL,
		"an AF_XDP port must not be in the namespace of the mirrors");
	lab->env.mirror_netns = NS_VR;
	assert_true(lab_run("ip netns del port-own"));
	assert_false(has_program("xa"));
}

static void refused_links(void **state)
{
	struct lab *lab = *state;
	struct obj_port conf = conf_xa;

	strcpy(conf.address, "xq");
	assert_true(lab_run("ip link add xq numrxqueues 2 numtxqueues 2 type veth peer name eth1 "
			    "netns " NS_A " && ethtool -L xq rx 2 tx 2"));
	refused(lab, &conf, -EINVAL,
		"netdev \"xq\" has 2 receive queues, an AF_XDP port takes one (ethtool -L xq)");
	assert_true(lab_run("ip link del xq && ip link add xq type veth peer name eth1 netns " NS_A
			    " && ip -n " NS_A " link set eth1 mtu 9000 up"));
	refused(lab, &conf, -ERANGE,
		"cannot attach the XDP program to netdev \"xq\": Numerical result out of range "
		"(a veth and its far end may have an MTU of at most 3506)");
	assert_true(lab_run("ip link del xq"));
}

static void traffic(void **state)
{
	struct lab *lab = *state;
	struct obj_port conf = conf_xa;
	struct port *a = lab_port(lab, &lab->env, &conf_xa);
	struct port *b = lab_port(lab, &lab->env, &conf_xb);
	struct netdev dev;
	struct port *other;

	wait_link(a, true);
	wait_link(b, true);
	find_netdev(NULL, "xa", &dev, 0);
	assert_memory_equal(a->conf.mac, dev.mac, 6);
	find_netdev(NS_VR, "pa", &dev, 0);
	assert_memory_equal(a->conf.mac, dev.mac, 6);
	assert_int_equal(a->nb_rxq, 1);
	assert_int_equal(a->nb_txq, 1);
	assert_true(has_program("xa"));
	assert_true(ping(a, b, ""));
	assert_true(ping(a, b, "-M do -s 1472"));
	// The longest packet that is allowed passes.
	conf.mtu = 1774;
	assert_int_equal(port_update(a, &conf, err, sizeof(err)), 0);
	conf = conf_xb;
	conf.mtu = 1774;
	assert_int_equal(port_update(b, &conf, err, sizeof(err)), 0);
	assert_true(lab_run(
		"ip -n " NS_A " link set eth0 mtu 1774 && ip -n " NS_B " link set eth0 mtu 1774"));
	assert_true(ping(a, b, "-M do -s 1746"));
	assert_true(lab_run(
		"ip -n " NS_A " link set eth0 mtu 1500 && ip -n " NS_B " link set eth0 mtu 1500"));
	conf.mtu = 1775;
	assert_int_equal(port_update(b, &conf, err, sizeof(err)), -EINVAL);
	assert_int_equal(b->conf.mtu, 1774);
	// A second port cannot have it.
	conf = conf_xa;
	conf.id = 3;
	strcpy(conf.name, "pc");
	assert_int_equal(port_create(&lab->env, &conf, &other, err, sizeof(err)), -EBUSY);
	assert_string_equal(err, "netdev \"xa\" is in use by another port");
	// The link is the netdev's.
	assert_true(lab_run("ip -n " NS_A " link set eth0 down"));
	wait_link(a, false);
	assert_true(lab_run("ip -n " NS_A " link set eth0 up"));
	wait_link(a, true);
	assert_true(ping(a, b, ""));
}

static void own_mac(void **state)
{
	struct lab *lab = *state;
	struct obj_port conf = conf_xa;
	struct netdev dev;

	memcpy(conf.mac, (uint8_t[6]){ 0x02, 0, 0, 0, 0, 0xa1 }, 6);
	lab_port(lab, &lab->env, &conf);
	find_netdev(NULL, "xa", &dev, 0);
	assert_memory_equal(dev.mac, conf.mac, 6);
}

// Parked, the netdev passes nothing on; used again, it does not deliver what came meanwhile.
static void removed_and_added(void **state)
{
	struct lab *lab = *state;
	struct port *b = lab_port(lab, &lab->env, &conf_xb), *a = NULL;
	struct obj_port conf = conf_xa;
	unsigned int fds = 0;
	uint16_t ethdev = 0;

	for (int i = 0; i < 5; i++) {
		struct rte_mbuf *m;

		conf.id = (uint32_t)(10 + i); // control gives a new port a new id
		a = lab_port(lab, &lab->env, &conf);
		if (i == 0)
			fds = lab_open_fds();
		ethdev = i == 0 ? a->ethdev : ethdev;
		assert_int_equal(a->ethdev, ethdev);
		assert_int_equal(lab_open_fds(), fds);
		assert_int_equal(port_rx_burst(a, 0, &m, 1), 0);
		assert_true(ping(a, b, ""));
		lab_remove(lab, a);
		assert_true(has_program("xa"));
		assert_false(lab_run("ip netns exec " NS_A " ping -c 2 -i 0.01 -W 0.1 10.9.0.11"));
	}
}

static void netdev_replaced(void **state)
{
	struct lab *lab = *state;
	struct port *a = lab_port(lab, &lab->env, &conf_xa);
	struct port *b = lab_port(lab, &lab->env, &conf_xb);

	wait_link(a, true);
	assert_true(lab_run("ip link del xa"));
	wait_link(a, false);
	forward(a, b);
	assert_true(make_link("xa", NS_A));
	host_address(NS_A, "10.9.0.10");
	port_link_update(a);
	assert_false(a->link_up); // it is another one
	lab_remove(lab, a);
	a = lab_port(lab, &lab->env, &conf_xa);
	wait_link(a, true);
	assert_true(ping(a, b, ""));
}

// A process that was killed left its program on the netdev: it drops until the next one comes.
static void killed(void **state)
{
	struct lab *lab = *state;
	char self[256] = { 0 };
	struct port *a, *b;

	assert_true(lab_run("ip link del xa; ip link del xb; true"));
	assert_true(make_link("xa", NS_A) && make_link("xb", NS_B));
	host_addresses();
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	for (int i = 0; i < 3; i++) {
		assert_true(lab_run("%s victim; [ $? = 137 ]", self));
		assert_true(has_program("xa"));
	}
	a = lab_port(lab, &lab->env, &conf_xa);
	b = lab_port(lab, &lab->env, &conf_xb);
	assert_true(ping(a, b, ""));
}

static int setup(void **state)
{
	struct lab *lab;

	if (lab_setup(state) < 0)
		return -1;
	lab = *state;
	if (!make_link("xa", NS_A) || !make_link("xb", NS_B))
		return -1;
	host_addresses();
	return xdp_create(&lab->env.xdp);
}

static int teardown(void **state)
{
	struct lab *lab = *state;

	xdp_destroy(lab->env.xdp);
	if (has_program("xa"))
		return -1;
	return lab_teardown(state);
}

// Opens the port and dies.
static int victim(void)
{
	void *state = NULL;
	struct lab *lab;

	if (lab_setup(&state) < 0)
		return 1;
	lab = state;
	if (xdp_create(&lab->env.xdp) < 0)
		return 1;
	lab_port(lab, &lab->env, &conf_xa);
	return raise(SIGKILL);
}

#define TEST(name) cmocka_unit_test_teardown(name, lab_remove_ports)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(refusals),
		TEST(refused_links),
		TEST(traffic),
		TEST(own_mac),
		TEST(removed_and_added),
		TEST(netdev_replaced),
		TEST(killed),
	};

	if (argc > 1 && strcmp(argv[1], "victim") == 0)
		return victim();
	if (lab_namespaces() < 0)
		return 1;
	return cmocka_run_group_tests_name("AF_XDP ports", tests, setup, teardown);
}
