// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The parser but for ICMP, which is in parse_icmp.c. Runs on workers: the
// common packet (one segment, no options, no fragment) takes the branches that are laid out first,
// the others end in functions that are not inlined.

#include "dataplane/packet/parse.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/options.h"
#include "dataplane/packet/parse_internal.h"
#include "dataplane/stats/reason.h"

#define UDP_LITE_MIN	 8  // RFC 3828 3.1
#define DCCP_MIN	 12 // RFC 4340 5.1
#define ADDRESS_OCTET(p) (*(const uint8_t *)(p))

// One rotation; rte_be_to_cpu_16() is an exchange of byte registers, three times the work.
static inline uint16_t be16(rte_be16_t value)
{
	return RTE_BYTE_ORDER == RTE_BIG_ENDIAN ? value : __builtin_bswap16(value);
}

// Moves bytes from the front of the following segments to the end of the first one, which has
// room behind its data with every driver that we know. Emptied segments are freed.
__rte_cold enum drop_reason pull_up(struct rte_mbuf *m, uint32_t len, enum drop_reason reason)
{
	uint32_t missing = len - m->data_len;
	uint8_t *to = rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len);

	if (m->pkt_len < len)
		return reason;
	if (len > PULL_UP_MAX || missing > rte_pktmbuf_tailroom(m))
		return DROP_HEADER_SPLIT;
	m->data_len = (uint16_t)len;
	while (missing > 0) {
		struct rte_mbuf *seg = m->next;
		uint16_t n = RTE_MIN((uint32_t)seg->data_len, missing);

		memcpy(to, rte_pktmbuf_mtod(seg, const uint8_t *), n);
		to += n;
		missing -= n;
		seg->data_off += n;
		seg->data_len -= n;
		if (seg->data_len > 0)
			continue;
		m->next = seg->next;
		m->nb_segs--;
		rte_pktmbuf_free_seg(seg);
	}
	return DROP_NONE;
}

// Shortens a chain to `len` bytes; segments behind them are freed.
static __rte_cold __rte_noinline void trim_chain(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *seg = m;
	uint32_t left = len;
	uint16_t nb_segs = 1;

	while (left > seg->data_len) {
		left -= seg->data_len;
		seg = seg->next;
		nb_segs++;
	}
	seg->data_len = (uint16_t)left;
	rte_pktmbuf_free(seg->next);
	seg->next = NULL;
	m->nb_segs = nb_segs;
	m->pkt_len = len;
}

