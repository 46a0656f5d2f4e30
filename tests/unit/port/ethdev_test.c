// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ports that DPDK drives, each with a peer in the same process: vhost-user with virtio-user, memif
// with memif, AF_PACKET with a veth.
#include "tests/unit/port/lab.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/packet/meta.h"
#include "dataplane/port/tx.h"
#include "dataplane/punt/mirror.h"
#include "dataplane/stats/shm.h"
#include "tests/unit/port/vectors.h"

#define DIRECTORY "/run/vrouter-port-test" // the program's own

static char err[256];

static const struct obj_port conf_vhost = {
	.id = 3,
	.driver = PORT_VHOST_USER,
	.mtu = 9000,
	.name = "pv",
	.address = DIRECTORY "/vhost",
};
static const struct obj_port conf_memif = {
	.id = 4,
	.driver = PORT_MEMIF,
	.mtu = 1500,
	.name = "pm",
	.address = DIRECTORY "/memif",
};
static const struct obj_port conf_packet = {
	.id = 5,
	.driver = PORT_AF_PACKET,
	.mtu = 1500,
	.name = "pp",
	.address = "portveth0",
};

// The other end of a port, driven by the test.
static uint16_t make_peer(const struct lab *lab, const char *name, const char *args)
{
	char devargs[256];
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;
	uint16_t id;

	snprintf(devargs, sizeof(devargs), "%s,%s", name, args);
	assert_int_equal(rte_dev_probe(devargs), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &id), 0);
	assert_int_equal(rte_eth_dev_info_get(id, &info), 0);
	conf.rxmode.offloads =
		info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_UDP_CKSUM |
					       RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
	conf.txmode.offloads = info.tx_offload_capa &
			       (RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
				       RTE_ETH_TX_OFFLOAD_TCP_CKSUM);
	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, 256, 0, NULL, lab->pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 256, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	return id;
}

static void remove_peer(uint16_t id)
{
	struct rte_eth_dev_info info;

	assert_int_equal(rte_eth_dev_info_get(id, &info), 0);
	rte_eth_dev_stop(id);
	rte_eth_dev_close(id);
	rte_dev_remove(info.device);
}

static void wait_link(struct port *p, bool up)
{
	uint64_t end = lab_now_ms() + DEADLINE_MS;
	struct rte_eth_link link;
	uint16_t id;

	while (p->link_up != up && lab_now_ms() < end) {
		// A memif client connects when it is asked for its link.
		RTE_ETH_FOREACH_DEV(id)
		rte_eth_link_get_nowait(id, &link);
		port_link_update(p);
	}
	assert_int_equal(p->link_up, up);
}

// A frame of `len` bytes in chained buffers, with a pattern.
static struct rte_mbuf *pattern(const struct lab *lab, uint32_t len)
{
	struct rte_mbuf *head = NULL;
	uint32_t done = 0;

	while (done < len) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(lab->pool);
		uint16_t n = (uint16_t)RTE_MIN(len - done, 2000u);
		uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, n);

		for (uint16_t i = 0; i < n; i++)
			data[i] = (uint8_t)((done + i) * 7 + (done + i) / 256);
		done += n;
		if (head == NULL) {
			head = m;
			*mbuf_meta(m) = (struct meta){ 0 };
		} else {
			rte_pktmbuf_chain(head, m);
		}
	}
	return head;
}

static void check_pattern(const struct rte_mbuf *m, uint32_t len)
{
	uint8_t buffer[9100];
	const uint8_t *data = rte_pktmbuf_read(m, 0, len, buffer);

	assert_int_equal(m->pkt_len, len);
	assert_non_null(data);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(data[i], (uint8_t)(i * 7 + i / 256));
}

// Both return the packet that came out at the other end.
static struct rte_mbuf *to_peer(struct port *p, uint16_t peer, struct rte_mbuf *m)
{
	uint64_t end = lab_now_ms() + DEADLINE_MS;
	struct rte_mbuf *got = NULL;

	bool sent = false;

	while (got == NULL && lab_now_ms() < end) {
		// A memif client gives buffers to the port when it polls.
		sent = sent || port_send(p, 0, &m, 1) == 1;
		rte_eth_rx_burst(peer, 0, &got, 1);
	}
	assert_non_null(got);
	return got;
}

static struct rte_mbuf *from_peer(struct port *p, uint16_t peer, struct rte_mbuf *m)
{
	uint64_t end = lab_now_ms() + DEADLINE_MS;
	struct rte_mbuf *got = NULL;

	while (lab_now_ms() < end && rte_eth_tx_burst(peer, 0, &m, 1) == 0)
		;
	while (lab_now_ms() < end && port_rx_burst(p, 0, &got, 1) == 0)
		;
	assert_non_null(got);
	return got;
}

