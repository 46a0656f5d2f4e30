// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ICMP of the parser, and the packets that ICMP errors quote. Runs on workers.

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/packet/icmp.h"
#include "dataplane/packet/parse.h"
#include "dataplane/packet/parse_internal.h"

// Quoted L4 header that translation may write: TCP without options, its checksum included.
#define QUOTED_L4_USED 20

// Bytes of the quoted packet that are present: what is behind it are extensions (RFC 4884). A total
// length that cannot be true is ignored, old systems quote it in host order.
static uint16_t quoted_length(const struct rte_ipv4_hdr *ip, uint16_t present)
{
	uint16_t total = rte_be_to_cpu_16(ip->total_length);

	return total < rte_ipv4_hdr_len(ip) + ICMP_QUOTED_L4_MIN ? present
								 : RTE_MIN(total, present);
}

// Whether the quoted packet has an L4 header whose ports or checksum we translate.
static bool quoted_l4_known(const struct rte_ipv4_hdr *ip)
{
	if (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK))
		return false;
	switch (ip->next_proto_id) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

// RFC 792: an error quotes the IPv4 header and at least 8 bytes behind it.
enum drop_reason parse_quote(struct rte_mbuf *m, struct meta *meta, uint16_t present)
{
	uint16_t start = meta->l4_off + sizeof(struct rte_icmp_hdr), header;
	const struct rte_ipv4_hdr *ip;
	enum drop_reason reason;

	if (present < sizeof(*ip))
		return DROP_ICMP_INVALID;
	reason = contiguous(m, start + sizeof(*ip), DROP_ICMP_INVALID);
	if (reason != DROP_NONE)
		return reason;
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, start);
	header = rte_ipv4_hdr_len(ip);
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || header > present)
		return DROP_ICMP_INVALID;
	meta->quoted_l3 = start;
	meta->quoted_len = quoted_length(ip, present);
	if (quoted_l4_known(ip)) {
		if (meta->quoted_len < header + ICMP_QUOTED_L4_MIN)
			return DROP_ICMP_INVALID;
		meta->quoted_l4 = start + header;
	}
	meta->flags |= META_ICMP_ERROR;
	return contiguous(
		m, start + RTE_MIN(meta->quoted_len, header + QUOTED_L4_USED), DROP_ICMP_INVALID);
}

enum drop_reason parse_icmp(struct rte_mbuf *m, struct meta *meta, uint16_t payload)
{
	const struct rte_icmp_hdr *icmp =
		rte_pktmbuf_mtod_offset(m, const struct rte_icmp_hdr *, meta->l4_off);

	meta->icmp_type = icmp->icmp_type;
	meta->icmp_code = icmp->icmp_code;
	if (icmp_is_request(icmp->icmp_type)) {
		meta->sport = icmp->icmp_ident;
		meta->flags |= META_HAS_PORTS;
	} else if (icmp_is_reply(icmp->icmp_type)) {
		meta->dport = icmp->icmp_ident;
		meta->flags |= META_HAS_PORTS;
	} else if (icmp_quotes(icmp->icmp_type)) {
		return parse_quote(m, meta, payload - sizeof(*icmp));
	}
	return DROP_NONE;
}

bool packet_quoted_tuple(
	const struct rte_mbuf *m, const struct meta *meta, struct tuple *out, uint16_t *flags)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, meta->quoted_l3);
	const struct rte_icmp_hdr *icmp =
		rte_pktmbuf_mtod_offset(m, const struct rte_icmp_hdr *, meta->quoted_l4);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)icmp;
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);

	*out = (struct tuple){
		.src = ip->src_addr, .dst = ip->dst_addr, .proto = ip->next_proto_id
	};
	*flags = field & RTE_IPV4_HDR_DF_FLAG ? META_DF : 0;
	if (field & RTE_IPV4_HDR_OFFSET_MASK)
		*flags |= META_FRAG_OTHER;
	else if (field & RTE_IPV4_HDR_MF_FLAG)
		*flags |= META_FRAG_FIRST;
	if (meta->quoted_l4 == 0)
		return false;
	if (out->proto == IPPROTO_TCP || out->proto == IPPROTO_UDP) {
		out->sport = udp->src_port;
		out->dport = udp->dst_port;
	} else if (out->proto == IPPROTO_ICMP && icmp_is_request(icmp->icmp_type)) {
		out->sport = icmp->icmp_ident;
	} else if (out->proto == IPPROTO_ICMP && icmp_is_reply(icmp->icmp_type)) {
		out->dport = icmp->icmp_ident;
	} else {
		return false;
	}
	*flags |= META_HAS_PORTS;
	return true;
}
