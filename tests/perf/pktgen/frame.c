// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Building, recognizing and checking packets. Checksums: sums of memory words in network order
// (RFC 1071) of what is constant are in the template, the rest is added per packet.
#include "tests/perf/pktgen/frame.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define TTL 64

struct headers {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	union {
		struct rte_udp_hdr udp;
		struct rte_tcp_hdr tcp;
		struct rte_icmp_hdr icmp;
	};
} __attribute__((packed, aligned(2)));

// As they are in memory; TCP has seq and stamp in its header.
struct payload {
	uint32_t flow, seq, stamp;
	uint8_t magic, set;
} __attribute__((packed));

struct payload_tcp {
	uint32_t flow;
	uint8_t magic, set;
} __attribute__((packed));

#define IP_AT sizeof(struct rte_ether_hdr)
#define L4_AT (IP_AT + sizeof(struct rte_ipv4_hdr))

// One's complement sum of words, which may be 32 bits wide; below 2^48 as they are few.
static uint16_t fold(uint64_t sum)
{
	uint32_t s = (uint32_t)((sum & UINT16_MAX) + (sum >> 16 & UINT16_MAX) + (sum >> 32));

	s = (s & UINT16_MAX) + (s >> 16);
	return (uint16_t)(s + (s >> 16));
}

static uint64_t sum_words(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i += 2) {
		uint16_t word;
		memcpy(&word, data + i, sizeof(word));
		sum += word;
	}
	return sum;
}

void frame_template_init(struct frame_template *t, uint8_t proto, bool reverse,
	const struct rte_ether_addr *src, const struct rte_ether_addr *dst)
{
	struct headers *h = (struct headers *)t->bytes;

	*t = (struct frame_template){ .proto = proto };
	h->eth.src_addr = *src;
	h->eth.dst_addr = *dst;
	h->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	h->ip.version_ihl = RTE_IPV4_VHL_DEF;
	h->ip.fragment_offset =
		RTE_BE16(RTE_IPV4_HDR_DF_FLAG); // atomic: needs no id (RFC 6864 4.1)
	h->ip.time_to_live = TTL;
	h->ip.next_proto_id = proto;
	t->ip_sum = sum_words(t->bytes + IP_AT, sizeof(h->ip));
	if (proto == IPPROTO_TCP) {
		h->tcp.data_off = sizeof(h->tcp) / 4 << 4;
		h->tcp.rx_win = RTE_BE16(UINT16_MAX);
		t->l4_sum = h->tcp.rx_win;
	} else if (proto == IPPROTO_ICMP) {
		h->icmp.icmp_type = reverse ? RTE_IP_ICMP_ECHO_REPLY : RTE_IP_ICMP_ECHO_REQUEST;
		t->l4_sum = h->icmp.icmp_type; // the first byte of its word
	}
	if (proto != IPPROTO_ICMP)
		t->l4_sum += rte_cpu_to_be_16(proto); // of the pseudo-header
}

// Returns the sum of the tag's bytes. Each field is written where it belongs: a copy of the whole
// would wait for its parts.
static uint64_t put_payload(void *at, const struct tag *tag)
{
	struct payload *p = at;

	p->flow = rte_cpu_to_be_32(tag->flow);
	p->seq = rte_cpu_to_be_32(tag->seq);
	p->stamp = rte_cpu_to_be_32(tag->stamp);
	p->magic = FRAME_MAGIC;
	p->set = tag->set;
	return (uint64_t)rte_cpu_to_be_32(tag->flow) + rte_cpu_to_be_32(tag->seq) +
	       rte_cpu_to_be_32(tag->stamp) + (FRAME_MAGIC | (uint32_t)tag->set << 8);
}

static void put_tcp(struct headers *h, uint64_t sum, const struct tuple *tuple,
	const struct tag *tag, uint8_t flags)
{
	struct payload_tcp *p = (struct payload_tcp *)(&h->tcp + 1);

	h->tcp.src_port = tuple->sport;
	h->tcp.dst_port = tuple->dport;
	h->tcp.sent_seq = rte_cpu_to_be_32(tag->seq);
	h->tcp.recv_ack = rte_cpu_to_be_32(tag->stamp);
	h->tcp.tcp_flags = flags;
	p->flow = rte_cpu_to_be_32(tag->flow);
	p->magic = FRAME_MAGIC;
	p->set = tag->set;
	sum += (uint64_t)h->tcp.data_off + ((uint32_t)flags << 8);
	sum += (uint64_t)p->flow + (FRAME_MAGIC | (uint32_t)tag->set << 8) + h->tcp.sent_seq +
	       h->tcp.recv_ack;
	h->tcp.cksum = (uint16_t)~fold(sum);
}

static void put_udp(struct headers *h, uint64_t sum, const struct tuple *tuple,
	const struct tag *tag, uint16_t len)
{
	uint16_t csum;

	h->udp.src_port = tuple->sport;
	h->udp.dst_port = tuple->dport;
	h->udp.dgram_len = len;
	sum += len + put_payload(&h->udp + 1, tag);
	csum = (uint16_t)~fold(sum);
	h->udp.dgram_cksum = csum != 0 ? csum : UINT16_MAX; // 0 means none (RFC 768)
}

