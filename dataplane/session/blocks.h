// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Port blocks of external addresses (RFC 7422): who has which, and how many uses it. A block is
// claimed by one atomic operation on the bits of its units. Each port in use holds it as a user; a
// block without users is ended by the sweeper alone. Run by workers and the sweeper; no locks.
#pragma once

#include "dataplane/session/portset.h"

// What changes hands: a block and its host, for the log.
struct port_block {
	uint32_t host;	   // network order
	uint32_t ext_addr; // network order
	uint32_t rule;	   // OBJ_SNAT id
	struct port_range range;
};

// A block is named by its first unit + 1; 0 is none. `units` is the size, a power of two up to
// PORT_UNITS_BLOCK.
static inline uint16_t block_of(uint16_t port, uint32_t units)
{
	return (uint16_t)(port / (units * PORT_UNIT) * units + 1);
}

static inline struct port_range block_range(uint16_t block, uint32_t units)
{
	uint32_t first = (block - 1u) * PORT_UNIT;

	return (struct port_range){ (uint16_t)first, (uint16_t)(first + units * PORT_UNIT - 1) };
}

// Whether the block lies in one of the ranges, whole.
static inline bool block_inside(
	uint16_t block, uint32_t units, const struct port_range *ranges, unsigned n_ranges)
{
	struct port_range b = block_range(block, units);

	for (unsigned i = 0; i < n_ranges; i++)
		if (b.first >= ranges[i].first && b.last <= ranges[i].last)
			return true;
	return false;
}

// Adds the units of the blocks that lie in the ranges, whole, to `marked`.
void blocks_mark(const struct port_range *ranges, unsigned n_ranges, uint32_t units,
	uint64_t marked[PORT_UNIT_WORDS]);

// Marked blocks, with a port that is not reserved, whatever the class. `portset` may be NULL:
// nothing is reserved. Control thread.
uint32_t blocks_count(
	const struct portset *portset, const uint64_t marked[PORT_UNIT_WORDS], uint32_t units);

// Claims a block that lies in the ranges and has a free port of the class for a host (slot + 1), at
// random among the free ones; the caller is its first user. All words are looked at once: 0 is the
// answer when none is free.
uint16_t block_claim(struct portset *portset, enum port_class class,
	const struct port_range *ranges, unsigned n_ranges, uint32_t units, uint32_t host,
	uint64_t *rng);

// Makes the caller a user; false when the host has the block no longer.
bool block_get(struct portset *portset, uint16_t block, uint32_t host);
void block_put(struct portset *portset, uint16_t block);

// Takes the block from its host if nobody uses it; from then on block_get() fails. Nobody else can
// claim it before block_free(). Sweeper.
bool block_end(struct portset *portset, uint16_t block, uint32_t host);
void block_free(struct portset *portset, uint16_t block, uint32_t units);

// Users of a block and its host, 0: free. For tests.
static inline uint64_t block_holder(const struct portset *portset, uint16_t block)
{
	return atomic_load_explicit(
		&portset_tables(portset)->blocks.holder[block - 1], memory_order_acquire);
}

static inline uint32_t blocks_used(const struct portset *portset)
{
	return atomic_load_explicit(&portset->blocks_used, memory_order_relaxed);
}
