// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Port claims. A worker sets the port's bit and then looks at the reserved bitmap again; the
// control thread sets the reserved bit and then looks at the claimed one. Both sequentially
// consistent, so that at least one of them sees the other.
#include "dataplane/session/portset.h"

#include <errno.h>
#include <stddef.h>

static uint64_t bit_of(uint32_t port)
{
	return 1ull << (port % 64);
}

void portsets_init(struct portset *sets, uint32_t n, struct port_tables *tables)
{
	for (uint32_t i = 0; i < n; i++)
		sets[i].tables_off = (uintptr_t)&tables[i] - (uintptr_t)&sets[i];
}

static bool is_free(const struct portset *ps)
{
	if (ps->state == PORTSET_FREE)
		return true;
	if (ps->state == PORTSET_ACTIVE)
		return false;
	for (unsigned c = 0; c < PORT_CLASSES; c++)
		if (portset_used(ps, c) != 0)
			return false;
	return atomic_load_explicit(&ps->blocks_used, memory_order_acquire) == 0;
}

int portsets_acquire(struct portsets *p, uint32_t addr, struct portset **portset)
{
	struct portset *ps = NULL;

	for (uint32_t i = 0; i < p->n; i++) {
		if (p->sets[i].state != PORTSET_FREE && p->sets[i].addr == addr) {
			ps = &p->sets[i];
			break;
		}
		if (ps == NULL && is_free(&p->sets[i]))
			ps = &p->sets[i];
	}
	if (ps == NULL)
		return -ENOSPC;
	ps->addr = addr;
	ps->state = PORTSET_ACTIVE;
	*portset = ps;
	return 0;
}

void portsets_drop(struct portset *portset)
{
	const struct port_range all = { 0, UINT16_MAX };

	for (unsigned c = 0; c < PORT_CLASSES; c++)
		portset_unreserve(portset, c, all);
	portset->state = PORTSET_DRAINING;
}

void portsets_keep(struct portset *portset)
{
	portset->state = PORTSET_ACTIVE;
}

// The bits of first..last in a bitmap word that the range touches.
static uint64_t mask_of(uint32_t word, uint32_t first, uint32_t last)
{
	uint32_t low = first / 64 == word ? first % 64 : 0;
	uint32_t high = last / 64 == word ? last % 64 : 63;

	return (UINT64_MAX << low) & (UINT64_MAX >> (63 - high));
}

void portset_reserve(struct portset *portset, enum port_class class, struct port_range range)
{
	struct port_space *space = portset_space(portset, class);

	for (uint32_t word = range.first / 64; word <= range.last / 64; word++)
		atomic_fetch_or(&space->reserved[word], mask_of(word, range.first, range.last));
}

void portset_unreserve(struct portset *portset, enum port_class class, struct port_range range)
{
	struct port_space *space = portset_space(portset, class);

	for (uint32_t word = range.first / 64; word <= range.last / 64; word++)
		atomic_fetch_and(&space->reserved[word], ~mask_of(word, range.first, range.last));
}

void portset_reserve_these(
	struct portset *portset, enum port_class class, const uint64_t ports[PORT_WORDS])
{
	struct port_space *space = portset_space(portset, class);

	for (uint32_t word = 0; word < PORT_WORDS; word++)
		if (atomic_load_explicit(&space->reserved[word], memory_order_relaxed) !=
			ports[word])
			atomic_store(&space->reserved[word], ports[word]);
}

static bool take(struct port_space *space, uint32_t port)
{
	_Atomic uint64_t *word = &space->claimed[port / 64];
	uint64_t bit = bit_of(port);

	if ((atomic_load_explicit(&space->reserved[port / 64], memory_order_relaxed) & bit) ||
		(atomic_load_explicit(word, memory_order_relaxed) & bit) ||
		(atomic_fetch_or(word, bit) & bit))
		return false;
	if (!(atomic_load(&space->reserved[port / 64]) & bit))
		return true;
	atomic_fetch_and(word, ~bit);
	return false;
}

// The free ports of a bitmap word from `from` to `last`, as bits.
static uint64_t open_in_word(const struct port_space *space, uint32_t from, uint32_t last)
{
	uint32_t word = from / 64;
	uint64_t taken = atomic_load_explicit(&space->claimed[word], memory_order_relaxed) |
			 atomic_load_explicit(&space->reserved[word], memory_order_relaxed);

	return ~taken & mask_of(word, from, last);
}

// First free port from `from` to the end of its bitmap word or `last`; UINT32_MAX when there is
// none.
static uint32_t take_in_word(struct port_space *space, uint32_t from, uint32_t last)
{
	for (uint64_t open = open_in_word(space, from, last); open != 0; open &= open - 1) {
		uint32_t port = from / 64 * 64 + (uint32_t)__builtin_ctzll(open);

		if (take(space, port))
			return port;
	}
	return UINT32_MAX;
}

// xorshift64*
uint32_t port_random(uint64_t *rng, uint32_t n)
{
	*rng ^= *rng >> 12;
	*rng ^= *rng << 25;
	*rng ^= *rng >> 27;
	return (uint32_t)(((*rng * 0x2545f4914f6cdd1dull) >> 32) * n >> 32);
}

