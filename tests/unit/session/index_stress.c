// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The index under several threads, instrumented by ThreadSanitizer: few buckets and few keys, so
// that every insert meets others. Threads insert, look up, remove and reuse slots after a grace
// period; somebody else's removal is helped. At the end nothing is lost and nothing is left.
#include "tests/unit/session/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS	  8
#define KEYS	  56 // of 64 places: buckets overflow, now and then both are full
#define SLOTS	  8192
#define OWN_MAX	  24
#define LIMBO_MAX 1024

struct slot {
	alignas(16) uint64_t key[2];
	_Atomic uint32_t dying; // its owner has given it up: anybody may remove it
	_Atomic uint32_t next;
	uint64_t spare;
};

struct world {
	struct index index;
	struct slab slab;
	struct slab_head head;
	alignas(64) struct index_bucket buckets[BUCKETS];
	struct slot slots[SLOTS];
	struct test_grace grace;
	_Atomic uint32_t owners[KEYS]; // threads that have this key in the index: 0 or 1
	unsigned rounds;	       // of each thread
};

struct thread {
	pthread_t id;
	struct world *world;
	unsigned number;
	uint64_t rng;
	uint32_t own[KEYS]; // slot + 1
	unsigned n_own;
	struct {
		uint32_t ref;
		uint64_t token;
	} limbo[LIMBO_MAX];
	unsigned limbo_first, limbo_n;
	// What went wrong, and what happened at all.
	uint64_t duplicates, lost, foreign, inserted, existed, full, busy, helped;
};

static uint32_t random_below(struct thread *t, uint32_t n)
{
	t->rng = t->rng * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((t->rng >> 33) % n);
}

static void key_of(uint32_t number, uint64_t *key)
{
	key[0] = number;
	key[1] = ~(uint64_t)number;
}

static uint32_t entry_of(uint32_t ref)
{
	return index_entry(INDEX_SESSION_FORWARD, ref);
}

static void free_oldest(struct thread *t)
{
	struct world *w = t->world;

	while (t->limbo_n != 0 && test_grace_passed(&w->grace, t->limbo[t->limbo_first].token)) {
		slab_free(&w->slab, t->limbo[t->limbo_first].ref);
		t->limbo_first = (t->limbo_first + 1) % LIMBO_MAX;
		t->limbo_n--;
	}
}

static void to_limbo(struct thread *t, uint32_t ref)
{
	unsigned last = (t->limbo_first + t->limbo_n++) % LIMBO_MAX;

	t->limbo[last].ref = ref;
	t->limbo[last].token = test_grace_start(&t->world->grace);
}

static void insert(struct thread *t, uint32_t number)
{
	struct world *w = t->world;
	uint32_t ref = slab_alloc(&w->slab), other = 0;
	struct slot *slot = &w->slots[ref - 1];
	int rc;

	key_of(number, slot->key);
	atomic_store(&slot->dying, 0);
	rc = index_insert(&w->index, slot->key, entry_of(ref), &other);
	if (rc == 0) {
		t->duplicates += atomic_fetch_add(&w->owners[number], 1) != 0;
		t->own[number] = ref;
		t->n_own++;
		t->inserted++;
		return;
	}
	t->full += rc == -ENOSPC;
	t->busy += rc == -EAGAIN;
	if (rc == -EEXIST) {
		struct slot *winner = &w->slots[index_entry_ref(other) - 1];

		t->existed++;
		t->foreign += memcmp(winner->key, slot->key, 16) != 0;
		t->lost += t->own[number] != 0 && other != entry_of(t->own[number]);
		if (atomic_load(&winner->dying))
			t->helped += (unsigned)index_remove(&w->index, slot->key, other);
	}
	slab_free(&w->slab, ref); // nobody has seen it
}

