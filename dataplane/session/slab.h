// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Free slots of one kind: a Treiber stack behind a high-water mark. Slots above the mark were
// never used, so that scans stop there. Lock-free; the link of a slot is used for nothing else.
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

// The shared part, in the arena; all zero is an empty slab with nothing allocated.
struct slab_head {
	alignas(64) _Atomic uint64_t top; // slot + 1 of the first free slot, ABA tag in bits 63..32
	_Atomic uint32_t high;		  // slots that have ever been used
	_Atomic uint32_t used;
};

// This process' view. The link (slot + 1 of the next free slot) of slot i is at
// links + i * stride.
struct slab {
	struct slab_head *head;
	char *links;
	uint32_t stride; // bytes
	uint32_t capacity;
};

// slot + 1, or 0 when all are in use.
uint32_t slab_alloc(struct slab *slab);

// The slot + 1 that slab_alloc() will probably return after the next one, 0: not foreseen. For
// prefetching: a slot's link is read when the slot is taken, and it is long ago that anybody
// touched it. Reads the next one's link.
uint32_t slab_second(const struct slab *slab);

// Gives back slot `ref` - 1, which no other thread can reach any more.
void slab_free(struct slab *slab, uint32_t ref);

// Chain of slots to give back together: fill with slab_chain(), then slab_free_chain() once.
struct slab_chain {
	uint32_t first, last; // slot + 1, 0: empty
	uint32_t n;
};

void slab_chain(struct slab *slab, struct slab_chain *chain, uint32_t ref);
void slab_free_chain(struct slab *slab, struct slab_chain *chain);

static inline uint32_t slab_high(const struct slab *slab)
{
	return atomic_load_explicit(&slab->head->high, memory_order_acquire);
}

static inline uint32_t slab_used(const struct slab *slab)
{
	return atomic_load_explicit(&slab->head->used, memory_order_relaxed);
}
