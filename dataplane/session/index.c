// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The index: hash, tag match and the two-bucket protocol.
//
// A place is free (0), RESERVED, or holds an entry. It is claimed by compare-and-swap, because as
// a second bucket a bucket is shared with writers of other buckets; then the tag is written,
// then the entry (release). The overflow count of the first bucket is raised before an entry shows
// up in the second one and lowered after it has gone, so that a reader that sees 0 need not look.
// Entries never move, so nobody can overlook one that was there all the time.
#include "dataplane/session/index.h"

#include <errno.h>
#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define UNLIKELY(x)  __builtin_expect(!!(x), 0) // this file does without DPDK
#define INSERT_SPINS 256 // of one pause each: some 10 us, longer than any insert that runs
#define BULK_CHUNK   64	 // buckets and slots of a chunk stay in the first-level cache

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_of(const struct index *index, const void *key)
{
	uint64_t w[2];

	memcpy(w, key, sizeof(w));
	return fold(fold(w[0] ^ index->seed[0], w[1] ^ index->seed[1]) ^ index->seed[0],
		0x9e3779b97f4a7c15ull);
}

uint64_t index_hash(const struct index *index, const void *key)
{
	return hash_of(index, key);
}

static struct index_bucket *bucket_of(const struct index *index, uint64_t hash)
{
	return &index->buckets[(hash >> 32) * index->n_buckets >> 32];
}

static struct index_bucket *second_of(
	const struct index *index, const struct index_bucket *first, uint64_t hash)
{
	uint64_t other = (hash * 0xd6e8feb86659fd93ull) >> 32;
	uint64_t n = other * index->n_buckets >> 32;

	if (&index->buckets[n] == first)
		n = n + 1 == index->n_buckets ? 0 : n + 1;
	return &index->buckets[n];
}

static const char *key_of(const struct index *index, uint32_t entry)
{
	const struct index_keys *kind = &index->kinds[index_entry_kind(entry)];

	return kind->keys + ((uint64_t)(index_entry_ref(entry) - 1) << kind->shift);
}

static bool key_equal(const void *a, const void *b)
{
	__m128i x = _mm_loadu_si128((const __m128i *)a);
	__m128i y = _mm_loadu_si128((const __m128i *)b);
	__m128i differ = _mm_xor_si128(x, y);

	return _mm_testz_si128(differ, differ);
}

// Bit i is set where tag i is the hash's.
static unsigned match_tags(const struct index_bucket *b, uint64_t hash)
{
	uint64_t low = atomic_load_explicit(&b->tags[0], memory_order_relaxed);
	uint64_t high = atomic_load_explicit(&b->tags[1], memory_order_relaxed);
	__m128i tags = _mm_set_epi64x((int64_t)high, (int64_t)low);
	__m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16((int16_t)hash));

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
}

static uint32_t entry_at(const struct index_bucket *b, unsigned place)
{
	return atomic_load_explicit(&b->entry[place], memory_order_acquire);
}

static uint32_t find_in(
	const struct index *index, const struct index_bucket *b, uint64_t hash, const void *key)
{
	for (unsigned mask = match_tags(b, hash); mask != 0; mask &= mask - 1) {
		uint32_t entry = entry_at(b, (unsigned)__builtin_ctz(mask));

		if (entry != 0 && entry != INDEX_RESERVED && key_equal(key_of(index, entry), key))
			return entry;
	}
	return 0;
}

static bool overflows(const struct index_bucket *b)
{
	return atomic_load_explicit(&b->overflow, memory_order_acquire) != 0;
}

static uint32_t find(
	const struct index *index, const struct index_bucket *first, uint64_t hash, const void *key)
{
	uint32_t entry = find_in(index, first, hash, key);

	if (entry == 0 && overflows(first))
		entry = find_in(index, second_of(index, first, hash), hash, key);
	return entry;
}

uint32_t index_lookup(const struct index *index, const void *key)
{
	uint64_t hash = index_hash(index, key);

	return find(index, bucket_of(index, hash), hash, key);
}

// The first entry that the key may have, 0 when there is none, and starts loading its slot. The
// places of a bucket are filled from the first one on, and tags of 16 bits seldom lie.
static inline uint32_t candidate(
	const struct index *index, const struct index_bucket *b, uint64_t hash, const char **key)
{
	unsigned mask = match_tags(b, hash);
	uint32_t entry;

	if (UNLIKELY(mask == 0)) {
		if (overflows(b))
			__builtin_prefetch(second_of(index, b, hash));
		return 0;
	}
	entry = entry_at(b, (unsigned)__builtin_ctz(mask));
	if (UNLIKELY(entry == 0 || entry == INDEX_RESERVED))
		return 0;
	*key = key_of(index, entry);
	__builtin_prefetch(*key);
	return entry;
}