static inline void trim(struct rte_mbuf *m, uint32_t len)
{
	if (unlikely(m->nb_segs > 1)) {
		trim_chain(m, len);
		return;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

// RFC 791 3.1. Source routes are refused (RFC 7126 4.3); other options are the hosts' business.
static enum drop_reason check_options(const uint8_t *opt, unsigned int left)
{
	while (left > 0 && *opt != IP4_OPTION_END) {
		int len = ip4_option_length(opt, left);

		if (len < 0)
			return DROP_IP_OPTIONS;
		if (*opt == IP4_OPTION_LSRR || *opt == IP4_OPTION_SSRR)
			return DROP_IP_SOURCE_ROUTE;
		opt += len;
		left -= (unsigned int)len;
	}
	return DROP_NONE;
}

// A header that is not plainly IPv4 with 20 bytes: whether it is IPv4 with options.
static __rte_cold __rte_noinline enum drop_reason check_long_header(
	struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, bool kernel)
{
	unsigned int words = ip->version_ihl & RTE_IPV4_HDR_IHL_MASK;
	unsigned int options = words * 4 - sizeof(*ip);
	enum drop_reason reason;

	if (ip->version_ihl >> 4 != 4)
		return DROP_IP_VERSION;
	if (words < RTE_IPV4_MIN_IHL)
		return DROP_IP_HEADER_LENGTH;
	reason = contiguous(m, ETHER_LEN + words * 4, DROP_IP_HEADER_LENGTH);
	if (reason != DROP_NONE)
		return reason;
	if (!csum_ip4_ok(ip, words))
		return DROP_IP_CHECKSUM;
	return kernel ? DROP_NONE : check_options((const uint8_t *)(ip + 1), options);
}

// Whether an address, or both together with a group MAC, needs a look by check_addresses().
static inline bool rare_addresses(const struct rte_ipv4_hdr *ip, uint16_t flags)
{
	uint8_t s = ADDRESS_OCTET(&ip->src_addr);
	uint8_t d = ADDRESS_OCTET(&ip->dst_addr);

	return s == 0 || s == 127 || s >= 224 || d == 0 || d == 127 || d >= 240 ||
	       (flags & META_L2_BROADCAST);
}

// RFC 1812 5.3.7 and 5.3.4: addresses that no host may send from or to through a router.
static __rte_cold __rte_noinline enum drop_reason check_addresses(
	const struct rte_ipv4_hdr *ip, uint16_t flags)
{
	uint8_t s = ADDRESS_OCTET(&ip->src_addr);
	uint8_t d = ADDRESS_OCTET(&ip->dst_addr);

	if (s == 0 || s == 127 || s >= 224)
		return DROP_IP_SOURCE;
	if (ip->dst_addr == RTE_BE32(UINT32_MAX))
		return DROP_IP_BROADCAST;
	if (d == 0 || d == 127 || d >= 240)
		return DROP_IP_DESTINATION;
	if ((flags & META_L2_BROADCAST) && !ip4_is_multicast(ip->dst_addr))
		return DROP_IP_BROADCAST;
	return DROP_NONE;
}

// A packet with an offset or more fragments. RFC 791 3.2: all but the last are a multiple of 8
// bytes. RFC 1858 3, RFC 3128: nothing of a TCP header may come in a second fragment.
static __rte_cold __rte_noinline enum drop_reason parse_fragment(
	struct meta *meta, uint16_t field, uint16_t payload)
{
	uint32_t offset = (field & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS;
	bool more = field & RTE_IPV4_HDR_MF_FLAG;

	if (payload == 0 || (more && payload % RTE_IPV4_HDR_OFFSET_UNITS != 0))
		return DROP_FRAGMENT_BAD;
	if (offset + meta->ip_len > UINT16_MAX)
		return DROP_FRAGMENT_BAD;
	if (offset == RTE_IPV4_HDR_OFFSET_UNITS && meta->proto == IPPROTO_TCP)
		return DROP_FRAGMENT_BAD;
	meta->flags |= offset == 0 ? META_FRAG_FIRST : META_FRAG_OTHER;
	return DROP_NONE;
}

// Makes an L4 header contiguous. A first fragment must have all of it (RFC 1858 3).
static inline enum drop_reason need_l4(
	struct rte_mbuf *m, const struct meta *meta, uint16_t payload, uint16_t len)
{
	if (unlikely(payload < len))
		return meta->flags & META_FRAG_FIRST ? DROP_FRAGMENT_BAD : DROP_L4_SHORT;
	return contiguous(m, meta->l4_off + len, DROP_L4_SHORT);
}

static inline enum drop_reason parse_udp(
	struct rte_mbuf *m, struct meta *meta, const struct rte_udp_hdr *udp, uint16_t payload)
{
	enum drop_reason reason = need_l4(m, meta, payload, sizeof(*udp));
	uint16_t len;

	if (unlikely(reason != DROP_NONE))
		return reason;
	len = be16(udp->dgram_len);
	if (unlikely(len < sizeof(*udp) || (len > payload && !(meta->flags & META_FRAG_FIRST))))
		return DROP_L4_LENGTH;
	meta->sport = udp->src_port;
	meta->dport = udp->dst_port;
	return DROP_NONE;
}

static inline enum drop_reason parse_tcp(
	struct rte_mbuf *m, struct meta *meta, const struct rte_tcp_hdr *tcp, uint16_t payload)
{
	enum drop_reason reason = need_l4(m, meta, payload, sizeof(*tcp));
	uint16_t header;

	if (unlikely(reason != DROP_NONE))
		return reason;
	header = (tcp->data_off >> 4) * 4;
	if (unlikely(header < sizeof(*tcp)))
		return DROP_L4_LENGTH;
	if (unlikely(header > payload))
		return meta->flags & META_FRAG_FIRST ? DROP_FRAGMENT_BAD : DROP_L4_LENGTH;
	meta->sport = tcp->src_port;
	meta->dport = tcp->dst_port;
	meta->tcp_flags = tcp->tcp_flags;
	return contiguous(m, meta->l4_off + header, DROP_L4_LENGTH);
}

static __rte_noinline enum drop_reason parse_other_l4(
	struct rte_mbuf *m, struct meta *meta, uint16_t payload)
{
	enum drop_reason reason;

	switch (meta->proto) {
	case IPPROTO_ICMP:
		reason = need_l4(m, meta, payload, sizeof(struct rte_icmp_hdr));
		return reason != DROP_NONE ? reason : parse_icmp(m, meta, payload);
	case IPPROTO_UDPLITE: // translation writes their checksum
		return need_l4(m, meta, payload, UDP_LITE_MIN);
	case IPPROTO_DCCP:
		return need_l4(m, meta, payload, DCCP_MIN);
	default:
		return DROP_NONE;
	}
}

// `partial` is META_CSUM_PARTIAL or 0. Not for later fragments.
static __rte_always_inline enum drop_reason parse_l4(
	struct rte_mbuf *m, struct meta *meta, const void *l4, uint16_t payload, uint16_t partial)
{
	enum drop_reason reason;

	if (meta->proto == IPPROTO_TCP)
		reason = parse_tcp(m, meta, l4, payload);
	else if (meta->proto == IPPROTO_UDP)
		reason = parse_udp(m, meta, l4, payload);
	else
		return parse_other_l4(m, meta, payload);
	meta->flags |= META_HAS_PORTS | partial;
	return reason;
}

static __rte_always_inline enum drop_reason parse_ip4(struct rte_mbuf *m, struct meta *meta,
	const struct rte_ipv4_hdr *ip, uint16_t partial, bool kernel)
{
	const rte_be16_t fragment = RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK);
	enum drop_reason reason = contiguous(m, ETHER_LEN + sizeof(*ip), DROP_IP_SHORT);
	uint16_t header = sizeof(*ip), total;

	if (unlikely(reason != DROP_NONE))
		return reason;
	if (likely(ip->version_ihl == RTE_IPV4_VHL_DEF)) {
		if (unlikely(!csum_ip4_plain_ok(ip)))
			return DROP_IP_CHECKSUM;
	} else {
		reason = check_long_header(m, ip, kernel);
		if (reason != DROP_NONE)
			return reason;
		header = rte_ipv4_hdr_len(ip);
	}
	total = be16(ip->total_length);
	if (unlikely(total < header || total > m->pkt_len - ETHER_LEN))
		return DROP_IP_TOTAL_LENGTH;
	if (total < m->pkt_len - ETHER_LEN)
		trim(m, ETHER_LEN + total);
	if (!kernel && unlikely(rare_addresses(ip, meta->flags))) {
		reason = check_addresses(ip, meta->flags);
		if (reason != DROP_NONE)
			return reason;
	}
	meta->src = ip->src_addr;
	meta->dst = ip->dst_addr;
	meta->proto = ip->next_proto_id;
	meta->ttl = ip->time_to_live;
	meta->l4_off = ETHER_LEN + header;
	meta->ip_len = total;
	meta->flags |= ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG) ? META_DF : 0;
	if (unlikely(ip->fragment_offset & fragment)) {
		partial = 0;
		reason = parse_fragment(meta, be16(ip->fragment_offset), total - header);
		if (reason != DROP_NONE || (meta->flags & META_FRAG_OTHER))
			return reason;
	}
	return parse_l4(m, meta, (const uint8_t *)ip + header, total - header, partial);
}

static __rte_cold enum parse_result drop(struct meta *meta, enum drop_reason reason)
{
	meta->reason = (uint8_t)reason;
	return PARSE_DROP;
}

static __rte_always_inline enum parse_result parse_frame(
	struct rte_mbuf *m, struct meta *meta, const struct rte_ether_addr *own, bool kernel)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const uint64_t l4_csum = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const uint16_t partial = l4_csum == RTE_MBUF_F_RX_L4_CKSUM_NONE ? META_CSUM_PARTIAL : 0;
	enum drop_reason reason;

	// Everything but what the caller has set starts from zero.
	*meta = (struct meta){ .side = meta->side, .in_port = meta->in_port, .l3_off = ETHER_LEN };
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	reason = contiguous(m, ETHER_LEN, DROP_ETH_SHORT);
	if (unlikely(reason != DROP_NONE))
		return drop(meta, reason);
	if (kernel || unlikely(memcmp(&eth->dst_addr, own, sizeof(*own)) != 0)) {
		if (rte_is_multicast_ether_addr(&eth->dst_addr))
			meta->flags = META_L2_BROADCAST;
		else if (!kernel)
			return drop(meta, DROP_ETH_NOT_OURS);
	}
	if (unlikely(eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))) {
		if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
			return PARSE_ARP;
		return drop(meta, DROP_ETH_TYPE);
	}
	reason = parse_ip4(m, meta, (const struct rte_ipv4_hdr *)(eth + 1), partial, kernel);
	return likely(reason == DROP_NONE) ? PARSE_IP4 : drop(meta, reason);
}

enum parse_result packet_parse(
	struct rte_mbuf *m, struct meta *meta, const struct rte_ether_addr *own)
{
	return parse_frame(m, meta, own, false);
}

enum parse_result packet_parse_kernel(struct rte_mbuf *m, struct meta *meta)
{
	return parse_frame(m, meta, NULL, true);
}
