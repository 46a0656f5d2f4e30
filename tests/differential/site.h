// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Addresses of the differential test's site, as in site.json, site.nft and site.ip.
#pragma once

#include "tests/differential/differential.h"

// RTE_IPV4() shifts a signed number into its sign.
#define SITE_IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

#define SITE_EIP1    SITE_IP(203, 0, 113, 20)
#define SITE_FORWARD SITE_IP(203, 0, 113, 21)
#define SITE_EIP2    SITE_IP(203, 0, 113, 22)
#define SITE_SNAT1   SITE_IP(203, 0, 113, 23)
#define SITE_SNAT2   SITE_IP(203, 0, 113, 24)
#define SITE_PUB0    SITE_IP(203, 0, 113, 1)
#define SITE_GATEWAY SITE_IP(203, 0, 113, 254)

#define SITE_TARGET1 SITE_IP(192, 168, 10, 20) // of EIP1
#define SITE_TARGET2 SITE_IP(192, 168, 11, 20)
#define SITE_WEB     SITE_IP(192, 168, 11, 10) // behind FORWARD
#define SITE_DNS     SITE_IP(192, 168, 10, 10)

#define SITE_PROTO 50 // ESP: a protocol without ports, which nft rejects, too

#define SITE_MTU 1400 // of pub0; the others have 1500

struct site_host {
	uint8_t wire;
	uint32_t ip;
};

// All neighbours of the router; the MAC address is SITE_MAC of the index.
static const struct site_host site_hosts[] = {
	{ WIRE_VPC1, SITE_IP(192, 168, 10, 10) },
	{ WIRE_VPC1, SITE_IP(192, 168, 10, 11) },
	{ WIRE_VPC1, SITE_TARGET1 },
	{ WIRE_VPC2, SITE_IP(192, 168, 11, 10) },
	{ WIRE_VPC2, SITE_TARGET2 },
	{ WIRE_PUB0, SITE_IP(203, 0, 113, 100) },
	{ WIRE_PUB0, SITE_IP(203, 0, 113, 200) },
	{ WIRE_PUB0, SITE_GATEWAY },
};
#define SITE_HOSTS (sizeof(site_hosts) / sizeof(site_hosts[0]))

static inline bool site_is_snat(uint32_t ip)
{
	return ip == SITE_SNAT1 || ip == SITE_SNAT2;
}

// The SNAT address of a private host's network.
static inline uint32_t site_snat_of(uint32_t ip)
{
	return (ip >> 8 & 255) == 10 ? SITE_SNAT1 : SITE_SNAT2;
}

static inline bool site_is_eip(uint32_t ip)
{
	return ip == SITE_EIP1 || ip == SITE_EIP2;
}

static inline bool site_is_private(uint32_t ip)
{
	return ip >> 16 == (192u << 8 | 168);
}

// An address of the router.
static inline bool site_is_own(uint32_t ip)
{
	return ip == SITE_PUB0 || (ip >= SITE_EIP1 && ip <= SITE_SNAT2) ||
	       (site_is_private(ip) && (ip & 0xff) == 1);
}
