// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The one index of sessions (both directions), mappings and hosts: cache-line buckets of 8 entries
// and 8 tags; the 16-byte key is compared in the slot that an entry names. Readers and removals
// take no lock. Inserts of one key are serialised by the writer word of its first bucket.
//
// An entry that a reader has seen may be removed at any time, so a slot is reused only after a
// grace period in which every reader and writer has finished its walk.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#define INDEX_PLACES   8
#define INDEX_BULK_MAX 256
#define INDEX_RESERVED UINT32_MAX // place taken, entry not there yet

enum index_kind {
	INDEX_SESSION_FORWARD,
	INDEX_SESSION_REVERSE,
	INDEX_MAPPING,
	INDEX_HOST,
	INDEX_KINDS,
};

struct index_bucket {
	alignas(64) _Atomic uint32_t entry[INDEX_PLACES]; // kind 2 bits | slot + 1; 0: free
	union {
		_Atomic uint16_t tag[INDEX_PLACES];
		_Atomic uint64_t tags[INDEX_PLACES / 4]; // the same, as readers load them
	};
	_Atomic uint32_t writer;   // 1: a thread inserts a key whose first bucket this is
	_Atomic uint32_t overflow; // entries of this bucket in second ones
};
static_assert(sizeof(struct index_bucket) == 64, "one cache line per bucket");

// Keys are 16 bytes, aligned to 16, in the slot: key of slot i at keys + (i << shift).
struct index_keys {
	const char *keys;
	uint32_t shift;
};

struct index {
	struct index_bucket *buckets; // all zero: empty
	uint32_t n_buckets;	      // any number from 2
	uint64_t seed[2];	      // secret: nobody can choose keys that share a bucket
	struct index_keys kinds[INDEX_KINDS];
};

static inline uint32_t index_entry(enum index_kind kind, uint32_t ref)
{
	return (uint32_t)kind << 30 | ref;
}

static inline enum index_kind index_entry_kind(uint32_t entry)
{
	return (enum index_kind)(entry >> 30);
}

// slot + 1 of an entry.
static inline uint32_t index_entry_ref(uint32_t entry)
{
	return entry & 0x3fffffff;
}

uint64_t index_hash(const struct index *index, const void *key);

// The entry of a key, 0 when absent.
uint32_t index_lookup(const struct index *index, const void *key);

// The same for n <= INDEX_BULK_MAX keys of 16 bytes in an array, with overlapping cache misses.
void index_lookup_bulk(const struct index *index, const void *keys, unsigned n, uint32_t *entries);

// Starts loading the bucket of a key.
void index_prefetch(const struct index *index, const void *key);

// Insert if absent. 0; -EEXIST with the present entry in *existing; -EAGAIN when the writer word
// could not be had; -ENOSPC when both buckets are full.
int index_insert(struct index *index, const void *key, uint32_t entry, uint32_t *existing);

// Removes `entry` if it is there: anybody may do so, any number of times, within one grace period.
// Returns 1 when this call removed it, else 0.
int index_remove(struct index *index, const void *key, uint32_t entry);
