// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Frames go by the same calls that workers make.
#include "tests/unit/port/traffic.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <libmnl/libmnl.h>

#include "dataplane/packet/meta.h"
#include "dataplane/port/tx.h"
#include "dataplane/punt/mirror.h"
#include "dataplane/punt/netns.h"

const struct obj_port conf_a = {
	.id = 1,
	.driver = PORT_TAP,
	.mtu = 9000,
	.name = "pa",
	.address = "eth0@" NS_A,
	.mac = { 0x02, 0, 0, 0, 0, 0xa1 },
};
const struct obj_port conf_b = {
	.id = 2,
	.driver = PORT_TAP,
	.mtu = 9000,
	.name = "pb",
	.address = "eth0@" NS_B,
	.mac = { 0x02, 0, 0, 0, 0, 0xb1 },
};

// What the parser would say of a partial checksum.
static void mark_partial(struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct meta *meta = mbuf_meta(m);

	*meta = (struct meta){ .l3_off = 14 };
	if (!(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_NONE))
		return;
	m->ol_flags = 0;
	meta->flags = META_CSUM_PARTIAL;
	meta->l4_off = (uint16_t)(14 + 4 * (frame[14] & 15));
	meta->ip_len = (uint16_t)(frame[16] << 8 | frame[17]);
	meta->proto = frame[23];
}

void forward(struct port *from, struct port *to)
{
	struct rte_mbuf *pkts[32];

	for (uint16_t q = 0; q < from->nb_rxq; q++) {
		uint16_t n = port_rx_burst(from, q, pkts, 32);

		for (uint16_t i = 0; i < n; i++)
			mark_partial(pkts[i]);
		uint16_t sent = port_send(to, 0, pkts, n);
		rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	}
}

// Between a port and its mirror.
static void punt(struct port *p)
{
	struct rte_mbuf *pkts[32];
	uint16_t n = port_rx_burst(p, 0, pkts, 32), sent;

	for (uint16_t i = 0; i < n; i++)
		mark_partial(pkts[i]);
	sent = mirror_send(p->mirror, 0, pkts, n);
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	n = mirror_receive(p->mirror, 0, pkts, 32);
	for (uint16_t i = 0; i < n; i++)
		mark_partial(pkts[i]);
	sent = port_send(p, 0, pkts, n);
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
}

// Forwards (b NULL: punts) until the command ends. Whether it ended well and in time.
bool forward_while(struct port *a, struct port *b, pid_t pid)
{
	uint64_t end = lab_now_ms() + 2 * DEADLINE_MS;
	bool ok = false;

	while (lab_running(pid, &ok)) {
		if (lab_now_ms() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return false;
		}
		if (b == NULL) {
			punt(a);
		} else {
			forward(a, b);
			forward(b, a);
		}
	}
	return ok;
}

void host_address(const char *netns, const char *address)
{
	assert_true(lab_run("ip -n %s addr replace %s/24 dev eth0", netns, address));
}

void host_addresses(void)
{
	host_address(NS_A, "10.9.0.10");
	host_address(NS_B, "10.9.0.11");
}

void find_netdev(const char *netns, const char *name, struct netdev *dev, int expect)
{
	struct mnl_socket *nl;

	assert_int_equal(netns_netlink(netns, &nl), 0);
	assert_int_equal(netdev_get(nl, name, dev), expect);
	mnl_socket_close(nl);
}
