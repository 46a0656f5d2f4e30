// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Names and edges of the NAT nodes.
#pragma once

#define NODE_NAT_ESTABLISHED "nat_established"
#define NODE_NAT_OUTBOUND    "nat_outbound"
#define NODE_NAT_INBOUND     "nat_inbound"
#define NODE_NAT_ROUTED	     "nat_routed"

// All nodes have the same edges.
enum nat_edge {
	NAT_DROP,
	NAT_SEND,
	NAT_LOCAL,
	NAT_ERROR,
	NAT_FRAGMENT, // its ports must be known first
	NAT_LOOKUP,   // the long way
	NAT_EDGE_COUNT,
};

#define NAT_NEXT_NODES                                                                             \
	{                                                                                          \
		[NAT_DROP] = NODE_DROP, [NAT_SEND] = NODE_IP4_SEND, [NAT_LOCAL] = NODE_IP4_LOCAL,  \
		[NAT_ERROR] = NODE_IP4_ERROR, [NAT_FRAGMENT] = NODE_IP4_VFR,                       \
		[NAT_LOOKUP] = NODE_IP4_LOOKUP                                                     \
	}
