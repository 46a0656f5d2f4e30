// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Fragmentation by copy: fragments are of one segment each when they fit a buffer, so that every
// port takes them, and hold no reference to the original. Runs on workers.

#include "dataplane/packet/fragment.h"

#include <errno.h>
#include <string.h>

#include <rte_ip.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/options.h"
#include "dataplane/packet/parse_internal.h"

#define MTU_MIN 68 // RFC 791 3.2

// Ethernet and IPv4 header of fragments, from the packet or with only its copied options.
struct header {
	uint8_t bytes[sizeof(struct rte_ether_hdr) + 60];
	uint16_t ip_len; // bytes of the IPv4 header
};

// RFC 791 3.1: options with the copied flag go into every fragment, the others into the first.
static void header_of_rest(struct header *to, const struct header *from)
{
	const uint8_t *opt = from->bytes + ETHER_LEN + sizeof(struct rte_ipv4_hdr);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(to->bytes + ETHER_LEN);
	unsigned int left = from->ip_len - sizeof(*ip);
	uint8_t *out = (uint8_t *)(ip + 1);

	memset(to, 0, sizeof(*to));
	memcpy(to->bytes, from->bytes, ETHER_LEN + sizeof(*ip));
	while (left > 0 && *opt != IP4_OPTION_END) {
		int len = ip4_option_length(opt, left);

		if (len < 0)
			break;
		if (*opt & IP4_OPTION_COPIED_FLAG) {
			memcpy(out, opt, (size_t)len);
			out += len;
		}
		opt += len;
		left -= (unsigned int)len;
	}
	to->ip_len = RTE_ALIGN_CEIL((uint16_t)(out - to->bytes - ETHER_LEN), 4);
	ip->version_ihl = RTE_IPV4_VHL_DEF - RTE_IPV4_MIN_IHL + to->ip_len / 4;
}

// Metadata of a fragment: of the packet, but for what is true of the whole packet only.
static void fragment_meta(struct meta *to, const struct meta *whole, uint16_t header,
	uint16_t payload, uint16_t field)
{
	*to = *whole;
	to->l4_off = whole->l3_off + header;
	to->ip_len = header + payload;
	to->flags &= ~(META_FRAG_FIRST | META_FRAG_OTHER | META_ICMP_ERROR);
	to->quoted_l3 = 0;
	to->quoted_l4 = 0;
	to->quoted_len = 0;
	if (!(field & RTE_IPV4_HDR_OFFSET_MASK)) {
		to->flags |= META_FRAG_FIRST;
		return;
	}
	to->flags |= META_FRAG_OTHER;
	to->flags &= ~META_HAS_PORTS;
	to->sport = 0;
	to->dport = 0;
	to->tcp_flags = 0;
	to->icmp_type = 0;
	to->icmp_code = 0;
}

// One fragment: `len` bytes of payload from `off`, behind `h`, with `field` as its flags and
// offset.
static struct rte_mbuf *make_fragment(const struct rte_mbuf *m, const struct meta *meta,
	const struct header *h, uint16_t off, uint16_t len, uint16_t field,
	struct rte_mempool *pool)
{
	struct rte_mbuf *frag = rte_pktmbuf_copy(m, pool, meta->l4_off + off, len);
	struct rte_ipv4_hdr *ip;
	char *start;

	if (frag == NULL)
		return NULL;
	start = rte_pktmbuf_prepend(frag, ETHER_LEN + h->ip_len);
	if (start == NULL) {
		rte_pktmbuf_free(frag);
		return NULL;
	}
	memcpy(start, h->bytes, ETHER_LEN + h->ip_len);
	ip = (struct rte_ipv4_hdr *)(start + ETHER_LEN);
	ip->total_length = rte_cpu_to_be_16(h->ip_len + len);
	ip->fragment_offset = rte_cpu_to_be_16(field);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = csum_compute(ip, h->ip_len);
	fragment_meta(mbuf_meta(frag), meta, h->ip_len, len, field);
	return frag;
}

static int cut(const struct rte_mbuf *m, const struct meta *meta, uint16_t mtu,
	struct rte_mempool *pool, struct rte_mbuf **out, uint16_t max)
{
	struct header first = { .ip_len = meta->l4_off - meta->l3_off }, rest;
	const uint16_t payload = meta->ip_len - first.ip_len;
	const struct rte_ipv4_hdr *ip;
	struct rte_mbuf *frag;
	uint16_t field, n = 0;

	memcpy(first.bytes, rte_pktmbuf_mtod(m, const uint8_t *), ETHER_LEN + first.ip_len);
	header_of_rest(&rest, &first);
	ip = (const struct rte_ipv4_hdr *)(first.bytes + ETHER_LEN);
	field = rte_be_to_cpu_16(ip->fragment_offset);
	for (uint16_t off = 0, len; off < payload; off += len) {
		const struct header *h = off == 0 ? &first : &rest;
		uint16_t room = mtu - h->ip_len, here = field + off / RTE_IPV4_HDR_OFFSET_UNITS;

		len = payload - off;
		if (len > room) {
			len = RTE_ALIGN_FLOOR(room, RTE_IPV4_HDR_OFFSET_UNITS);
			here |= RTE_IPV4_HDR_MF_FLAG;
		}
		frag = n < max ? make_fragment(m, meta, h, off, len, here, pool) : NULL;
		if (frag == NULL) {
			rte_pktmbuf_free_bulk(out, n);
			return n < max ? -ENOMEM : -ENOBUFS;
		}
		out[n++] = frag;
	}
	return n;
}

int packet_fragment(struct rte_mbuf *m, uint16_t mtu, struct rte_mempool *pool,
	struct rte_mbuf **out, uint16_t max)
{
	struct meta *meta = mbuf_meta(m);
	int ret;

	if (meta->flags & META_DF)
		return -ENOTSUP;
	if (mtu < MTU_MIN || meta->ip_len <= mtu)
		return -EINVAL;
	ret = packet_csum_finish(m, meta);
	return ret < 0 ? ret : cut(m, meta, mtu, pool, out, max);
}