static void exchange(struct lab *lab, struct port *p, uint16_t peer, uint32_t len)
{
	struct rte_mbuf *m = to_peer(p, peer, pattern(lab, len));

	check_pattern(m, len);
	rte_pktmbuf_free(m);
	m = from_peer(p, peer, pattern(lab, len));
	check_pattern(m, len);
	rte_pktmbuf_free(m);
}

static const char virtio_user[] = "path=" DIRECTORY "/vhost,queue_size=256,mac=02:00:00:00:00:77";

static void vhost(void **state)
{
	struct lab *lab = *state;
	struct port *p = lab_port(lab, &lab->env, &conf_vhost);
	static const uint8_t none[6];
	uint16_t peer;

	assert_false(p->link_up);
	assert_memory_not_equal(p->conf.mac, none, 6);
	assert_true(p->tx_csum && p->tx_multi_seg);
	for (int i = 0; i < 3; i++) { // the peer comes and goes
		peer = make_peer(lab, "net_virtio_user0", virtio_user);
		wait_link(p, true);
		exchange(lab, p, peer, 60);
		exchange(lab, p, peer, 1514);
		exchange(lab, p, peer, 9014);
		remove_peer(peer);
		wait_link(p, false);
	}
	lab_remove(lab, p);
	assert_int_not_equal(access(DIRECTORY "/vhost", F_OK), 0);
}

static struct rte_mbuf *udp_partial(const struct lab *lab)
{
	const struct tap_vector *v = &tap_vectors[0];
	struct rte_mbuf *m = rte_pktmbuf_alloc(lab->pool);

	memcpy(rte_pktmbuf_append(m, v->len), v->partial, v->len);
	*mbuf_meta(m) = (struct meta){ .flags = META_CSUM_PARTIAL,
		.proto = 17,
		.l3_off = 14,
		.l4_off = v->start,
		.ip_len = (uint16_t)(v->len - 14) };
	return m;
}

static void vhost_checksums(void **state)
{
	const struct tap_vector *v = &tap_vectors[0]; // UDP
	struct lab *lab = *state;
	struct port *p = lab_port(lab, &lab->env, &conf_vhost);
	uint16_t peer = make_peer(lab, "net_virtio_user0", virtio_user);
	struct rte_mbuf *m;

	wait_link(p, true);
	m = to_peer(p, peer, udp_partial(lab));
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), v->partial, v->len);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
	rte_pktmbuf_free(m);

	m = udp_partial(lab);
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
	m->l2_len = 14;
	m->l3_len = 20;
	m = from_peer(p, peer, m);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), v->partial, v->len);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
	rte_pktmbuf_free(m);

	p->tx_csum = false; // completed here then
	m = to_peer(p, peer, udp_partial(lab));
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), v->whole, v->len);
	rte_pktmbuf_free(m);
	remove_peer(peer);
}

static void vhost_mtu(void **state)
{
	struct lab *lab = *state;
	struct port *p = lab_port(lab, &lab->env, &conf_vhost);
	struct obj_port conf = conf_vhost;

	conf.mtu = 1500;
	assert_int_equal(port_update(p, &conf, err, sizeof(err)), 0);
	assert_int_equal(p->conf.mtu, 1500);
}

