// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets of the stress test. Checksums of L4 are left wrong: the router never verifies them.
#include "tests/stress/traffic.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define HOSTS 4 // of each network
#define PORTS 8
#define ERAS  64

#define SNAT_VIP IPV4(203, 0, 113, 22) // "c"

struct frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr l4; // or UDP, ICMP: shorter
	uint8_t data[4];       // to a multiple of 8, as fragments are
} __rte_packed __rte_aligned(2);

static void fill_ip(
	struct frame *f, uint32_t src, uint32_t dst, uint8_t proto, uint16_t id, uint16_t fragment)
{
	f->ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = RTE_BE16(sizeof(*f) - sizeof(f->eth)),
		.packet_id = id,
		.fragment_offset = rte_cpu_to_be_16(fragment),
		.time_to_live = 64,
		.next_proto_id = proto,
		.src_addr = rte_cpu_to_be_32(src),
		.dst_addr = rte_cpu_to_be_32(dst),
	};
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
}

static void fill_l4(struct frame *f, uint8_t proto, uint64_t r, unsigned int era)
{
	uint16_t sport = 5000 + era % ERAS * PORTS + r % PORTS, dport = 8080 + (r >> 8) % PORTS;

	memset(&f->l4, 0, sizeof(f->l4));
	if (proto == IPPROTO_ICMP) {
		struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)&f->l4;

		icmp->icmp_type = RTE_IP_ICMP_ECHO_REQUEST;
		icmp->icmp_ident = rte_cpu_to_be_16(sport);
		return;
	}
	f->l4.src_port = rte_cpu_to_be_16(sport);
	f->l4.dst_port = rte_cpu_to_be_16(dport);
	if (proto == IPPROTO_UDP) {
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)&f->l4;

		udp->dgram_len = RTE_BE16(sizeof(f->l4) + sizeof(f->data));
		return;
	}
	f->l4.data_off = 5 << 4;
	f->l4.tcp_flags = (uint8_t[]){ RTE_TCP_SYN_FLAG, RTE_TCP_ACK_FLAG, RTE_TCP_FIN_FLAG,
		RTE_TCP_RST_FLAG }[(r >> 16) % 4];
}

bool traffic_from_vip(const struct rte_mbuf *m)
{
	const struct frame *f = rte_pktmbuf_mtod(m, const struct frame *);

	return m->data_len >= sizeof(*f) && f->eth.ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       (rte_be_to_cpu_32(f->ip.src_addr) & ~3u) == IPV4(203, 0, 113, 20);
}

bool traffic_hairpin(const struct rte_mbuf *m)
{
	const struct frame *f = rte_pktmbuf_mtod(m, const struct frame *);

	return traffic_from_vip(m) && f->ip.src_addr == RTE_BE32(SNAT_VIP) &&
	       f->ip.dst_addr != RTE_BE32(IPV4(192, 168, 11, 12)) &&
	       f->ip.dst_addr != RTE_BE32(IPV4(192, 168, 10, 11));
}

// To an external port of SNAT, from one that SNAT keeps: hosts meet each other there.
static void meet(struct frame *f, uint64_t r)
{
	if (f->ip.dst_addr != RTE_BE32(SNAT_VIP) || f->ip.next_proto_id == IPPROTO_ICMP)
		return;
	f->l4.src_port = rte_cpu_to_be_16(8080 + r % PORTS);
	if (f->ip.next_proto_id == IPPROTO_TCP)
		f->l4.tcp_flags = RTE_TCP_SYN_FLAG;
}

unsigned int traffic_random(struct rte_mbuf *m, uint64_t *rng, unsigned int era)
{
	static const uint32_t nets[PORT_COUNT] = { 0, IPV4(192, 168, 10, 10),
		IPV4(192, 168, 11, 10), IPV4(203, 0, 113, 10) };
	static const uint32_t vips[] = { IPV4(203, 0, 113, 20), IPV4(203, 0, 113, 21), SNAT_VIP,
		SNAT_VIP, SNAT_VIP, IPV4(203, 0, 113, 23) };
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_GRE };
	// Three make a datagram; one in sixteen overlaps.
	static const uint16_t fragments[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, RTE_IPV4_HDR_MF_FLAG,
		RTE_IPV4_HDR_MF_FLAG, RTE_IPV4_HDR_MF_FLAG | 3, RTE_IPV4_HDR_MF_FLAG | 3, 6, 6,
		RTE_IPV4_HDR_MF_FLAG | 2 };
	uint64_t r = traffic_next(rng);
	unsigned int in = 1 + r % 3, out = 1 + (r >> 8) % 3;
	struct frame *f = (struct frame *)rte_pktmbuf_append(m, sizeof(*f));
	uint32_t src = nets[in] + (r >> 16) % HOSTS, dst = nets[out] + (r >> 24) % HOSTS;
	uint8_t proto = protos[(r >> 32) % RTE_DIM(protos)];

	// To a VIP (an EIP, forwards, or none) now and then, from inside, too.
	if ((r >> 40) % 3 == 0)
		dst = vips[(r >> 48) % RTE_DIM(vips)];
	memset(&f->eth, 0, sizeof(f->eth));
	f->eth.dst_addr.addr_bytes[0] = 2;
	f->eth.dst_addr.addr_bytes[5] = in;
	f->eth.src_addr.addr_bytes[0] = 2;
	f->eth.src_addr.addr_bytes[5] = 0x77;
	f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	fill_ip(f, src, dst, proto, r >> 56, fragments[(r >> 52) % RTE_DIM(fragments)]);
	fill_l4(f, proto, traffic_next(rng), era);
	meet(f, traffic_next(rng));
	return in;
}

bool traffic_answer(struct rte_mbuf *m)
{
	struct frame *f = rte_pktmbuf_mtod(m, struct frame *);
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)&f->l4;
	struct rte_ether_addr mac;
	rte_be16_t port;
	rte_be32_t addr;

	if (m->data_len < sizeof(*f) || f->eth.ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return false;
	mac = f->eth.src_addr;
	f->eth.src_addr = f->eth.dst_addr;
	f->eth.dst_addr = mac;
	addr = f->ip.src_addr;
	f->ip.src_addr = f->ip.dst_addr;
	f->ip.dst_addr = addr;
	if (f->ip.next_proto_id == IPPROTO_ICMP) {
		icmp->icmp_type = RTE_IP_ICMP_ECHO_REPLY;
		return true;
	}
	port = f->l4.src_port;
	f->l4.src_port = f->l4.dst_port;
	f->l4.dst_port = port;
	return true;
}
