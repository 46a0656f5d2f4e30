// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libFuzzer target: packets through the whole graph of a router with SNAT, EIPs and port forwards
// (site.json). The input is a sequence of steps, each with a head of 4 bytes: a packet that a port
// receives or the kernel sends, or time that passes. After each input the books must balance, and
// when all timers are over nothing may be left of any session.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/packet/csum.h"
#include "tests/fuzz/dataplane.h"
#include "tests/packet/test_port.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME_MAX 4096
#define ETHER	  sizeof(struct rte_ether_hdr)

enum step_flag {
	STEP_PORT = 0x07,    // 1 to 4: on which port; 0: no packet, `len` seconds pass
	STEP_KERNEL = 0x08,  // the kernel sends it
	STEP_PARTIAL = 0x10, // its checksum is partial
	STEP_CUT = 0x20,     // in buffers of 64 bytes
	STEP_FRAME = 0x40,   // with its Ethernet header; else one is put in front
	STEP_AS_IS = 0x80,   // IP length and checksum are not repaired
};

struct step {
	uint8_t flags;
	uint8_t pad;
	uint16_t len; // of what follows
};

static struct harness *harness; // LLVMFuzzerTestOneInput() has no argument for it

static void know_neighbours(struct harness *h)
{
	static const struct {
		uint16_t port;
		const char *ip;
	} hosts[] = { { 1, "192.168.10.10" }, { 1, "192.168.10.20" }, { 2, "192.168.11.10" },
		{ 2, "192.168.11.20" }, { 3, "203.0.113.10" }, { 3, "203.0.113.200" },
		{ 3, "203.0.113.254" }, { 4, "198.51.100.10" } };

	for (unsigned int i = 0; i < RTE_DIM(hosts); i++) {
		const struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, i } };

		neigh_update(h->dp->l3->neigh, hosts[i].port, inet_addr(hosts[i].ip),
			NEIGH_PERMANENT, &mac);
	}
	harness_settle(h);
}

static void configure(struct harness *h)
{
	char text[16384];
	FILE *f = fopen(SITE, "r");
	size_t n = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	harness_configure(h, text, n);
	if (n == 0 || h->reply_used != 0) {
		fprintf(stderr, "%s: %s\n", SITE, h->reply);
		exit(1);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	harness = calloc(1, sizeof(*harness));
	if (harness == NULL)
		exit(1);
	fuzz_start(harness);
	configure(harness);
	know_neighbours(harness);
	return 0;
}

static void repair(uint8_t *frame, uint32_t len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + ETHER);

	if (len < ETHER + sizeof(*ip) || rte_ipv4_hdr_len(ip) < sizeof(*ip) ||
		len < ETHER + rte_ipv4_hdr_len(ip))
		return;
	ip->version_ihl = 0x40 | (ip->version_ihl & 0x0f);
	ip->total_length = rte_cpu_to_be_16(len - ETHER);
	if (ip->next_proto_id == IPPROTO_UDP && len >= ETHER + rte_ipv4_hdr_len(ip) + 8) {
		uint16_t udp = rte_cpu_to_be_16(len - ETHER - rte_ipv4_hdr_len(ip));

		memcpy(frame + ETHER + rte_ipv4_hdr_len(ip) + 4, &udp, sizeof(udp));
	}
	ip->hdr_checksum = 0;
	ip->hdr_checksum = csum_compute(ip, rte_ipv4_hdr_len(ip));
}

static struct rte_mbuf *make(const uint8_t *frame, uint32_t len, uint32_t room)
{
	struct rte_mbuf *head = NULL;

	for (uint32_t done = 0; done < len || head == NULL;) {
		uint32_t n = RTE_MIN(room, len - done);
		struct rte_mbuf *m = rte_pktmbuf_alloc(harness->dp->pool);

		if (m == NULL)
			abort();
		memcpy(rte_pktmbuf_append(m, n), frame + done, n);
		if (head == NULL)
			head = m;
		else if (rte_pktmbuf_chain(head, m) < 0)
			abort();
		done += n;
	}
	return head;
}

static void receive(const struct step *s, const uint8_t *data, uint32_t len)
{
	struct port *port = dataplane_port(harness->dp, s->flags & STEP_PORT);
	uint32_t front = s->flags & STEP_FRAME ? 0 : ETHER;
	uint8_t frame[FRAME_MAX + ETHER];
	struct rte_mbuf *m;

	if (port == NULL || len == 0)
		return;
	if (front != 0)
		*(struct rte_ether_hdr *)frame =
			(struct rte_ether_hdr){ .ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4) };
	memcpy(frame + front, data, len);
	if (front != 0)
		memcpy(frame, port->conf.mac, RTE_ETHER_ADDR_LEN);
	if (!(s->flags & STEP_AS_IS))
		repair(frame, front + len);
	m = make(frame, front + len, s->flags & STEP_CUT ? 64 : RTE_MBUF_DEFAULT_DATAROOM);
	if (s->flags & STEP_PARTIAL)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	if ((s->flags & STEP_KERNEL ? test_port_from_kernel(port, m)
				    : test_port_receive(port, 0, m)) < 0)
		abort();
	fuzz_walk(harness);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size > sizeof(struct step)) {
		struct step s;
		uint32_t len;

		memcpy(&s, data, sizeof(s));
		data += sizeof(s);
		size -= sizeof(s);
		if ((s.flags & STEP_PORT) == 0) {
			fuzz_advance(harness, s.len % 1024);
			continue;
		}
		len = RTE_MIN(RTE_MIN((uint32_t)s.len, (uint32_t)FRAME_MAX), (uint32_t)size);
		receive(&s, data, len);
		data += len;
		size -= len;
	}
	fuzz_check_books(harness);
	fuzz_check_drained(harness);
	return 0;
}
