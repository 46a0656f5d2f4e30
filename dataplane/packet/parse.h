// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The one parser: checks a received frame (RFC 791, RFC 1812 5.2.2 and 5.3.7, RFC 1858, RFC 3128)
// and writes what nodes may know of it into its metadata. Nobody else looks for headers.
#pragma once

#include <stdbool.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dataplane/packet/meta.h"
#include "dataplane/packet/tuple.h"

enum parse_result {
	PARSE_DROP, // meta->reason says why; also EtherTypes that we do not handle (ETH_TYPE)
	PARSE_IP4,
	PARSE_ARP, // only the offsets and META_L2_BROADCAST are set; the body is not checked
};

// Parses the frame in `m`, which the caller owns alone. meta->side and meta->in_port are the
// caller's and stay; all else is written. `own` is the MAC address of the port.
//
// After PARSE_IP4: Ethernet padding is cut off; the IPv4 header with options and the L4 header
// (TCP with options; ICMP errors with the quoted IPv4 header and up to 20 bytes of quoted L4) are
// contiguous in the first segment; mbuf->ol_flags are clear of everything that came from receive.
// Multicast destinations pass, see packet_is_multicast().
enum parse_result packet_parse(
	struct rte_mbuf *m, struct meta *meta, const struct rte_ether_addr *own);

// The same for what our own kernel sends on a mirror, but its destination MAC, addresses and
// options are the kernel's business.
enum parse_result packet_parse_kernel(struct rte_mbuf *m, struct meta *meta);

// The tuple of the packet that an ICMP error (META_ICMP_ERROR) quotes, as quoted: its source is
// where the offending packet came from. `flags` gets META_HAS_PORTS, META_FRAG_FIRST,
// META_FRAG_OTHER and META_DF of the quoted packet. Returns whether it has ports (TCP, UDP, ICMP
// query); addresses and protocol are valid in any case.
bool packet_quoted_tuple(
	const struct rte_mbuf *m, const struct meta *meta, struct tuple *out, uint16_t *flags);
