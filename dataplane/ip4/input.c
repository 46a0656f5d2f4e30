// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
#include "dataplane/ip4/input.h"

#include "dataplane/api/proto.h"
#include "dataplane/packet/parse.h"

enum rx_edge input_frame(struct rte_mbuf *m, struct meta *meta, const struct rte_ether_addr *own)
{
	switch (packet_parse(m, meta, own)) {
	case PARSE_IP4:
		return packet_is_multicast(meta) ? RX_LOCAL : RX_ARC_IP4;
	case PARSE_ARP:
		meta->punt_class = PUNT_ARP;
		return RX_PUNT;
	default:
		return RX_DROP;
	}
}
