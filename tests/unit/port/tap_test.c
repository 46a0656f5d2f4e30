// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// TAPs by themselves, read and written by the test: their life, their errors, their checksums.
#include "tests/unit/port/lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>

#include "dataplane/punt/netdev.h"
#include "dataplane/punt/netns.h"
#include "dataplane/punt/tap.h"
#include "tests/unit/port/vectors.h"

#define LOWER_UP (1u << 16) // IFF_LOWER_UP of linux/if.h, which clashes with net/if.h

static const uint8_t mac_a[6] = { 0x02, 0, 0, 0, 0, 0x0b };

static const struct tap_conf conf_a = { .name = "eth0", .netns = NS_A, .mac = mac_a, .mtu = 9000 };

static char err[256];

static void make_tap(const struct lab *lab, struct tap *t, const struct tap_conf *conf)
{
	int ret = tap_create(t, conf, lab->pool, err, sizeof(err));

	if (ret < 0)
		fail_msg("%s", err);
}

static int find(const char *netns, const char *name, struct netdev *dev)
{
	struct mnl_socket *nl;
	int ret;

	assert_int_equal(netns_netlink(netns, &nl), 0);
	ret = netdev_get(nl, name, dev);
	mnl_socket_close(nl);
	return ret;
}

// Waits for the next frame. The number, 0 when `drops` grew or the deadline passed.
static uint16_t next_frame(struct tap *t, struct rte_mbuf **m, uint64_t *drops)
{
	uint64_t end = lab_now_ms() + DEADLINE_MS, before = *drops;
	uint16_t n = 0;

	while (n == 0 && *drops == before && lab_now_ms() < end) {
		struct pollfd pfd = { .fd = t->fd, .events = POLLIN };

		poll(&pfd, 1, 100);
		n = tap_read(t, m, 1, drops);
	}
	return n;
}

static void made_and_gone(void **state)
{
	const struct lab *lab = *state;
	unsigned int fds = lab_open_fds(), buffers = rte_mempool_avail_count(lab->pool);
	struct netdev dev;
	struct tap t;

	make_tap(lab, &t, &conf_a);
	assert_int_equal(find(NS_A, "eth0", &dev), 0);
	assert_int_equal(dev.ifindex, t.ifindex);
	assert_int_equal(dev.mtu, 9000);
	assert_memory_equal(dev.mac, mac_a, 6);
	assert_true(dev.flags & IFF_UP);
	assert_int_equal(lab_open_fds(), fds + 1); // nothing but the TAP
	tap_close(&t);
	assert_int_equal(find(NS_A, "eth0", &dev), -ENODEV);
	assert_int_equal(lab_open_fds(), fds);
	assert_int_equal(rte_mempool_avail_count(lab->pool), buffers);
}