static void lookup_chunk(const struct index *index, const char *keys, unsigned n, uint32_t *entries)
{
	const struct index_bucket *buckets[BULK_CHUNK];
	const char *found[BULK_CHUNK];
	uint64_t hashes[BULK_CHUNK];

	for (unsigned i = 0; i < n; i++) {
		hashes[i] = hash_of(index, keys + i * 16);
		buckets[i] = bucket_of(index, hashes[i]);
		__builtin_prefetch(buckets[i]);
	}
	for (unsigned i = 0; i < n; i++)
		entries[i] = candidate(index, buckets[i], hashes[i], &found[i]);
	for (unsigned i = 0; i < n; i++)
		if (UNLIKELY(entries[i] == 0 || !key_equal(found[i], keys + i * 16)))
			entries[i] = find(index, buckets[i], hashes[i], keys + i * 16);
}

void index_lookup_bulk(const struct index *index, const void *keys, unsigned n, uint32_t *entries)
{
	const char *key = keys;

	for (unsigned done = 0; done < n; done += BULK_CHUNK) {
		unsigned chunk = n - done < BULK_CHUNK ? n - done : BULK_CHUNK;

		lookup_chunk(index, key + done * 16, chunk, entries + done);
	}
}

void index_prefetch(const struct index *index, const void *key)
{
	__builtin_prefetch(bucket_of(index, index_hash(index, key)));
}

static bool lock(struct index_bucket *b)
{
	for (unsigned i = 0; i < INSERT_SPINS; i++) {
		if (atomic_load_explicit(&b->writer, memory_order_relaxed) == 0 &&
			atomic_exchange_explicit(&b->writer, 1, memory_order_acquire) == 0)
			return true;
		_mm_pause();
	}
	return false;
}

static void unlock(struct index_bucket *b)
{
	atomic_store_explicit(&b->writer, 0, memory_order_release);
}

static bool put_in(struct index_bucket *b, uint64_t hash, uint32_t entry)
{
	for (unsigned i = 0; i < INDEX_PLACES; i++) {
		uint32_t none = 0;

		if (atomic_load_explicit(&b->entry[i], memory_order_relaxed) != 0 ||
			!atomic_compare_exchange_strong_explicit(&b->entry[i], &none,
				INDEX_RESERVED, memory_order_acquire, memory_order_relaxed))
			continue;
		atomic_store_explicit(&b->tag[i], (uint16_t)hash, memory_order_relaxed);
		atomic_store_explicit(&b->entry[i], entry, memory_order_release);
		return true;
	}
	return false;
}

static int put(struct index *index, struct index_bucket *first, uint64_t hash, uint32_t entry)
{
	if (put_in(first, hash, entry))
		return 0;
	atomic_fetch_add_explicit(&first->overflow, 1, memory_order_relaxed);
	if (put_in(second_of(index, first, hash), hash, entry))
		return 0;
	atomic_fetch_sub_explicit(&first->overflow, 1, memory_order_relaxed);
	return -ENOSPC;
}

int index_insert(struct index *index, const void *key, uint32_t entry, uint32_t *existing)
{
	uint64_t hash = index_hash(index, key);
	struct index_bucket *first = bucket_of(index, hash);
	int rc;

	if (!lock(first))
		return -EAGAIN;
	*existing = find(index, first, hash, key);
	rc = *existing != 0 ? -EEXIST : put(index, first, hash, entry);
	unlock(first);
	return rc;
}

static int take_out(struct index_bucket *b, uint32_t entry)
{
	for (unsigned i = 0; i < INDEX_PLACES; i++) {
		uint32_t seen = entry;

		if (atomic_load_explicit(&b->entry[i], memory_order_relaxed) == entry &&
			atomic_compare_exchange_strong_explicit(
				&b->entry[i], &seen, 0, memory_order_release, memory_order_relaxed))
			return 1;
	}
	return 0;
}

int index_remove(struct index *index, const void *key, uint32_t entry)
{
	uint64_t hash = index_hash(index, key);
	struct index_bucket *first = bucket_of(index, hash);

	if (take_out(first, entry))
		return 1;
	if (!overflows(first) || !take_out(second_of(index, first, hash), entry))
		return 0;
	atomic_fetch_sub_explicit(&first->overflow, 1, memory_order_release);
	return 1;
}
