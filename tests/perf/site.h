// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The router of the benchmark: its addresses and rules, as the configuration has them and as the
// flows use them.
#pragma once

#include <stdint.h>

struct bench;

#define SITE_EIPS      256 // unless --rules says how many
#define SITE_FORWARDS  64
#define SITE_USED      1024 // of them that flows use, the most: each target is a neighbour
#define SITE_NEXT_HOPS 16   // 10.1.0.10 and up

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

// Up to 10 240 of each fit below the next one.
#define SITE_EIP	     IP(203, 0, 1, 0) // + e, to SITE_EIP_TARGET + e
#define SITE_EIP_TARGET	     IP(10, 0, 1, 0)
#define SITE_FORWARD_VIP     IP(203, 0, 64, 0)
#define SITE_FORWARD_TARGET  IP(10, 0, 128, 0) // + f
#define SITE_POOL	     IP(203, 0, 128, 0)
#define SITE_HOSTS	     IP(10, 0, 64, 0) // private hosts without rules of their own
#define SITE_NEIGHBOURS	     1024	      // of them, that answer
#define SITE_WIDE_HOSTS	     IP(10, 64, 0, 0) // 65 536 more, of two rules
#define SITE_DEPENDENT_HOSTS IP(10, 65, 0, 0) // the same, with endpoint-dependent mapping
#define SITE_WIDE_POOL	     IP(203, 0, 129, 0)
#define SITE_NEXT_HOP	     IP(10, 1, 0, 10)
#define SITE_GATEWAY	     IP(203, 0, 255, 254)

// UDP ports of an address, host order.
struct site_forward {
	uint32_t vip; // number of the address
	uint16_t first;
	uint16_t last;
};

// The first has nearly all ports of its address, of the others 32 share one.
struct site_forward site_forward(uint32_t f);
// The rule of `rules` that flow `id` uses: b->used of them, evenly spread.
uint32_t site_rule(const struct bench *b, uint32_t id, uint32_t rules);

// The configuration that all scenarios share, as JSON text; the caller frees it. NULL: no memory.
char *site_config(const struct bench *b);
// Tells the data plane the hosts that it forwards to.
void site_neighbours(struct bench *b);
