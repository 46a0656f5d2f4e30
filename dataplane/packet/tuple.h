// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The IPv4 tuple of a packet in one direction, and what metadata says about addresses. ICMP
// queries keep their identifier where metadata does: request in sport, reply in dport.
#pragma once

#include <stdbool.h>

#include "dataplane/packet/meta.h"

struct tuple {
	rte_be32_t src;
	rte_be32_t dst;
	rte_be16_t sport;
	rte_be16_t dport;
	uint8_t proto; // IP protocol number
};

static inline struct tuple meta_tuple(const struct meta *meta)
{
	return (struct tuple){ meta->src, meta->dst, meta->sport, meta->dport, meta->proto };
}

// 224.0.0.0/4
static inline bool ip4_is_multicast(rte_be32_t addr)
{
	return (addr & RTE_BE32(0xf0000000)) == RTE_BE32(0xe0000000);
}

static inline bool packet_is_multicast(const struct meta *meta)
{
	return ip4_is_multicast(meta->dst);
}