static void put_icmp(
	struct headers *h, uint64_t sum, const struct tuple *tuple, const struct tag *tag)
{
	// Backwards the id is where it was: its port of the other side is the destination.
	uint16_t id = tag->flow & TAG_REVERSE ? tuple->dport : tuple->sport;

	h->icmp.icmp_ident = id;
	sum += id + put_payload(&h->icmp + 1, tag);
	h->icmp.icmp_cksum = (uint16_t)~fold(sum);
}

void frame_build(uint8_t *data, uint16_t len, const struct frame_template *t,
	const struct tuple *tuple, const struct tag *tag, uint8_t flags)
{
	struct headers *h = (struct headers *)data;
	uint16_t l4_len = rte_cpu_to_be_16(len - L4_AT);
	uint64_t addresses = (uint64_t)tuple->src + tuple->dst;
	uint64_t sum = t->l4_sum + addresses + tuple->sport + tuple->dport + l4_len;

	memcpy(data, t->bytes, FRAME_HEAD);
	h->ip.total_length = rte_cpu_to_be_16(len - IP_AT);
	h->ip.src_addr = tuple->src;
	h->ip.dst_addr = tuple->dst;
	h->ip.hdr_checksum = (uint16_t)~fold(t->ip_sum + addresses + h->ip.total_length);
	if (t->proto == IPPROTO_UDP)
		put_udp(h, sum, tuple, tag, l4_len);
	else if (t->proto == IPPROTO_TCP)
		put_tcp(h, sum, tuple, tag, flags);
	else
		put_icmp(h, t->l4_sum, tuple, tag); // no pseudo-header
}

static bool take_payload(const uint8_t *at, struct tag *tag)
{
	struct payload p;

	memcpy(&p, at, sizeof(p));
	*tag = (struct tag){ rte_be_to_cpu_32(p.flow), rte_be_to_cpu_32(p.seq),
		rte_be_to_cpu_32(p.stamp), p.set };
	return p.magic == FRAME_MAGIC;
}

static bool take_tcp(const struct headers *h, struct seen *seen)
{
	struct payload_tcp p;

	memcpy(&p, &h->tcp + 1, sizeof(p));
	seen->tuple.sport = h->tcp.src_port;
	seen->tuple.dport = h->tcp.dst_port;
	seen->flags = h->tcp.tcp_flags;
	seen->tag = (struct tag){ rte_be_to_cpu_32(p.flow), rte_be_to_cpu_32(h->tcp.sent_seq),
		rte_be_to_cpu_32(h->tcp.recv_ack), p.set };
	return h->tcp.data_off == sizeof(h->tcp) / 4 << 4 && p.magic == FRAME_MAGIC;
}

static bool take_icmp(const struct headers *h, struct seen *seen)
{
	seen->type = h->icmp.icmp_type;
	if (seen->type == RTE_IP_ICMP_ECHO_REQUEST)
		seen->tuple.sport = h->icmp.icmp_ident;
	else if (seen->type == RTE_IP_ICMP_ECHO_REPLY)
		seen->tuple.dport = h->icmp.icmp_ident;
	else
		return false;
	return take_payload((const uint8_t *)(&h->icmp + 1), &seen->tag);
}

bool frame_parse(const uint8_t *data, uint16_t len, struct seen *seen)
{
	const struct headers *h = (const struct headers *)data;

	if (len < FRAME_MIN || h->eth.ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		h->ip.version_ihl != RTE_IPV4_VHL_DEF ||
		(h->ip.fragment_offset &
			RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) ||
		rte_be_to_cpu_16(h->ip.total_length) < FRAME_MIN - IP_AT ||
		rte_be_to_cpu_16(h->ip.total_length) > len - IP_AT)
		return false;
	seen->tuple = (struct tuple){ h->ip.src_addr, h->ip.dst_addr, 0, 0 };
	seen->proto = h->ip.next_proto_id;
	seen->flags = 0;
	switch (seen->proto) {
	case IPPROTO_UDP:
		seen->tuple.sport = h->udp.src_port;
		seen->tuple.dport = h->udp.dst_port;
		return take_payload((const uint8_t *)(&h->udp + 1), &seen->tag);
	case IPPROTO_TCP:
		return take_tcp(h, seen);
	case IPPROTO_ICMP:
		return take_icmp(h, seen);
	default:
		return false;
	}
}

bool frame_checksums_ok(const uint8_t *data, uint16_t len)
{
	const struct headers *h = (const struct headers *)data;
	uint16_t l4_len = rte_be_to_cpu_16(h->ip.total_length) - sizeof(h->ip);
	uint32_t sum = rte_raw_cksum(data + L4_AT, l4_len);

	if (rte_raw_cksum(&h->ip, sizeof(h->ip)) != UINT16_MAX)
		return false;
	if (h->ip.next_proto_id == IPPROTO_UDP && h->udp.dgram_cksum == 0)
		return true; // RFC 768: the sender made none
	if (h->ip.next_proto_id != IPPROTO_ICMP)
		sum += (uint32_t)fold((uint64_t)h->ip.src_addr + h->ip.dst_addr) +
		       rte_cpu_to_be_16(l4_len) + rte_cpu_to_be_16(h->ip.next_proto_id);
	return fold(sum) == UINT16_MAX;
}
