// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packet metadata: one cache line in the private area of each mbuf. packet_parse() fills it once,
// translate() keeps it true, nodes read it and never look into headers themselves.
#pragma once

#include <assert.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

// Where a packet came from. Part of every session key: a forged inside tuple from outside never
// matches an inside key.
enum side {
	SIDE_PRIVATE,
	SIDE_PUBLIC,
	SIDE_TUNNEL, // decrypted, arrived on vr-tun
	SIDE_KERNEL, // sent by the kernel on a mirror
	SIDE_COUNT,
};

enum meta_flag {
	META_FRAG_FIRST = 1u << 0,   // first fragment: ports are present
	META_FRAG_OTHER = 1u << 1,   // later fragment: no ports
	META_CSUM_PARTIAL = 1u << 2, // the L4 checksum field holds only the pseudo-header sum
	META_ICMP_ERROR = 1u << 3,   // quotes another packet; `quoted_*` is valid
	META_DF = 1u << 4,	     // don't-fragment is set
	META_NAT_DONE = 1u << 5,     // addresses are final: look up and send, no service applies
	META_DNAT_DONE = 1u << 6,    // destination is final, source NAT may still apply
	META_GENERATED = 1u << 7,    // made by the data plane itself (ICMP errors)
	META_HAS_PORTS = 1u << 8,    // sport/dport are valid (TCP, UDP, ICMP query)
	META_L2_BROADCAST = 1u << 9, // Ethernet destination is a group address
	META_PINNED = 1u << 10,	     // leaves by the gateway of `out_port`, whatever the FIB says
	META_FRAG_KNOWN = 1u << 11,  // fragment with the ports and ICMP type of its datagram
	META_FRAG_OWNER = 1u << 12,  // on its way to the worker that its datagram belongs to
	META_KEEPS_PORT = 1u << 13,  // of the next hops of its route, one that leaves by `out_port`
	META_NO_TARGET = 1u << 14, // nothing translates to its source: plain between private ports
};

struct meta {
	// Tuple of the packet as it is now. For ICMP queries: request sport = id, dport = 0; reply
	// sport = 0, dport = id. Zero where META_HAS_PORTS is not set.
	rte_be32_t src;
	rte_be32_t dst;
	rte_be16_t sport;
	rte_be16_t dport;
	uint8_t proto;	   // IP protocol number
	uint8_t side;	   // enum side
	uint16_t in_port;  // port id of arrival
	uint16_t l3_off;   // from the start of mbuf data, bytes
	uint16_t l4_off;   // from the start of mbuf data, bytes
	uint16_t ip_len;   // IPv4 total length, bytes
	uint16_t flags;	   // enum meta_flag
	uint8_t tcp_flags; // TCP flag byte, 0 for others
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t ttl;
	uint8_t reason;	     // enum drop_reason, valid on the way to the drop node
	uint8_t punt_class;  // enum punt_class, valid on the way to the punt node
	uint16_t out_port;   // valid from rewrite on, and with META_PINNED and META_KEEPS_PORT
	uint32_t adj;	     // egress adjacency index, valid after the FIB lookup
	uint32_t session;    // session reference (slot and direction), 0 for none
	uint16_t quoted_l3;  // offsets of the quoted packet of an ICMP error, from mbuf data start
	uint16_t quoted_l4;  // 0 when the quote has no L4 header bytes we know
	uint16_t quoted_len; // bytes of the quoted packet that are present, from quoted_l3
	uint16_t icmp_mtu;   // on the way to the ICMP error node: next-hop MTU, host order
	uint8_t error_type;  // on the way to the ICMP error node: what to report
	uint8_t error_code;
	uint16_t pad;
	uint32_t route;	   // what the FIB said: adjacency or group index
	uint32_t spare[2]; // for services to come (QoS class, zone, policy)
};
static_assert(sizeof(struct meta) == 64, "meta is one cache line");

// Metadata of an mbuf. Every pool has priv_size == sizeof(struct meta).
static inline struct meta *mbuf_meta(struct rte_mbuf *m)
{
	return (struct meta *)rte_mbuf_to_priv(m);
}
