// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The ICMP error about a packet, in the packet's own buffer: the quote stays where it is, the new
// headers go in front of it. Runs on workers.

#include "dataplane/packet/icmp_error.h"

#include <errno.h>

#include <rte_icmp.h>
#include <rte_ip.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/icmp.h"
#include "dataplane/packet/parse_internal.h"
#include "dataplane/packet/rewrite.h"
#include "dataplane/packet/tuple.h"

#define ERROR_LENGTH_MAX 576  // RFC 1812 4.3.2.3: as much as possible up to this
#define ERROR_PRECEDENCE 0xc0 // RFC 1812 4.3.2.5: precedence 6, internetwork control
#define ERROR_TOS_MASK	 0x1c // the same: TOS as the packet's; the last bit is ECN's now (RFC 3168)
#define ERROR_TTL	 64   // RFC 1700
#define ERROR_HEADERS	 ((uint16_t)(sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_icmp_hdr)))

// One host: not "this", loopback, multicast, reserved or broadcast (RFC 1122 3.2.1.3).
static bool is_host(rte_be32_t addr)
{
	uint8_t octet = (uint8_t)(rte_be_to_cpu_32(addr) >> 24);

	return octet != 0 && octet != 127 && octet < 224;
}

// RFC 1122 3.2.2 and RFC 1812 4.3.2.7: packets about which no error is sent.
static bool may_report(const struct meta *meta)
{
	if (meta->flags & (META_FRAG_OTHER | META_L2_BROADCAST | META_ICMP_ERROR))
		return false;
	if (meta->proto == IPPROTO_ICMP && !icmp_may_be_reported(meta->icmp_type))
		return false;
	return is_host(meta->src) && is_host(meta->dst);
}

static void write_headers(struct rte_mbuf *m, const struct meta *meta, uint8_t tos, uint16_t mtu)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = packet_ip4(m, meta);
	struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, meta->l4_off);

	*eth = (struct rte_ether_hdr){ .ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4) };
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = ERROR_PRECEDENCE | (tos & ERROR_TOS_MASK),
		.total_length = rte_cpu_to_be_16(meta->ip_len),
		// Atomic: it needs no id of its own (RFC 6864 4.1).
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = meta->ttl,
		.next_proto_id = meta->proto,
		.src_addr = meta->src,
		.dst_addr = meta->dst,
	};
	ip->hdr_checksum = csum_compute(ip, sizeof(*ip));
	*icmp = (struct rte_icmp_hdr){
		.icmp_type = meta->icmp_type,
		.icmp_code = meta->icmp_code,
		.icmp_seq_nb = rte_cpu_to_be_16(mtu), // RFC 1191 4: low 16 bits of the second word
	};
	icmp->icmp_cksum = csum_compute(icmp, meta->ip_len - sizeof(*ip));
}

// Keeps Ethernet header and `quote` bytes of IP, all in one segment, and makes room in front.
static int make_room(struct rte_mbuf *m, uint16_t quote)
{
	if (rte_pktmbuf_headroom(m) < ERROR_HEADERS)
		return -ENOBUFS;
	rte_pktmbuf_free(m->next);
	m->next = NULL;
	m->nb_segs = 1;
	m->data_off -= ERROR_HEADERS;
	m->data_len = ETHER_LEN + ERROR_HEADERS + quote;
	m->pkt_len = m->data_len;
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	return 0;
}

int packet_make_icmp_error(struct rte_mbuf *m, struct meta *meta, uint8_t type, uint8_t code,
	uint16_t mtu, rte_be32_t from)
{
	uint16_t quote = RTE_MIN(meta->ip_len, ERROR_LENGTH_MAX - ERROR_HEADERS);
	bool has_mtu = type == ICMP_DEST_UNREACHABLE && code == ICMP_CODE_FRAG_NEEDED;
	uint8_t tos = packet_ip4(m, meta)->type_of_service;
	int ret;

	if (!may_report(meta))
		return -EPERM;
	ret = packet_csum_finish(m, meta);
	if (ret < 0)
		return ret;
	quote = RTE_MIN(quote, m->data_len - meta->l3_off);
	ret = make_room(m, quote);
	if (ret < 0)
		return ret;
	*meta = (struct meta){
		.src = from,
		.dst = meta->src,
		.proto = IPPROTO_ICMP,
		.side = meta->side,
		.in_port = meta->in_port,
		.l3_off = ETHER_LEN,
		.l4_off = ETHER_LEN + sizeof(struct rte_ipv4_hdr),
		.ip_len = ERROR_HEADERS + quote,
		.flags = META_GENERATED | META_DF,
		.icmp_type = type,
		.icmp_code = code,
		.ttl = ERROR_TTL,
	};
	write_headers(m, meta, tos, has_mtu ? mtu : 0);
	return parse_quote(m, meta, quote) == DROP_NONE ? 0 : -EINVAL;
}