static void refusals(void **state)
{
	const struct lab *lab = *state;
	unsigned int fds = lab_open_fds();
	struct tap_conf conf = conf_a;
	struct netdev dev;
	struct tap t, other;

	conf.netns = "port-missing";
	assert_int_equal(tap_create(&t, &conf, lab->pool, err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "network namespace \"port-missing\" does not exist");
	conf.netns = "../run";
	assert_int_equal(tap_create(&t, &conf, lab->pool, err, sizeof(err)), -EINVAL);
	conf = conf_a;
	conf.mtu = 9217;
	assert_int_equal(tap_create(&t, &conf, lab->pool, err, sizeof(err)), -EINVAL);
	make_tap(lab, &t, &conf_a);
	assert_int_equal(tap_create(&other, &conf_a, lab->pool, err, sizeof(err)), -EEXIST);
	assert_string_equal(err, "netdev \"eth0\" in namespace \"" NS_A "\": the name is taken");
	assert_int_equal(tap_set_mtu(&t, 10, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "mtu less than device minimum"); // the kernel's own words
	tap_close(&t);
	assert_int_equal(lab_open_fds(), fds);
	assert_int_equal(find(NULL, "vrtap0", &dev), -ENODEV);
}

static void changes(void **state)
{
	struct netdev dev;
	struct tap t;

	make_tap(*state, &t, &conf_a);
	assert_int_equal(tap_set_mtu(&t, 1400, err, sizeof(err)), 0);
	assert_int_equal(tap_set_carrier(&t, false), 0);
	assert_int_equal(find(NS_A, "eth0", &dev), 0);
	assert_int_equal(dev.mtu, 1400);
	assert_false(dev.flags & LOWER_UP);
	assert_int_equal(tap_set_carrier(&t, true), 0);
	assert_int_equal(find(NS_A, "eth0", &dev), 0);
	assert_true(dev.flags & LOWER_UP);

	assert_true(tap_link_up(&t));
	assert_true(lab_run("ip -n " NS_A " link set eth0 down"));
	assert_false(tap_link_up(&t));
	assert_true(lab_run("ip -n " NS_A " link set eth0 up name other0"));
	assert_true(tap_link_up(&t));
	assert_true(lab_run("ip -n " NS_A " link del other0"));
	assert_false(tap_link_up(&t));
	tap_close(&t);
}

static int subscribe(void *arg)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int *fd = arg;

	*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return *fd < 0 ? -errno : bind(*fd, (const struct sockaddr *)&name, sizeof(name));
}

// Flags of the netdev in the messages that wait, 0 without one.
static unsigned int told_flags(int fd, unsigned int ifindex)
{
	char buffer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	unsigned int flags = 0;
	ssize_t len;

	while ((len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *h = (const void *)buffer;
		const struct ifinfomsg *ifi = NLMSG_DATA(h);

		if (h->nlmsg_type == RTM_NEWLINK && (unsigned int)ifi->ifi_index == ifindex)
			flags = ifi->ifi_flags;
	}
	return flags;
}

// A routing daemon hears of each change before the call returns, however soon they follow.
static void carrier_is_told_at_once(void **state)
{
	struct tap t;
	int fd = -1;

	make_tap(*state, &t, &conf_a);
	assert_int_equal(netns_run(NS_A, subscribe, &fd), 0);
	for (unsigned int i = 0; i < 5; i++) {
		unsigned int flags;

		assert_int_equal(tap_set_carrier(&t, false), 0);
		flags = told_flags(fd, t.ifindex);
		assert_true(flags & IFF_UP);
		assert_false(flags & (LOWER_UP | IFF_RUNNING));
		assert_int_equal(tap_set_carrier(&t, true), 0);
		flags = told_flags(fd, t.ifindex);
		assert_true((flags & LOWER_UP) && (flags & IFF_RUNNING));
	}
	close(fd);
	tap_close(&t);
}

static void adoption(void **state)
{
	const struct lab *lab = *state;
	struct tap_conf conf = conf_a;
	struct netdev dev;
	struct tap t;
	int kept;

	make_tap(lab, &t, &conf_a);
	assert_true(lab_run("ip -n " NS_A " addr add 10.9.0.10/24 dev eth0"));
	kept = fcntl(t.fd, F_DUPFD_CLOEXEC, 0);
	tap_close(&t);
	assert_int_equal(find(NS_A, "eth0", &dev), 0);
	assert_true(lab_run("ip -n " NS_A " addr show dev eth0 | grep -q 10.9.0.10/24"));

	conf.name = "eth1";
	assert_int_equal(tap_adopt(&t, kept, &conf, lab->pool, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "descriptor is of TAP \"eth0\", not \"eth1\"");
	conf = conf_a;
	conf.netns = NS_B;
	assert_int_equal(tap_adopt(&t, kept, &conf, lab->pool, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "TAP \"eth0\" is not in namespace \"" NS_B "\"");
	assert_true(tap_adopt(&t, STDIN_FILENO, &conf_a, lab->pool, err, sizeof(err)) < 0);

	conf = conf_a;
	conf.mtu = 1500; // changed while nobody was there
	assert_int_equal(tap_adopt(&t, kept, &conf, lab->pool, err, sizeof(err)), 0);
	assert_int_equal(find(NS_A, "eth0", &dev), 0);
	assert_int_equal(dev.mtu, 1500);
	assert_int_equal(t.ifindex, dev.ifindex);
	assert_true(lab_run("ip -n " NS_A " addr show dev eth0 | grep -q 10.9.0.10/24"));
	tap_close(&t);
	assert_int_equal(find(NS_A, "eth0", &dev), -ENODEV);
}

// Sends a frame out of the TAP's netdev with that header in front.
static void inject(int fd, const struct virtio_net_hdr *header, const void *frame, size_t len)
{
	uint8_t buffer[sizeof(*header) + 2048];

	memcpy(buffer, header, sizeof(*header));
	memcpy(buffer + sizeof(*header), frame, len);
	assert_int_equal(send(fd, buffer, sizeof(*header) + len, 0), sizeof(*header) + len);
}

// Partial checksums of TCP and UDP over IPv4 stay partial; all others are completed.
static void checksums_from_kernel(void **state)
{
	uint64_t drops = 0;
	struct tap t;
	int fd;

	make_tap(*state, &t, &conf_a);
	fd = lab_packet_socket(NS_A, "eth0");
	for (size_t i = 0; i < sizeof(tap_vectors) / sizeof(tap_vectors[0]); i++) {
		const struct tap_vector *v = &tap_vectors[i];
		const struct virtio_net_hdr header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.csum_start = v->start,
			.csum_offset = v->offset };
		bool kept = strcmp(v->name, "udp4") == 0 || strcmp(v->name, "tcp4") == 0;
		struct rte_mbuf *m;

		inject(fd, &header, v->partial, v->len);
		assert_int_equal(next_frame(&t, &m, &drops), 1);
		assert_int_equal(m->pkt_len, v->len);
		assert_memory_equal(
			rte_pktmbuf_mtod(m, void *), kept ? v->partial : v->whole, v->len);
		assert_int_equal(m->ol_flags, kept ? RTE_MBUF_F_RX_L4_CKSUM_NONE : 0);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(drops, 0);
	close(fd);
	tap_close(&t);
}

// Headers that lie: nothing is read or written outside the frame.
static void hostile_checksums(void **state)
{
	static const struct {
		uint16_t start, offset;
	} table[] = { { 14, 0 }, { 34, 7 }, { 34, 65000 }, { 60, 6 }, { 140, 2 }, { 0, 16 } };
	const struct tap_vector *v = &tap_vectors[0];
	struct tap t;
	int fd;

	make_tap(*state, &t, &conf_a);
	fd = lab_packet_socket(NS_A, "eth0");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct virtio_net_hdr header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.csum_start = table[i].start,
			.csum_offset = table[i].offset };
		uint8_t buffer[sizeof(header) + 256];
		struct rte_mbuf *m;
		uint64_t drops = 0;

		memcpy(buffer, &header, sizeof(header));
		memcpy(buffer + sizeof(header), v->partial, v->len);
		// The kernel refuses some of them itself.
		if (send(fd, buffer, sizeof(header) + v->len, 0) < 0)
			continue;
		if (next_frame(&t, &m, &drops) == 1) {
			assert_int_equal(m->pkt_len, v->len);
			assert_false(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_NONE);
			rte_pktmbuf_free(m);
		}
	}
	close(fd);
	tap_close(&t);
}

static void segmentation_is_refused(void **state)
{
	const struct tap_vector *v = &tap_vectors[1]; // TCP
	struct virtio_net_hdr header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = 40,
		.hdr_len = 54,
		.csum_start = v->start,
		.csum_offset = v->offset };
	uint64_t drops = 0;
	struct rte_mbuf *m;
	struct tap t;
	int fd;

	make_tap(*state, &t, &conf_a);
	fd = lab_packet_socket(NS_A, "eth0");
	// As the product sets it up, the kernel segments.
	inject(fd, &header, v->partial, v->len);
	assert_int_equal(next_frame(&t, &m, &drops), 1);
	assert_int_equal(m->pkt_len, 54 + 40);
	rte_pktmbuf_free(m);
	while (tap_read(&t, &m, 1, &drops) == 1)
		rte_pktmbuf_free(m);
	// Whoever holds a copy of the descriptor may have asked for more.
	assert_int_equal(ioctl(t.fd, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_TSO4)), 0);
	assert_int_equal(drops, 0);
	inject(fd, &header, v->partial, v->len);
	assert_int_equal(next_frame(&t, &m, &drops), 0);
	assert_int_equal(drops, 1);
	close(fd);
	tap_close(&t);
}

