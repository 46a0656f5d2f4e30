// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Translation of packets and of the packets that ICMP errors quote: both go through the same two
// functions for addresses and L4. Runs on workers.

#include "dataplane/packet/translate.h"

#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/icmp.h"
#include "dataplane/packet/rewrite.h"

// Offsets of checksums from the start of the L4 header, bytes.
#define TCP_CSUM  16
#define UDP_CSUM  6 // UDP-Lite (RFC 3828 3.1) and DCCP (RFC 4340 5.1) have theirs there too
#define ICMP_CSUM 2
#define ICMP_ID	  4

// L4 bytes that translation may use; the parser has them in the first segment when they exist.
#define L4_USED 20

// An L4 header to translate: of the packet itself, or a quoted one that may be cut off.
struct l4 {
	uint8_t *data;
	uint16_t len; // bytes present
	uint8_t proto;
};

static inline uint16_t load16(const uint8_t *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

// Replaces a word and returns the difference.
static inline uint64_t replace16(uint8_t *p, uint16_t value)
{
	uint64_t diff = csum_diff16(load16(p), value);

	memcpy(p, &value, sizeof(value));
	return diff;
}

// Replaces both ports and returns the difference.
static inline uint64_t replace_ports(uint8_t *p, rte_be16_t sport, rte_be16_t dport)
{
	return replace16(p, sport) + replace16(p + 2, dport);
}

// Addresses and header checksum. Returns the difference of the addresses, which is that of every
// pseudo-header; `*total` gets the difference of the whole header.
static inline uint64_t translate_ip4(
	struct rte_ipv4_hdr *ip, rte_be32_t src, rte_be32_t dst, uint64_t *total)
{
	uint64_t diff = csum_diff32(ip->src_addr, src) + csum_diff32(ip->dst_addr, dst);
	uint16_t csum = csum_update(ip->hdr_checksum, diff);

	*total = diff + csum_diff16(ip->hdr_checksum, csum);
	ip->hdr_checksum = csum;
	ip->src_addr = src;
	ip->dst_addr = dst;
	return diff;
}

// Applies to the checksum at `off` what changed in the pseudo-header and in L4, if it is present.
static inline uint64_t translate_csum(
	const struct l4 *l4, uint16_t off, uint64_t pseudo, uint64_t changed)
{
	uint16_t csum;

	if (unlikely(l4->len < off + sizeof(csum)))
		return 0;
	csum = load16(l4->data + off);
	csum = csum_update(csum, pseudo + changed);
	return replace16(l4->data + off, l4->proto == IPPROTO_UDP || l4->proto == IPPROTO_UDPLITE
						 ? csum_nonzero(csum)
						 : csum);
}

static inline uint64_t translate_icmp(const struct l4 *l4, const struct tuple *to)
{
	uint64_t changed;

	if (icmp_is_request(l4->data[0]))
		changed = replace16(l4->data + ICMP_ID, to->sport);
	else if (icmp_is_reply(l4->data[0]))
		changed = replace16(l4->data + ICMP_ID, to->dport);
	else
		return 0;
	return changed + translate_csum(l4, ICMP_CSUM, 0, changed);
}

// Ports or query id, and checksum. Returns the difference of all the L4 words that changed.
static __rte_always_inline uint64_t translate_l4(
	const struct l4 *l4, const struct tuple *to, uint64_t pseudo)
{
	uint64_t changed;

	switch (l4->proto) {
	case IPPROTO_TCP:
		changed = replace_ports(l4->data, to->sport, to->dport);
		return changed + translate_csum(l4, TCP_CSUM, pseudo, changed);
	case IPPROTO_UDP:
		changed = replace_ports(l4->data, to->sport, to->dport);
		if (load16(l4->data + UDP_CSUM) == 0) // none: RFC 768
			return changed;
		return changed + translate_csum(l4, UDP_CSUM, pseudo, changed);
	case IPPROTO_ICMP:
		return translate_icmp(l4, to);
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return translate_csum(l4, UDP_CSUM, pseudo, 0);
	default:
		return 0;
	}
}

static inline void translate_meta(struct meta *meta, const struct tuple *to)
{
	meta->src = to->src;
	meta->dst = to->dst;
	if (!(meta->flags & META_HAS_PORTS))
		return;
	if (meta->proto != IPPROTO_ICMP || icmp_is_request(meta->icmp_type))
		meta->sport = to->sport;
	if (meta->proto != IPPROTO_ICMP || icmp_is_reply(meta->icmp_type))
		meta->dport = to->dport;
}

static __rte_noinline void translate_any(
	struct rte_mbuf *m, struct meta *meta, const struct tuple *to)
{
	const struct l4 l4 = {
		.data = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off),
		.len = L4_USED,
		.proto = meta->proto,
	};
	uint64_t total;
	uint64_t pseudo = translate_ip4(packet_ip4(m, meta), to->src, to->dst, &total);

	if (likely(!(meta->flags & META_FRAG_OTHER)))
		translate_l4(&l4, to, pseudo);
	translate_meta(meta, to);
}