// A key that is mine is found, whatever the others do; any other entry is of the right key.
static void look(struct thread *t)
{
	uint64_t keys[KEYS][2];
	uint32_t entries[KEYS];

	for (uint32_t i = 0; i < KEYS; i++)
		key_of(i, keys[i]);
	index_lookup_bulk(&t->world->index, keys, KEYS, entries);
	for (uint32_t i = 0; i < KEYS; i++) {
		if (t->own[i] != 0)
			t->lost += entries[i] != entry_of(t->own[i]);
		else if (entries[i] != 0)
			t->foreign += memcmp(t->world->slots[entries[i] - 1].key, keys[i], 16) != 0;
	}
}

static void take_out(struct thread *t, uint32_t number)
{
	struct world *w = t->world;
	uint32_t ref = t->own[number];
	struct slot *slot = &w->slots[ref - 1];

	t->own[number] = 0;
	t->n_own--;
	atomic_fetch_sub(&w->owners[number], 1);
	atomic_store(&slot->dying, 1);
	if (t->rng & 1 << 20)
		look(t); // time for somebody to help
	index_remove(&w->index, slot->key, entry_of(ref));
	to_limbo(t, ref);
}

static void *run(void *arg)
{
	struct thread *t = arg;
	struct world *w = t->world;

	for (unsigned round = 0; round < w->rounds; round++) {
		for (unsigned i = 0; i < 16; i++) {
			uint32_t number = random_below(t, KEYS);

			if (t->own[number] == 0 && t->n_own < OWN_MAX)
				insert(t, number);
			else if (t->own[number] != 0 && t->limbo_n < LIMBO_MAX)
				take_out(t, number);
		}
		look(t);
		test_quiescent(&w->grace, t->number);
		free_oldest(t);
		if (t->limbo_n == LIMBO_MAX)
			sched_yield();
	}
	test_offline(&w->grace, t->number);
	return NULL;
}

static void finish(struct thread *t)
{
	pthread_join(t->id, NULL);
	assert_int_equal(t->duplicates, 0);
	assert_int_equal(t->lost, 0);
	assert_int_equal(t->foreign, 0);
	assert_true(t->inserted > 100);
}

static void init(struct world *w, unsigned n_threads)
{
	memset(w, 0, sizeof(*w));
	w->index = (struct index){ .buckets = w->buckets,
		.n_buckets = BUCKETS,
		.seed = { 0x452821e638d01377, 0xbe5466cf34e90c6c } };
	for (unsigned kind = 0; kind < INDEX_KINDS; kind++)
		w->index.kinds[kind] = (struct index_keys){ (const char *)w->slots, 5 };
	w->slab = (struct slab){ .head = &w->head,
		.links = (char *)w->slots + offsetof(struct slot, next),
		.stride = sizeof(struct slot),
		.capacity = SLOTS };
	w->grace.n_threads = n_threads;
	w->rounds = getenv("VROUTER_TEST_LONG") != NULL ? 100000 : 6000;
}

static void stress(unsigned n_threads)
{
	struct world *w = aligned_alloc(64, sizeof(*w));
	struct thread *threads = calloc(n_threads, sizeof(*threads));

	static_assert(sizeof(struct slot) == 32, "shift 5");
	assert_non_null(w);
	assert_non_null(threads);
	init(w, n_threads);
	for (unsigned i = 0; i < n_threads; i++) {
		threads[i] = (struct thread){ .world = w, .number = i, .rng = i + 1 };
		assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
	}
	for (unsigned i = 0; i < n_threads; i++)
		finish(&threads[i]);
	test_index_consistent(&w->index);
	for (unsigned i = 0; i < n_threads; i++) {
		for (uint32_t k = 0; k < KEYS; k++)
			if (threads[i].own[k] != 0)
				take_out(&threads[i], k);
		free_oldest(&threads[i]);
		print_message("thread %u: %lu inserted, %lu existed, %lu full, %lu busy, "
			      "%lu helped\n",
			i, threads[i].inserted, threads[i].existed, threads[i].full,
			threads[i].busy, threads[i].helped);
	}
	test_index_empty(&w->index);
	assert_int_equal(slab_used(&w->slab), 0);
	free(threads);
	free(w);
}

static void test_two_threads(void **state)
{
	stress(2);
}

static void test_four_threads(void **state)
{
	stress(4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_four_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