// Leaves a socket file behind, as a process does that is killed.
static int bound_socket(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sa.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void stale_sockets(void **state)
{
	static const struct obj_port *const confs[] = { &conf_vhost, &conf_memif };
	struct lab *lab = *state;

	for (int i = 0; i < 2; i++) {
		const char *path = confs[i]->address;
		struct port *p;
		int fd = bound_socket(path);

		assert_int_equal(
			port_create(&lab->env, confs[i], &p, err, sizeof(err)), -EADDRINUSE);
		assert_non_null(strstr(err, "in use by another process"));
		close(fd);
		lab_remove(lab, lab_port(lab, &lab->env, confs[i]));
		assert_true(lab_run("touch %s", path));
		assert_int_equal(port_create(&lab->env, confs[i], &p, err, sizeof(err)), -EEXIST);
		assert_non_null(strstr(err, "exists and is no socket"));
		unlink(path);
	}
}

static void memif(void **state)
{
	struct lab *lab = *state;
	struct port *p = lab_port(lab, &lab->env, &conf_memif);
	struct obj_port conf = conf_memif;
	struct rte_mbuf *m;
	uint16_t peer;

	assert_false(p->tx_csum);
	peer = make_peer(lab, "net_memif_peer",
		"role=client,id=0,socket=" DIRECTORY "/memif,socket-abstract=no");
	wait_link(p, true);
	exchange(lab, p, peer, 60);
	exchange(lab, p, peer, 1514);
	m = to_peer(p, peer, udp_partial(lab));
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), tap_vectors[0].whole, tap_vectors[0].len);
	rte_pktmbuf_free(m);
	conf.mtu = 9000;
	assert_int_equal(port_update(p, &conf, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "driver net_memif carries at most 1500 bytes");
	remove_peer(peer);
	wait_link(p, false);
	lab_remove(lab, p);
	assert_int_equal(port_create(&lab->env, &conf, &p, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "driver net_memif carries at most 1500 bytes");
}

static void two_workers(void **state)
{
	struct lab *lab = *state;
	struct port_env env = lab->env;
	struct obj_port conf = conf_vhost;
	struct port *p;

	env.workers = 2;
	p = lab_port(lab, &env, &conf);
	assert_int_equal(p->nb_rxq, 1);
	assert_int_equal(p->nb_txq, 1); // as many as the peer was promised
	assert_int_equal(port_tx_worker(p, 1), 0);
	lab_remove(lab, p);
	conf.queues = 2;
	p = lab_port(lab, &env, &conf);
	assert_int_equal(p->nb_rxq, 2);
	assert_int_equal(p->nb_txq, 2);
	assert_int_equal(port_tx_worker(p, 1), 1);
	assert_int_equal(p->mirror->owner, 1); // id 3
	lab_remove(lab, p);
	conf.queues = 9;
	assert_int_equal(port_create(&env, &conf, &p, err, sizeof(err)), -EINVAL);
}

static void af_packet(void **state)
{
	struct lab *lab = *state;
	struct port_losses losses;
	struct port *p;
	struct rte_mbuf *m;
	uint64_t end;
	uint8_t got[2048];
	int fd;

	assert_true(lab_run("ip link add portveth0 type veth peer name portveth1 netns " NS_A));
	assert_true(lab_run("ip link set portveth0 up && ip -n " NS_A " link set portveth1 up"));
	p = lab_port(lab, &lab->env, &conf_packet);
	fd = lab_socket(NS_A, AF_PACKET, SOCK_RAW, 0);
	close(fd);
	fd = lab_packet_socket(NS_A, "portveth1");
	// In: other frames (the kernel's own) may come first.
	uint8_t frame[10 + 60] = { 0 };

	memset(frame + 10, 0xff, 6);
	memset(frame + 16, 0x02, 48);
	frame[10 + 12] = 0x88, frame[10 + 13] = 0xb5; // local experimental EtherType
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
	end = lab_now_ms() + DEADLINE_MS;
	for (bool found = false; !found;) {
		assert_true(lab_now_ms() < end);
		if (port_rx_burst(p, 0, &m, 1) == 0)
			continue;
		found = m->pkt_len == 60 &&
			memcmp(rte_pktmbuf_mtod(m, void *), frame + 10, 60) == 0;
		rte_pktmbuf_free(m);
	}
	// Out: a UDP packet with a partial checksum is completed, for the driver cannot.
	close(fd);
	assert_true(lab_run("ip -n " NS_A " link set portveth1 address 02:00:00:00:00:0b && "
			    "ip -n " NS_A " addr add 10.9.0.11/24 dev portveth1"));
	fd = lab_udp_socket(NS_A, "10.9.0.11", 5000);
	m = udp_partial(lab);
	assert_int_equal(port_send(p, 0, &m, 1), 1);
	end = lab_now_ms() + DEADLINE_MS;
	while (recv(fd, got, sizeof(got), 0) != 101)
		assert_true(lab_now_ms() < end);
	assert_memory_equal(got, tap_vectors[0].whole + 42, 101);
	close(fd);
	// Lost: larger than what the driver's ring has room for.
	port_read_losses(p, &losses);
	assert_int_equal(losses.rx_missed + losses.rx_no_buffer + losses.rx_errors, 0);
	assert_int_equal(losses.tx_errors, 0);
	m = rte_pktmbuf_alloc(lab->pool);
	memset(rte_pktmbuf_append(m, 2040), 0, 2040);
	p->ops->tx_burst(p, 0, &m, 1);
	port_read_losses(p, &losses);
	assert_int_equal(losses.tx_errors, 1);
	lab_remove(lab, p);
	assert_true(lab_run("ip link del portveth0"));
}

#define TEST(name) cmocka_unit_test_teardown(name, lab_remove_ports)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vhost),
		TEST(vhost_checksums),
		TEST(vhost_mtu),
		TEST(stale_sockets),
		TEST(memif),
		TEST(two_workers),
		TEST(af_packet),
	};

	if (lab_namespaces() < 0 || mkdir(DIRECTORY, 0700) < 0)
		return 1;
	return cmocka_run_group_tests_name("ethdev ports", tests, lab_setup, lab_teardown);
}
