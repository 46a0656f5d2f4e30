// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which flow a raw frame belongs to, to spread frames over receive queues as RSS does in hardware.
// Runs before the parser and trusts nothing.
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

// The same for both directions of a flow, and for all fragments of a datagram; 0 for what is
// neither TCP nor UDP over IPv4.
static inline uint32_t flow_hash(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
	const rte_be16_t fragment = RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK);
	uint32_t l4 = sizeof(*eth);
	uint16_t ports[2];
	uint32_t hash;

	if (m->data_len < sizeof(*eth) + sizeof(*ip) ||
		eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		(ip->next_proto_id != IPPROTO_TCP && ip->next_proto_id != IPPROTO_UDP))
		return 0;
	l4 += rte_ipv4_hdr_len(ip);
	hash = ip->src_addr ^ ip->dst_addr;
	if ((ip->fragment_offset & fragment) == 0 && m->data_len >= l4 + sizeof(ports)) {
		memcpy(ports, rte_pktmbuf_mtod_offset(m, const void *, l4), sizeof(ports));
		hash ^= (uint32_t)(ports[0] ^ ports[1]);
	}
	// Fibonacci hashing: neighbouring addresses differ in the upper bits of the product.
	return (hash * 0x9e3779b1u) >> 16;
}