static uint32_t size_of(struct port_range range)
{
	return range.last < range.first ? 0 : (uint32_t)range.last - range.first + 1;
}

uint32_t port_ranges_size(const struct port_range *ranges, unsigned n_ranges)
{
	uint32_t total = 0;

	for (unsigned r = 0; r < n_ranges; r++)
		total += size_of(ranges[r]);
	return total;
}

// The range that port number *i lies in; *i becomes its place there.
static unsigned range_of(const struct port_range *ranges, uint32_t *i)
{
	unsigned r = 0;

	while (*i >= size_of(ranges[r]))
		*i -= size_of(ranges[r++]);
	return r;
}

uint16_t port_ranges_at(const struct port_range *ranges, unsigned n_ranges, uint32_t i)
{
	unsigned r = range_of(ranges, &i);

	return (uint16_t)(ranges[r].first + i);
}

bool port_ranges_have(const struct port_range *ranges, unsigned n_ranges, uint16_t port)
{
	for (unsigned i = 0; i < n_ranges; i++)
		if (port >= ranges[i].first && port <= ranges[i].last)
			return true;
	return false;
}

static uint32_t search(
	struct port_space *space, const struct port_range *ranges, unsigned n_ranges, uint64_t *rng)
{
	uint32_t total = port_ranges_size(ranges, n_ranges), from, port;
	unsigned i;

	if (total == 0)
		return UINT32_MAX;
	from = port_random(rng, total);
	i = range_of(ranges, &from);
	from += ranges[i].first;
	for (unsigned words = 0; words < PORT_CLAIM_WORDS; words++) {
		if (size_of(ranges[i]) != 0) {
			port = take_in_word(space, from, ranges[i].last);
			if (port != UINT32_MAX)
				return port;
			from = (from / 64 + 1) * 64;
			if (from <= ranges[i].last)
				continue;
		}
		i = i + 1 == n_ranges ? 0 : i + 1;
		from = ranges[i].first;
	}
	return UINT32_MAX;
}

int portset_claim(struct portset *portset, enum port_class class, uint16_t wanted,
	const struct port_range *ranges, unsigned n_ranges, uint64_t *rng, uint16_t *port)
{
	struct port_space *space = portset_space(portset, class);
	uint32_t found = wanted;

	if (!port_ranges_have(ranges, n_ranges, wanted) || !take(space, wanted))
		found = search(space, ranges, n_ranges, rng);
	if (found == UINT32_MAX)
		return -EADDRNOTAVAIL;
	atomic_fetch_add_explicit(&portset->used[class], 1, memory_order_relaxed);
	*port = (uint16_t)found;
	return 0;
}

void portset_prefetch(const struct portset *portset, enum port_class class, uint16_t port)
{
	const struct port_space *space = portset_space(portset, class);

	__builtin_prefetch(&space->claimed[port / 64]);
	__builtin_prefetch(&space->reserved[port / 64]);
}

void portset_prefetch_owner(const struct portset *portset, enum port_class class, uint16_t port)
{
	__builtin_prefetch(&portset_space(portset, class)->owner[port]);
}

uint16_t portset_find(const struct portset *portset, enum port_class class, uint16_t wanted,
	uint16_t start, const struct port_range *ranges, unsigned n_ranges)
{
	const struct port_space *space = portset_space(portset, class);
	uint64_t open;

	if (port_ranges_have(ranges, n_ranges, wanted) && open_in_word(space, wanted, wanted) != 0)
		return wanted;
	for (unsigned i = 0; i < n_ranges; i++)
		if (start >= ranges[i].first && start <= ranges[i].last) {
			open = open_in_word(space, start, ranges[i].last);
			return open == 0 ? 0 : (uint16_t)(start / 64 * 64 + __builtin_ctzll(open));
		}
	return 0;
}

void portset_set_owner(
	struct portset *portset, enum port_class class, uint16_t port, uint32_t mapping)
{
	atomic_store_explicit(
		&portset_space(portset, class)->owner[port], mapping, memory_order_release);
}

uint32_t portset_owner(const struct portset *portset, enum port_class class, uint16_t port)
{
	return atomic_load_explicit(
		&portset_space(portset, class)->owner[port], memory_order_acquire);
}

enum port_state portset_state(const struct portset *portset, enum port_class class, uint16_t port)
{
	const struct port_space *space = portset_space(portset, class);
	uint32_t word = port / 64;

	if (atomic_load_explicit(&space->reserved[word], memory_order_relaxed) & bit_of(port))
		return PORT_STATE_RESERVED;
	if (atomic_load_explicit(&space->claimed[word], memory_order_relaxed) & bit_of(port))
		return PORT_STATE_CLAIMED;
	return PORT_STATE_FREE;
}

void portset_release(struct portset *portset, enum port_class class, uint16_t port)
{
	struct port_space *space = portset_space(portset, class);

	atomic_store_explicit(&space->owner[port], 0, memory_order_release);
	atomic_fetch_and(&space->claimed[port / 64], ~bit_of(port));
	atomic_fetch_sub_explicit(&portset->used[class], 1, memory_order_relaxed);
}
