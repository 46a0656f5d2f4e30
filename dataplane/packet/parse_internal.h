// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What parse.c and parse_l4.c share. Not for others.
#pragma once

#include <stdbool.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dataplane/packet/meta.h"
#include "dataplane/stats/reason.h"

#define ETHER_LEN ((uint16_t)sizeof(struct rte_ether_hdr))

// Headers that we may have to look at: Ethernet 14, IPv4 60, ICMP 8, quoted IPv4 60, quoted L4 20.
#define PULL_UP_MAX 162

// What contiguous() does when they are not: pulls them out of the following segments.
enum drop_reason pull_up(struct rte_mbuf *m, uint32_t len, enum drop_reason reason);

// Makes the first `len` bytes contiguous in the first segment; `reason` when the packet does not
// have that many, DROP_HEADER_SPLIT when they cannot be moved there.
static inline enum drop_reason contiguous(struct rte_mbuf *m, uint32_t len, enum drop_reason reason)
{
	return likely(m->data_len >= len) ? DROP_NONE : pull_up(m, len, reason);
}

// Parses ICMP: `payload` bytes behind meta->l4_off, of which the 8 of its header are contiguous.
enum drop_reason parse_icmp(struct rte_mbuf *m, struct meta *meta, uint16_t payload);

// Parses what an ICMP error quotes behind its header, `present` bytes: sets META_ICMP_ERROR and the
// quoted_* fields.
enum drop_reason parse_quote(struct rte_mbuf *m, struct meta *meta, uint16_t present);
