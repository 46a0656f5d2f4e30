// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Names and edges of the core nodes. Services attach to the lookup node's arcs at graph assembly
// (main/graph.c): the core names no service.
#pragma once

#define NODE_RX		"rx"
#define NODE_DROP	"drop"
#define NODE_IP4_LOOKUP "ip4_lookup"
#define NODE_IP4_SEND	"ip4_send"
#define NODE_IP4_LOCAL	"ip4_local"
#define NODE_IP4_ERROR	"ip4_error"
#define NODE_IP4_HELD	"ip4_held"
#define NODE_IP4_VFR	"ip4_vfr"
#define NODE_PUNT	"punt"
#define NODE_PORT_TX	"port_tx"

enum rx_edge {
	RX_DROP,
	RX_ARC_IP4, // a valid packet that a port received: what knows its flow may spare the lookup
	RX_LOCAL,
	RX_PUNT,
	RX_LOOKUP,
	RX_TX,
	RX_ERROR,
	RX_VFR,
	RX_EDGE_COUNT,
};

enum ip4_lookup_edge {
	LOOKUP_DROP,
	LOOKUP_SEND,
	LOOKUP_LOCAL,
	LOOKUP_ERROR,
	LOOKUP_ARC_OUTBOUND, // transit from a private port: source NAT may apply
	LOOKUP_ARC_INBOUND,  // to an own address: destination NAT may apply
	LOOKUP_ARC_ROUTED,   // transit from a public to a private port: replies may need a memory
	LOOKUP_EDGE_COUNT,
};
