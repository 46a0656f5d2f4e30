// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Random packets of the stress test's site: few hosts and ports, so that both workers meet at the
// same flows, mappings and external ports all the time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

struct dataplane;

// RTE_IPV4() shifts a signed number into its sign.
#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

enum { PORT_VPC1 = 1, PORT_VPC2, PORT_PUB0, PORT_COUNT }; // port ids of the configuration

// A random packet into `m`; the port on which it arrives. `rng` is the state, never 0. Each era has
// client ports of its own: the flows of the one before stop, so that their sessions can expire.
unsigned int traffic_random(struct rte_mbuf *m, uint64_t *rng, unsigned int era);

// Turns a packet that came out into the answer to it. False: it has none.
bool traffic_answer(struct rte_mbuf *m);

// Whether its source is an external address of the router.
bool traffic_from_vip(const struct rte_mbuf *m);

// Whether a packet to a private host comes from another one's port of SNAT: from address "c", not
// to a target of the EIP or the forward, whose clients are translated, too.
bool traffic_hairpin(const struct rte_mbuf *m);

static inline uint64_t traffic_next(uint64_t *rng)
{
	*rng ^= *rng << 13;
	*rng ^= *rng >> 7;
	*rng ^= *rng << 17;
	return *rng;
}