// A jumbo frame fills five buffers; with none left it is dropped and reading goes on.
static void jumbo_and_no_buffers(void **state)
{
	const struct lab *lab = *state;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct rte_mbuf *hoard[16384], *m;
	unsigned int n = 0;
	uint8_t data[8972], back[8972];
	uint64_t drops = 0;
	struct tap t;
	int fd;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	make_tap(lab, &t, &conf_a);
	assert_true(lab_run("ip -n " NS_A " addr add 10.9.0.10/24 dev eth0 && ip -n " NS_A
			    " neigh add 10.9.0.11 lladdr 02:00:00:00:00:0c dev eth0"));
	fd = lab_udp_socket(NS_A, "10.9.0.10", 9);
	inet_pton(AF_INET, "10.9.0.11", &to.sin_addr);
	assert_int_equal(sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(data));
	assert_int_equal(next_frame(&t, &m, &drops), 1);
	assert_int_equal(m->nb_segs, 5);
	assert_int_equal(m->pkt_len, 14 + 9000);
	assert_true(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_NONE);
	assert_memory_equal(rte_pktmbuf_read(m, 42, sizeof(data), back) == back ? back : NULL, data,
		sizeof(data));
	rte_pktmbuf_free(m);

	while ((hoard[n] = rte_pktmbuf_alloc(lab->pool)) != NULL)
		n++;
	for (int i = 0; i < 3; i++) {
		assert_true(sendto(fd, data, 100, 0, (struct sockaddr *)&to, sizeof(to)) == 100);
		assert_int_equal(next_frame(&t, &m, &drops), 0);
	}
	assert_int_equal(drops, 3);
	rte_pktmbuf_free_bulk(hoard, n);
	assert_true(sendto(fd, data, 100, 0, (struct sockaddr *)&to, sizeof(to)) == 100);
	assert_int_equal(next_frame(&t, &m, &drops), 1);
	assert_int_equal(m->pkt_len, 142);
	rte_pktmbuf_free(m);
	close(fd);
	tap_close(&t);
}

