// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The parser's short cut for what nearly every packet is: TCP or UDP over IPv4 without options, no
// fragment, in one segment, from a unicast address to a unicast address. It decides nothing: what
// it does not take goes through packet_parse(), which alone says what is wrong, and would write the
// same metadata. Part of the parser; parse.c describes what is checked.
#pragma once

#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/meta.h"

// Offsets from the start of the frame, bytes.
#define PLAIN_TYPE	12 // EtherType, IP version and header length, type of service
#define PLAIN_IP	14
#define PLAIN_TOTAL	16
#define PLAIN_FRAGMENT	20
#define PLAIN_TTL	22
#define PLAIN_PROTO	23
#define PLAIN_SRC	26
#define PLAIN_DST	30
#define PLAIN_L4	34
#define PLAIN_TCP_FLAGS 47
#define PLAIN_MIN	54 // with a TCP header

static inline uint16_t plain_be16(const uint8_t *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return RTE_BYTE_ORDER == RTE_BIG_ENDIAN ? value : __builtin_bswap16(value);
}

static inline uint32_t plain_word(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

// A MAC address as a number; two bytes behind it are read, too.
static inline uint64_t plain_own(const void *mac)
{
	uint64_t value;

	memcpy(&value, mac, sizeof(value));
	return value << 16;
}

// Where a packet came in, as the word of metadata that begins with the protocol.
static inline uint32_t plain_arrival(uint8_t side, uint16_t in_port)
{
	return (uint32_t)side << 8 | (uint32_t)in_port << 16;
}

// RFC 1812 5.3.7: 0/8, 127/8 and what is not unicast are looked at by packet_parse().
static inline bool plain_unicast(uint8_t octet)
{
	return (uint8_t)(octet - 1) < 223 && octet != 127;
}

// Whether the lengths in the L4 header fit a `payload` of at least 20 bytes.
static __rte_always_inline bool plain_l4(const uint8_t *l4, uint8_t proto, uint32_t payload)
{
	if (likely(proto == IPPROTO_UDP))
		return plain_be16(l4 + 4) - 8u <= payload - 8;
	if (likely(proto == IPPROTO_TCP))
		return (l4[12] >> 4) * 4 - 20u <= payload - 20;
	return false;
}

// All metadata, in words: addresses and ports lie side by side in the packet, too.
static __rte_always_inline void plain_write(
	struct meta *meta, const uint8_t *p, uint32_t arrival, uint16_t total, uint16_t flags)
{
	uint8_t tcp_flags = p[PLAIN_PROTO] == IPPROTO_TCP ? p[PLAIN_TCP_FLAGS] : 0;
	uint32_t came = arrival | p[PLAIN_PROTO];
	uint64_t layout = PLAIN_IP | PLAIN_L4 << 16 | (uint64_t)total << 32 | (uint64_t)flags << 48;
	uint64_t l4 = tcp_flags | (uint32_t)p[PLAIN_TTL] << 24;
	uint8_t *to = (uint8_t *)meta;

	static_assert(
		RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN && offsetof(struct meta, dport) == 10 &&
			offsetof(struct meta, proto) == 12 && offsetof(struct meta, side) == 13 &&
			offsetof(struct meta, in_port) == 14 &&
			offsetof(struct meta, l3_off) == 16 &&
			offsetof(struct meta, l4_off) == 18 &&
			offsetof(struct meta, ip_len) == 20 && offsetof(struct meta, flags) == 22 &&
			offsetof(struct meta, tcp_flags) == 24 &&
			offsetof(struct meta, ttl) == 27 && sizeof(*meta) == 64,
		"written as words");
	memcpy(to, p + PLAIN_SRC, 12);
	memcpy(to + 12, &came, 4);
	memcpy(to + 16, &layout, 8);
	memcpy(to + 24, &l4, 8);
	memset(to + 32, 0, 32);
}

// Receive flags of the driver, which end here: what they say about the checksum.
static __rte_cold uint16_t plain_rx_flags(struct rte_mbuf *m)
{
	uint64_t csum = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	return csum == RTE_MBUF_F_RX_L4_CKSUM_NONE ? META_CSUM_PARTIAL : 0;
}

// True: as packet_parse() with PARSE_IP4. False: nothing is changed, packet_parse() has to look.
// `own`: the MAC address of the port in the lower bytes, see plain_own(). `arrival`: see
// plain_arrival().
static __rte_always_inline bool packet_parse_plain(
	struct rte_mbuf *m, struct meta *meta, uint64_t own, uint32_t arrival)
{
	const uint32_t type = RTE_BE32((uint32_t)RTE_ETHER_TYPE_IPV4 << 16 | RTE_IPV4_VHL_DEF << 8);
	const uint16_t fragment = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t total, field, flags;

	if (unlikely(m->data_len < PLAIN_MIN || m->nb_segs != 1 || plain_own(p) != own ||
		     (plain_word(p + PLAIN_TYPE) & RTE_BE32(0xffffff00)) != type))
		return false;
	total = plain_be16(p + PLAIN_TOTAL);
	field = plain_be16(p + PLAIN_FRAGMENT);
	if (unlikely((field & fragment) || !plain_unicast(p[PLAIN_SRC]) ||
		     !plain_unicast(p[PLAIN_DST]) || !csum_ip4_plain_ok(p + PLAIN_IP)))
		return false;
	if (unlikely(total > m->data_len - PLAIN_IP || total < PLAIN_MIN - PLAIN_IP ||
		     !plain_l4(p + PLAIN_L4, p[PLAIN_PROTO], total - (PLAIN_L4 - PLAIN_IP))))
		return false;
	if (unlikely(total < m->data_len - PLAIN_IP)) { // the frame is padded
		m->data_len = total + PLAIN_IP;
		m->pkt_len = m->data_len;
	}
	static_assert(RTE_IPV4_HDR_DF_FLAG >> 10 == META_DF, "shifted into place");
	flags = META_HAS_PORTS | (field >> 10 & META_DF);
	if (unlikely(m->ol_flags != 0))
		flags |= plain_rx_flags(m);
	plain_write(meta, p, arrival, total, flags);
	return true;
}
