// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets that wait for a neighbour to be resolved: a small bounded table per worker. They keep no
// pointer into any table: on release they are looked up again, with their translation done.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "dataplane/main/limits.h"

struct worker;

#define HELD_NEIGHBOURS (LIMIT_HELD / LIMIT_HELD_PER_NEIGHBOUR)
#define HELD_SECONDS	3 // as long as the kernel asks (3 requests, one a second)

struct held_neighbour {
	rte_be32_t addr;
	uint16_t port;
	uint8_t count; // packets; 0: entry is free
	uint8_t pad;
	uint64_t deadline; // TSC
	uint64_t next_ask; // TSC
	struct rte_mbuf *pkts[LIMIT_HELD_PER_NEIGHBOUR];
};

struct held_table {
	uint32_t packets;    // in all entries
	uint64_t next_check; // TSC
	struct held_neighbour neighbour[HELD_NEIGHBOURS];
};

// Keeps the packet. 0, or -ENOBUFS when it must be dropped (still the caller's). Tells the control
// thread about the neighbour, and again for as long as it is waited for: the kernel may forget it.
int held_add(struct worker *w, struct rte_mbuf *m, uint16_t port, rte_be32_t addr);

// Takes up to n packets out whose neighbour is resolved (*n_ready of them, first in `pkts`) or that
// waited too long (after them). Returns the number of all. Cheap when nothing is due.
uint16_t held_release(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint16_t *n_ready);

// Frees everything, counted as dropped; worker creation and end only.
void held_flush(struct worker *w);