// Builds a packet of a vector, over two segments.
static struct rte_mbuf *packet(struct rte_mempool *pool, const uint8_t *frame, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *next = rte_pktmbuf_alloc(pool);

	memcpy(rte_pktmbuf_append(m, 60), frame, 60);
	memcpy(rte_pktmbuf_append(next, len - 60), frame + 60, len - 60);
	rte_pktmbuf_chain(m, next);
	return m;
}

// The kernel receives a partial checksum as such, and a complete one after checking it.
static void checksums_to_kernel(void **state)
{
	const struct lab *lab = *state;
	const struct tap_vector *v = &tap_vectors[0]; // UDP, 10.9.0.10:4000 to 10.9.0.11:5000
	struct rte_mbuf *whole = packet(lab->pool, v->whole, v->len);
	struct rte_mbuf *partial = packet(lab->pool, v->partial, v->len);
	struct pollfd pfd = { .events = POLLIN };
	uint8_t data[256];
	struct tap t;

	make_tap(lab, &t, &conf_a); // its MAC is the frame's destination
	assert_true(lab_run("ip -n " NS_A " addr add 10.9.0.11/24 dev eth0"));
	pfd.fd = lab_udp_socket(NS_A, "10.9.0.11", 5000);
	partial->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
	partial->l2_len = 14;
	partial->l3_len = 20;
	assert_int_equal(tap_write(&t, partial), 0);
	assert_int_equal(poll(&pfd, 1, DEADLINE_MS), 1);
	assert_int_equal(recv(pfd.fd, data, sizeof(data), 0), 101);
	assert_memory_equal(data, v->whole + 42, 101);
	// Not marked, so the kernel finds it wrong: the one that follows is the next that arrives.
	partial->ol_flags = 0;
	*rte_pktmbuf_mtod_offset(partial->next, uint8_t *, 10) = 0xff;
	assert_int_equal(tap_write(&t, partial), 0);
	assert_int_equal(tap_write(&t, whole), 0);
	assert_int_equal(poll(&pfd, 1, DEADLINE_MS), 1);
	assert_int_equal(recv(pfd.fd, data, sizeof(data), 0), 101);
	assert_memory_equal(data, v->whole + 42, 101);
	// Offsets beyond the packet, and a netdev that is down.
	whole->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	whole->l2_len = 100;
	whole->l3_len = 400;
	assert_int_equal(tap_write(&t, whole), -EINVAL);
	whole->ol_flags = 0;
	assert_true(lab_run("ip -n " NS_A " link set eth0 down"));
	assert_int_equal(tap_write(&t, whole), -EIO);
	close(pfd.fd);
	tap_close(&t);
	rte_pktmbuf_free(whole);
	rte_pktmbuf_free(partial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_and_gone),
		cmocka_unit_test(refusals),
		cmocka_unit_test(changes),
		cmocka_unit_test(carrier_is_told_at_once),
		cmocka_unit_test(adoption),
		cmocka_unit_test(checksums_from_kernel),
		cmocka_unit_test(hostile_checksums),
		cmocka_unit_test(segmentation_is_refused),
		cmocka_unit_test(jumbo_and_no_buffers),
		cmocka_unit_test(checksums_to_kernel),
	};

	if (lab_namespaces() < 0)
		return 1;
	return cmocka_run_group_tests_name("taps", tests, lab_setup, lab_teardown);
}
