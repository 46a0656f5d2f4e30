// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Port blocks. A block's units are bits of one word, so that blocks of different sizes, which meet
// while a rule's size changes, exclude each other, too. Order of a claim: bits, then holder; of the
// end: holder, then bits. Who finds a holder therefore finds its bits taken.
#include "dataplane/session/blocks.h"

#include <stddef.h>

#define TRIES 4 // each lost to another thread that made progress

static uint64_t low_bits(uint32_t n)
{
	return UINT64_MAX >> (64 - n);
}

// Units of whole blocks in the ranges, of one word.
static uint64_t units_in(
	const struct port_range *ranges, unsigned n_ranges, uint32_t units, uint32_t word)
{
	const uint32_t size = units * PORT_UNIT, from = word * 64, to = from + 64;
	uint64_t mask = 0;

	for (unsigned r = 0; r < n_ranges; r++) {
		uint32_t first = (ranges[r].first + size - 1) / size * units;
		uint32_t end = (ranges[r].last + 1u) / size * units;

		first = first < from ? from : first;
		end = end > to ? to : end;
		if (first < end)
			mask |= low_bits(end - first) << (first - from);
	}
	return mask;
}

// The first units of those blocks all of whose units are set.
static uint64_t whole(uint64_t set, uint32_t units)
{
	for (uint32_t s = 1; s < units; s *= 2)
		set &= set >> s;
	return set & UINT64_MAX / low_bits(units);
}

void blocks_mark(const struct port_range *ranges, unsigned n_ranges, uint32_t units,
	uint64_t marked[PORT_UNIT_WORDS])
{
	for (uint32_t w = 0; w < PORT_UNIT_WORDS; w++)
		marked[w] |= units_in(ranges, n_ranges, units, w);
}

// Whether a port of the class can be claimed now, as far as `claimed` is asked, too.
static bool has_room(const struct port_space *space, uint32_t unit, uint32_t units, bool claimed)
{
	for (uint32_t u = unit; u < unit + units; u++) {
		uint64_t taken =
			atomic_load_explicit(&space->reserved[u], memory_order_relaxed) |
			(claimed ? atomic_load_explicit(&space->claimed[u], memory_order_relaxed)
				 : 0);

		if (taken != UINT64_MAX)
			return true;
	}
	return false;
}

static bool is_usable(const struct portset *portset, uint32_t unit, uint32_t units)
{
	bool room = portset == NULL;

	for (unsigned c = 0; c < PORT_CLASSES && !room; c++)
		room = has_room(portset_space(portset, c), unit, units, false);
	return room;
}

uint32_t blocks_count(
	const struct portset *portset, const uint64_t marked[PORT_UNIT_WORDS], uint32_t units)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < PORT_UNIT_WORDS; w++)
		for (uint64_t heads = whole(marked[w], units); heads != 0; heads &= heads - 1)
			n += is_usable(portset, w * 64 + (uint32_t)__builtin_ctzll(heads), units);
	return n;
}

static bool take_units(_Atomic uint64_t *word, uint64_t mask)
{
	uint64_t taken = atomic_load_explicit(word, memory_order_relaxed);

	for (unsigned i = 0; i < TRIES && (taken & mask) == 0; i++)
		if (atomic_compare_exchange_strong_explicit(
			    word, &taken, taken | mask, memory_order_acq_rel, memory_order_relaxed))
			return true;
	return false;
}

// A block among `heads`, the first units of a word that may be free; 0 when none was.
static uint16_t claim_one_of(struct portset *portset, enum port_class class, uint32_t word,
	uint64_t heads, uint32_t units, uint32_t host)
{
	struct port_blocks *b = &portset_tables(portset)->blocks;

	for (; heads != 0; heads &= heads - 1) {
		uint32_t bit = (uint32_t)__builtin_ctzll(heads), unit = word * 64 + bit;

		if (!has_room(portset_space(portset, class), unit, units, true) ||
			!take_units(&b->taken[word], low_bits(units) << bit))
			continue;
		atomic_store_explicit(
			&b->holder[unit], (uint64_t)host << 32 | 1, memory_order_release);
		atomic_fetch_add_explicit(&portset->blocks_used, 1, memory_order_relaxed);
		return (uint16_t)(unit + 1);
	}
	return 0;
}

uint16_t block_claim(struct portset *portset, enum port_class class,
	const struct port_range *ranges, unsigned n_ranges, uint32_t units, uint32_t host,
	uint64_t *rng)
{
	const struct port_blocks *b = &portset_tables(portset)->blocks;
	uint32_t from = port_random(rng, PORT_UNITS), first = from / 64;
	uint16_t block = 0;

	// The first word twice: from the random place on, and at last up to it.
	for (uint32_t i = 0; i <= PORT_UNIT_WORDS && block == 0; i++) {
		uint32_t word = (first + i) % PORT_UNIT_WORDS;
		uint64_t open = units_in(ranges, n_ranges, units, word) &
				~atomic_load_explicit(&b->taken[word], memory_order_relaxed);
		uint64_t heads = whole(open, units), above = UINT64_MAX << from % 64;

		if (i == 0)
			heads &= above;
		else if (i == PORT_UNIT_WORDS)
			heads &= ~above;
		block = claim_one_of(portset, class, word, heads, units, host);
	}
	return block;
}

bool block_get(struct portset *portset, uint16_t block, uint32_t host)
{
	_Atomic uint64_t *holder = &portset_tables(portset)->blocks.holder[block - 1];
	uint64_t now = atomic_load_explicit(holder, memory_order_relaxed);

	while (now >> 32 == host)
		if (atomic_compare_exchange_weak_explicit(
			    holder, &now, now + 1, memory_order_acquire, memory_order_relaxed))
			return true;
	return false;
}

void block_put(struct portset *portset, uint16_t block)
{
	atomic_fetch_sub_explicit(
		&portset_tables(portset)->blocks.holder[block - 1], 1, memory_order_release);
}

bool block_end(struct portset *portset, uint16_t block, uint32_t host)
{
	uint64_t unused = (uint64_t)host << 32;

	return atomic_compare_exchange_strong_explicit(
		&portset_tables(portset)->blocks.holder[block - 1], &unused, 0,
		memory_order_acquire, memory_order_relaxed);
}

void block_free(struct portset *portset, uint16_t block, uint32_t units)
{
	uint32_t unit = block - 1u;

	atomic_fetch_and_explicit(&portset_tables(portset)->blocks.taken[unit / 64],
		~(low_bits(units) << unit % 64), memory_order_release);
	atomic_fetch_sub_explicit(&portset->blocks_used, 1, memory_order_release);
}
