// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Why packets are dropped, and where packets may go: the words of the accounting. A packet cannot
// be dropped without one of these reasons.
#pragma once

// X(symbol, name, what it means)
#define DROP_REASONS(X)                                                                            \
	X(NONE, "none", "not dropped")                                                             \
	X(ETH_SHORT, "eth_short", "frame shorter than an Ethernet header")                         \
	X(ETH_NOT_OURS, "eth_not_ours", "unicast frame to another station")                        \
	X(ETH_TYPE, "eth_type", "EtherType that the router does not handle")                       \
	X(IP_SHORT, "ip_short", "truncated IPv4 header")                                           \
	X(IP_VERSION, "ip_version", "version is not 4")                                            \
	X(IP_HEADER_LENGTH, "ip_header_length", "header length below 20 or beyond the packet")     \
	X(IP_TOTAL_LENGTH, "ip_total_length", "total length beyond the frame or below the header") \
	X(IP_CHECKSUM, "ip_checksum", "bad IPv4 header checksum")                                  \
	X(IP_SOURCE, "ip_source", "source address that no host may send (RFC 1812 5.3.7)")         \
	X(IP_DESTINATION, "ip_destination", "destination that is never forwarded")                 \
	X(IP_SOURCE_ROUTE, "ip_source_route", "loose or strict source route option")               \
	X(IP_OPTIONS, "ip_options", "malformed IPv4 options")                                      \
	X(IP_BROADCAST, "ip_broadcast", "broadcast, or unicast in a link broadcast")               \
	X(IP_MULTICAST, "ip_multicast", "multicast that nothing listens to")                       \
	X(L4_SHORT, "l4_short", "truncated L4 header")                                             \
	X(L4_LENGTH, "l4_length", "L4 length field contradicts the packet")                        \
	X(FRAGMENT_BAD, "fragment_bad", "impossible fragment (RFC 1858, RFC 3128)")                \
	X(FRAGMENT_NAT, "fragment_nat", "later fragment of a flow without a session")              \
	X(FRAGMENT_OVERLAP, "fragment_overlap", "of a datagram whose fragments overlap")           \
	X(FRAGMENT_DUPLICATE, "fragment_duplicate", "all of its bytes have come before")           \
	X(FRAGMENT_TIMEOUT, "fragment_timeout", "the first fragment did not come in time")         \
	X(FRAGMENT_LIMIT, "fragment_limit",                                                        \
		"too many datagrams in fragments, or too many waiting")                            \
	X(HEADER_SPLIT, "header_split", "headers spread over too many segments")                   \
	X(TTL, "ttl", "time to live expired")                                                      \
	X(NO_ROUTE, "no_route", "no route to the destination")                                     \
	X(BLACKHOLE, "blackhole", "blackhole route")                                               \
	X(UNREACHABLE, "unreachable", "unreachable route")                                         \
	X(PROHIBIT, "prohibit", "prohibit route")                                                  \
	X(MTU, "mtu", "larger than the egress MTU and must not be fragmented")                     \
	X(FRAGMENT_MEMORY, "fragment_memory", "no buffers to fragment into")                       \
	X(NEIGHBOUR_QUEUE, "neighbour_queue", "too many packets wait for this neighbour")          \
	X(NEIGHBOUR_TIMEOUT, "neighbour_timeout", "neighbour did not answer in time")              \
	X(NEIGHBOUR_FAILED, "neighbour_failed", "neighbour is known not to answer")                \
	X(LOCAL_REJECT, "local_reject", "own address, nothing listens")                            \
	X(LOCAL_SILENT, "local_silent", "SNAT address, no session")                                \
	X(NOT_ALLOWED, "not_allowed", "port forward, source outside allowed_cidr")                 \
	X(PUNT_POLICED, "punt_policed", "over the punt rate of its class")                         \
	X(PUNT_QUEUE, "punt_queue", "punt ring full")                                              \
	X(PUNT_NO_MIRROR, "punt_no_mirror", "no mirror for the port of arrival")                   \
	X(NAT_NO_PORT, "nat_no_port", "no free port found for a new flow")                         \
	X(NAT_HOST_LIMIT, "nat_host_limit", "host is at its session limit")                        \
	X(NAT_HOST_RATE, "nat_host_rate", "host is at its limit of new sessions per second")       \
	X(NAT_TABLE_FULL, "nat_table_full", "no free session, mapping or host slot")               \
	X(NAT_INDEX_FULL, "nat_index_full", "both index buckets of the key are full")              \
	X(NAT_BUSY, "nat_busy", "index bucket held too long by another thread")                    \
	X(NAT_PROTOCOL, "nat_protocol",                                                            \
		"protocol without ports, in use by another host with the remote")                  \
	X(NAT_FILTERED, "nat_filtered", "to a mapping whose filtering does not let it in")         \
	X(NAT_NO_SESSION, "nat_no_session", "ICMP error or reset of no known flow")                \
	X(NAT_UPLINK, "nat_uplink", "the uplink of the flow is gone")                              \
	X(ICMP_INVALID, "icmp_invalid", "malformed ICMP or quote")                                 \
	X(TX_FULL, "tx_full", "transmit queue full")                                               \
	X(TX_PORT_GONE, "tx_port_gone", "egress port was removed or is down")                      \
	X(TX_CHECKSUM, "tx_checksum", "checksum could not be completed")

enum drop_reason {
#define X(sym, name, text) DROP_##sym,
	DROP_REASONS(X)
#undef X
		DROP_COUNT,
};

// Exact accounting, per worker: the sum of the sources equals the sum of the sinks.
// received + injected + generated + taken_over
//   = sent + punted + dropped + consumed + handed_over + held
#define ACCOUNTS(X)                                                                                \
	X(RECEIVED, "received")	      /* from ports */                                             \
	X(INJECTED, "injected")	      /* from the kernel, by mirrors */                            \
	X(GENERATED, "generated")     /* made here: ICMP errors, fragments */                      \
	X(TAKEN_OVER, "taken_over")   /* from another worker */                                    \
	X(SENT, "sent")		      /* to ports */                                               \
	X(PUNTED, "punted")	      /* to the kernel */                                          \
	X(DROPPED, "dropped")	      /* sum of all reasons */                                     \
	X(CONSUMED, "consumed")	      /* ended here without loss: a fragmented original */         \
	X(HANDED_OVER, "handed_over") /* to another worker */                                      \
	X(HELD, "held")		      /* waiting now, for a neighbour or a fragment (a gauge) */

enum account {
#define X(sym, name) ACCT_##sym,
	ACCOUNTS(X)
#undef X
		ACCT_COUNT,
};
