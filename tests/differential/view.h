// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A packet as the differential test reads it: with its own parser, so that a mistake of the data
// plane's cannot hide itself. Bounds-checked: what comes out of a router may be anything.
#pragma once

#include "tests/differential/differential.h"

#define ETH_LEN 14
#define IP_MIN	20

struct view {
	uint8_t *ip;	// first byte of the header
	uint16_t len;	// bytes there; a quote may be shorter than the packet
	uint16_t total; // as the header says
	uint8_t hlen;
	uint8_t proto;
	bool more, later; // a fragment with others behind it; not the first one
	uint16_t offset;  // of a fragment, in bytes
	bool has_ports;
	bool is_error; // ICMP error; its quote is at l4 + 8
	bool request;  // ICMP query: from the client
	uint32_t src, dst;
	uint16_t sport, dport; // ICMP query: the id, both
	uint8_t *l4;
	uint16_t l4_len; // bytes there
};

// False: not IPv4, or cut off in the IP header.
bool view_parse(struct view *v, uint8_t *ip, uint16_t len);

// The packet of a frame; only to be read.
bool view_frame(struct view *v, const struct frame *f);

// Of the fragments of a datagram, the one that has the ports; of a whole packet, the packet.
bool view_first(struct view *v, const struct frames *frames);

// The packet that an ICMP error quotes.
bool view_quote(struct view *quote, const struct view *error);

// Where the L4 checksum is, NULL: not there, or the protocol has none that we know.
uint8_t *view_checksum(const struct view *v);

// Whether the checksums of a whole packet are right. UDP without one is right.
bool view_checksums_ok(const struct view *v);

// Changes a port (ICMP query: the id) and the L4 checksum with it.
void view_set_port(const struct view *v, bool source, uint16_t port);

uint16_t view_load(const uint8_t *p);
void view_store(uint8_t *p, uint16_t value);

// RFC 1071, the complement; `sum` is what was added before.
uint16_t view_sum(const uint8_t *p, uint32_t len, uint32_t sum);

// Sum of the pseudo header.
uint32_t view_pseudo(const struct view *v);
