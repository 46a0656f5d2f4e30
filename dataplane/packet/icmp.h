// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ICMP types by what a router does with them (RFC 792, RFC 1122 3.2.2, RFC 1812 4.3).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ICMP_ECHO_REPLY	       0
#define ICMP_DEST_UNREACHABLE  3
#define ICMP_SOURCE_QUENCH     4
#define ICMP_REDIRECT_HOST     5
#define ICMP_ECHO_REQUEST      8
#define ICMP_TIME_EXCEEDED     11
#define ICMP_PARAMETER_PROBLEM 12
#define ICMP_TIMESTAMP_REQUEST 13
#define ICMP_TIMESTAMP_ANSWER  14

#define ICMP_CODE_NET_UNREACHABLE  0
#define ICMP_CODE_HOST_UNREACHABLE 1
#define ICMP_CODE_PORT_UNREACHABLE 3
#define ICMP_CODE_FRAG_NEEDED	   4
#define ICMP_CODE_ADMIN_PROHIBITED 13 // RFC 1812 5.2.7.1
#define ICMP_CODE_TTL_IN_TRANSIT   0

#define ICMP_QUOTED_L4_MIN 8 // bytes behind the quoted IPv4 header

// Queries carry an identifier that NAT treats like a port (RFC 5508 3).
static inline bool icmp_is_request(uint8_t type)
{
	return type == ICMP_ECHO_REQUEST || type == ICMP_TIMESTAMP_REQUEST;
}

static inline bool icmp_is_reply(uint8_t type)
{
	return type == ICMP_ECHO_REPLY || type == ICMP_TIMESTAMP_ANSWER;
}

// Errors that are translated with the packet they quote.
static inline bool icmp_quotes(uint8_t type)
{
	return type == ICMP_DEST_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER_PROBLEM;
}

// Whether an error may be sent about an ICMP message of this type: only about those known to be
// informational (RFC 1122 3.2.2.8: never about an error; an unknown type might be one).
static inline bool icmp_may_be_reported(uint8_t type)
{
	const uint32_t informational =
		1u << ICMP_ECHO_REPLY | 1u << ICMP_ECHO_REQUEST | 1u << 9 | 1u << 10 |
		0x3fu << ICMP_TIMESTAMP_REQUEST; // router discovery, 13 to 18

	return type < 32 && (informational >> type & 1);
}
