// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What may happen to a packet that is to be sent along an adjacency, asked before any translation,
// so that an ICMP error quotes the packet as its sender knows it. Used by the lookup node and by
// every service that changes a destination.
#pragma once

#include <netinet/ip_icmp.h>

#include "dataplane/fib/adj.h"
#include "dataplane/packet/meta.h"
#include "dataplane/stats/reason.h"

enum forward_verdict {
	FORWARD_SEND,  // go on
	FORWARD_ERROR, // drop with meta->reason, and tell the sender: the ICMP error node
	FORWARD_DROP,  // drop with meta->reason, silently
};

// The packet is dropped for `reason` and an ICMP error of this type and code is due.
static inline enum forward_verdict forward_error(
	struct meta *meta, enum drop_reason reason, uint8_t type, uint8_t code)
{
	meta->reason = reason;
	meta->error_type = type;
	meta->error_code = code;
	return FORWARD_ERROR;
}

static inline enum forward_verdict forward_drop(struct meta *meta, enum drop_reason reason)
{
	meta->reason = reason;
	return FORWARD_DROP;
}

// An adjacency that leads nowhere: RFC 1812 5.2.7.1.
static inline enum forward_verdict forward_nowhere(struct meta *meta, const struct adj *adj)
{
	switch (adj->type) {
	case ADJ_BLACKHOLE:
		return forward_drop(meta, DROP_BLACKHOLE);
	case ADJ_UNREACHABLE:
		return forward_error(meta, DROP_UNREACHABLE, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH);
	case ADJ_PROHIBIT:
		return forward_error(meta, DROP_PROHIBIT, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED);
	case ADJ_BROADCAST:
	case ADJ_LOCAL: // a translation to an own address
		return forward_drop(meta, DROP_IP_BROADCAST);
	default:
		return forward_error(meta, DROP_NO_ROUTE, ICMP_DEST_UNREACH, ICMP_NET_UNREACH);
	}
}

// TTL and MTU for transit packets.
static inline enum forward_verdict forward_check(struct meta *meta, const struct adj *adj)
{
	if (unlikely(adj->type != ADJ_NEXT_HOP && adj->type != ADJ_GLEAN))
		return forward_nowhere(meta, adj);
	if (unlikely(meta->flags & META_GENERATED))
		return FORWARD_SEND;
	if (unlikely(meta->ttl <= 1))
		return forward_error(meta, DROP_TTL, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL);
	if (unlikely(meta->ip_len > adj->mtu && (meta->flags & META_DF))) {
		meta->icmp_mtu = adj->mtu;
		return forward_error(meta, DROP_MTU, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED);
	}
	return FORWARD_SEND;
}
