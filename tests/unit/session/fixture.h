// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the tests of sessions and NAT share: small tables, keys, a grace period of their own, and
// checks that nothing is left over.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/session/sweeper.h"
#include "dataplane/session/table.h"

#define FIXTURE_THREADS 8

// Readers announce the last epoch that they have seen between two walks.
struct test_grace {
	_Atomic uint64_t epoch;
	unsigned n_threads;
	struct {
		alignas(64) _Atomic uint64_t seen;
	} thread[FIXTURE_THREADS];
};

static inline uint64_t test_grace_start(void *ctx)
{
	struct test_grace *g = ctx;

	return atomic_fetch_add(&g->epoch, 1) + 1;
}

static inline bool test_grace_passed(void *ctx, uint64_t token)
{
	struct test_grace *g = ctx;

	for (unsigned i = 0; i < g->n_threads; i++)
		if (atomic_load(&g->thread[i].seen) < token)
			return false;
	return true;
}

static inline void test_quiescent(struct test_grace *g, unsigned thread)
{
	atomic_store(&g->thread[thread].seen, atomic_load(&g->epoch));
}

// From here on the thread holds no reference.
static inline void test_offline(struct test_grace *g, unsigned thread)
{
	atomic_store(&g->thread[thread].seen, UINT64_MAX);
}

static inline struct session_key test_key(const char *src, uint16_t sport, const char *dst,
	uint16_t dport, uint8_t proto, uint8_t side)
{
	return (struct session_key){ .src = inet_addr(src),
		.dst = inet_addr(dst),
		.sport = htons(sport),
		.dport = htons(dport),
		.proto = proto,
		.side = side };
}

static inline void test_table(
	struct session_table *t, uint32_t sessions, uint32_t hosts, uint32_t nat_addresses)
{
	const struct session_table_conf conf = {
		.sizes = { .sessions = sessions, .hosts = hosts, .nat_addresses = nat_addresses },
		.timers = SESSION_TIMERS_DEFAULT,
	};

	assert_int_equal(session_table_create(t, &conf), 0);
}

// The next live session at or after *slot, which is moved beyond it; NULL at the end.
static inline const struct session *session_next(const struct session_table *t, uint32_t *slot)
{
	while (*slot < slab_high(&t->slabs[ARENA_SESSIONS])) {
		const struct session *s = &t->sessions[(*slot)++];

		if ((atomic_load(&s->life) & SESSION_STATE_MASK) == SESSION_LIVE)
			return s;
	}
	return NULL;
}

// No key in any bucket, no overflow, no writer.
static inline void test_index_empty(const struct index *index)
{
	for (uint32_t b = 0; b < index->n_buckets; b++) {
		for (unsigned i = 0; i < INDEX_PLACES; i++)
			assert_int_equal(index->buckets[b].entry[i], 0);
		assert_int_equal(index->buckets[b].writer, 0);
		assert_int_equal(index->buckets[b].overflow, 0);
	}
}

// Each entry is in one of its key's two buckets, no key is there twice, and the overflow counts
// are exact. The test knows how a hash becomes a bucket.
static inline void test_index_consistent(const struct index *index)
{
	uint32_t entries = 0, overflow = 0, counted = 0;

	for (uint32_t b = 0; b < index->n_buckets; b++) {
		assert_int_equal(index->buckets[b].writer, 0);
		counted += index->buckets[b].overflow;
		for (unsigned i = 0; i < INDEX_PLACES; i++) {
			uint32_t entry = index->buckets[b].entry[i];
			const struct index_keys *kind = &index->kinds[index_entry_kind(entry)];
			const char *key;

			if (entry == 0)
				continue;
			assert_int_not_equal(entry, INDEX_RESERVED);
			key = kind->keys + ((uint64_t)(index_entry_ref(entry) - 1) << kind->shift);
			assert_int_equal(index_lookup(index, key), entry);
			entries++;
			overflow += (index_hash(index, key) >> 32) * index->n_buckets >> 32 != b;
		}
	}
	assert_int_equal(overflow, counted);
	assert_true(entries <= index->n_buckets * INDEX_PLACES);
}

// All slots, ports, blocks and index places are free.
static inline void test_table_empty(const struct session_table *t)
{
	for (unsigned kind = 0; kind < ARENA_SLABS; kind++)
		assert_int_equal(slab_used(&t->slabs[kind]), 0);
	test_index_empty(&t->index);
	for (uint32_t i = 0; i < t->portsets.n; i++) {
		const struct portset *ps = &t->portsets.sets[i];

		if (ps->state == PORTSET_FREE)
			continue;
		for (unsigned c = 0; c < PORT_CLASSES; c++) {
			assert_int_equal(portset_used(ps, c), 0);
			for (uint32_t w = 0; w < PORT_WORDS; w++)
				assert_int_equal(portset_space(ps, c)->claimed[w], 0);
			for (uint32_t p = 0; p < 65536; p++)
				assert_int_equal(portset_owner(ps, c, (uint16_t)p), 0);
		}
		assert_int_equal(atomic_load(&ps->blocks_used), 0);
		for (uint32_t u = 0; u < PORT_UNITS; u++) {
			assert_int_equal(portset_tables(ps)->blocks.taken[u / 64], 0);
			assert_int_equal(portset_tables(ps)->blocks.holder[u], 0);
		}
	}
}

// Sweeps until nothing waits for a grace period any more: three rounds, because sessions hold
// mappings, and both hold hosts.
static inline void test_drain(struct sweeper *s, struct test_grace *g, uint32_t tick)
{
	for (unsigned round = 0; round < 1000; round++) {
		bool idle;

		while (!sweeper_step(s, tick, 1000))
			;
		for (unsigned i = 0; i < g->n_threads; i++)
			test_quiescent(g, i);
		idle = sweeper_idle(s);
		for (unsigned k = 0; k < ARENA_SLABS; k++)
			idle = idle && slab_used(&s->conf.table->slabs[k]) == 0;
		if (idle)
			return;
	}
}
