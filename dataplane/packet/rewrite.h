// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a router changes in every packet it forwards: time to live and Ethernet header.
#pragma once

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/meta.h"

static inline struct rte_ipv4_hdr *packet_ip4(struct rte_mbuf *m, const struct meta *meta)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, meta->l3_off);
}

// What one hop changes in the header's sum: the first byte of a 16-bit word.
#define HOP_DIFF csum_diff16(RTE_BE16(0x0100), 0)

// One hop less. The caller has seen that meta->ttl is above 1 (RFC 1812 5.3.1).
static inline void packet_decrement_ttl(struct rte_mbuf *m, struct meta *meta)
{
	struct rte_ipv4_hdr *ip = packet_ip4(m, meta);

	ip->hdr_checksum = csum_update(ip->hdr_checksum, HOP_DIFF);
	ip->time_to_live--;
	meta->ttl--;
}

// Writes the 14 bytes in front of the IP header. `eth` is 8-byte aligned, and its first 8 bytes may
// be stored as one word by another thread meanwhile (a neighbour's new address).
static inline void packet_set_ethernet(struct rte_mbuf *m, const struct rte_ether_hdr *eth)
{
	typedef uint64_t __attribute__((may_alias)) word;
	uint8_t *to = rte_pktmbuf_mtod(m, uint8_t *);
	const uint8_t *from = (const uint8_t *)eth;
	uint64_t head = __atomic_load_n((const word *)(const void *)eth, __ATOMIC_RELAXED);

	memcpy(to, &head, 8);
	memcpy(to + 8, from + 8, 4);
	memcpy(to + 12, from + 12, 2);
}