static inline uint32_t load32(const void *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

// TCP and UDP with their ports, nearly every packet: the same in fewer steps. A difference may be
// taken over words of any size.
static void translate_plain(struct rte_mbuf *m, struct meta *meta, const struct tuple *to)
{
	const rte_be16_t ports[2] = { to->sport, to->dport };
	uint64_t diff = csum_diff32(meta->src, to->src) + csum_diff32(meta->dst, to->dst);
	const struct translation t = {
		.addresses = to->src | (uint64_t)to->dst << 32,
		.ports = load32(ports),
		.diff_addresses = csum_fold(diff),
		.diff_all = csum_fold(diff + csum_diff32(load32(&meta->sport), load32(ports))),
	};

	packet_translate_words(m, meta, &t, 0);
	meta->src = to->src;
	meta->dst = to->dst;
	meta->sport = to->sport;
	meta->dport = to->dport;
}

void packet_translate(struct rte_mbuf *m, struct meta *meta, const struct tuple *to)
{
	if (likely(packet_is_plain(meta)))
		translate_plain(m, meta, to);
	else
		translate_any(m, meta, to);
}

int packet_translate_error(struct rte_mbuf *m, struct meta *meta, const struct tuple *quoted_to,
	rte_be32_t src, rte_be32_t dst)
{
	struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, meta->l4_off);
	struct rte_ipv4_hdr *quoted =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, meta->quoted_l3);
	uint64_t diff, pseudo, outer;
	uint16_t header, sum;

	if (!(meta->flags & META_ICMP_ERROR))
		return -EINVAL;
	if (meta->quoted_len < sizeof(*quoted) || meta->quoted_l3 + sizeof(*quoted) > m->data_len)
		return -EMSGSIZE;
	header = rte_ipv4_hdr_len(quoted);
	if (meta->quoted_l3 + RTE_MIN(meta->quoted_len, header + L4_USED) > m->data_len)
		return -EMSGSIZE;
	if (meta->quoted_l4 != 0 && meta->quoted_len < header + ICMP_QUOTED_L4_MIN)
		return -EMSGSIZE;
	if (!(meta->flags & META_FRAG_FIRST) &&
		(csum_mbuf(m, meta->l4_off, meta->ip_len - (meta->l4_off - meta->l3_off), &sum) <
				0 ||
			sum != 0xffff))
		return -EBADMSG;

	pseudo = translate_ip4(quoted, quoted_to->src, quoted_to->dst, &diff);
	if (meta->quoted_l4 != 0) {
		const struct l4 l4 = {
			.data = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->quoted_l4),
			.len = meta->quoted_len - header,
			.proto = quoted->next_proto_id,
		};
		diff += translate_l4(&l4, quoted_to, pseudo);
	}
	icmp->icmp_cksum = csum_update(icmp->icmp_cksum, diff);
	translate_ip4(packet_ip4(m, meta), src, dst, &outer);
	meta->src = src;
	meta->dst = dst;
	return 0;
}
