// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The index with one thread: protocol of inserts and removals, overflow, full buckets, bulk lookup.
#include "tests/unit/session/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	alignas(16) uint64_t key[2];
};

struct fixture {
	struct index index;
	struct slot *slots;
	uint32_t n_slots;
};

static void init(struct fixture *f, uint32_t n_buckets, uint32_t n_slots)
{
	f->n_slots = n_slots;
	f->slots = aligned_alloc(64, (n_slots + 4) / 4 * 64);
	assert_non_null(f->slots);
	for (uint32_t i = 0; i < n_slots; i++)
		f->slots[i] = (struct slot){ { i + 1, 0x0101010101010101ull * (i % 251) } };
	f->index = (struct index){ .n_buckets = n_buckets,
		.seed = { 0x243f6a8885a308d3, 0x13198a2e03707344 },
		.buckets = aligned_alloc(64, n_buckets * sizeof(struct index_bucket)) };
	assert_non_null(f->index.buckets);
	memset(f->index.buckets, 0, n_buckets * sizeof(struct index_bucket));
	for (unsigned kind = 0; kind < INDEX_KINDS; kind++)
		f->index.kinds[kind] = (struct index_keys){ (const char *)f->slots, 4 };
}

static void done(struct fixture *f)
{
	free(f->slots);
	free(f->index.buckets);
}

static int insert(struct fixture *f, uint32_t slot, uint32_t *existing)
{
	return index_insert(&f->index, &f->slots[slot],
		index_entry((enum index_kind)(slot % INDEX_KINDS), slot + 1), existing);
}

static int take_out(struct fixture *f, uint32_t slot)
{
	return index_remove(&f->index, &f->slots[slot],
		index_entry((enum index_kind)(slot % INDEX_KINDS), slot + 1));
}

static void test_insert_lookup_remove(void **state)
{
	struct fixture f;
	uint32_t other;

	init(&f, 7, 8);
	for (uint32_t i = 0; i < f.n_slots; i++) {
		uint32_t entry = index_entry((enum index_kind)(i % INDEX_KINDS), i + 1);

		assert_int_equal(index_lookup(&f.index, &f.slots[i]), 0);
		assert_int_equal(insert(&f, i, &other), 0);
		assert_int_equal(index_lookup(&f.index, &f.slots[i]), entry);
		assert_int_equal(insert(&f, i, &other), -EEXIST);
		assert_int_equal(other, entry);
	}
	for (uint32_t i = 0; i < f.n_slots; i++) {
		assert_int_equal(take_out(&f, i), 1);
		assert_int_equal(take_out(&f, i), 0);
		assert_int_equal(index_lookup(&f.index, &f.slots[i]), 0);
	}
	test_index_empty(&f.index);
	done(&f);
}

static void test_removal_of_another_entry_is_nothing(void **state)
{
	struct fixture f;
	uint32_t other;

	init(&f, 2, 2);
	f.slots[1] = f.slots[0];
	assert_int_equal(insert(&f, 0, &other), 0);
	assert_int_equal(take_out(&f, 1), 0);
	assert_int_not_equal(index_lookup(&f.index, &f.slots[0]), 0);
	done(&f);
}

// Two buckets are each other's second one: all 16 places fill, the next key has no place.
static void test_full(void **state)
{
	struct fixture f;
	uint32_t other;

	init(&f, 2, 17);
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 16; i++)
			assert_int_equal(insert(&f, i, &other), 0);
		test_index_consistent(&f.index);
		assert_int_equal(insert(&f, 16, &other), -ENOSPC);
		test_index_consistent(&f.index);
		for (uint32_t i = 0; i < 16; i++)
			assert_int_equal(insert(&f, i, &other), -EEXIST);
		assert_int_equal(take_out(&f, 5), 1);
		assert_int_equal(insert(&f, 16, &other), 0);
		assert_int_equal(take_out(&f, 16), 1);
		for (uint32_t i = 0; i < 16; i++)
			assert_int_equal(take_out(&f, i), i != 5);
		test_index_empty(&f.index);
	}
	done(&f);
}

// A writer that does not come back: inserts give up, lookups and removals do not need the bit.
static void test_held_writer_bit(void **state)
{
	struct fixture f;
	uint32_t other;

	init(&f, 2, 3);
	assert_int_equal(insert(&f, 0, &other), 0);
	for (uint32_t b = 0; b < 2; b++)
		f.index.buckets[b].writer = 1;
	assert_int_equal(insert(&f, 1, &other), -EAGAIN);
	assert_int_not_equal(index_lookup(&f.index, &f.slots[0]), 0);
	assert_int_equal(take_out(&f, 0), 1);
	for (uint32_t b = 0; b < 2; b++)
		f.index.buckets[b].writer = 0;
	assert_int_equal(insert(&f, 1, &other), 0);
	done(&f);
}

static void test_bulk_is_single(void **state)
{
	enum { SLOTS = 3000 };
	uint64_t keys[INDEX_BULK_MAX][2];
	uint32_t entries[INDEX_BULK_MAX];
	struct fixture f;
	uint32_t other;

	init(&f, SLOTS / 6, SLOTS); // 75 % full: many overflow
	for (uint32_t i = 0; i < SLOTS; i += 2)
		assert_int_equal(insert(&f, i, &other), 0);
	for (unsigned n = 0; n <= INDEX_BULK_MAX; n += n < 70 ? 1 : 62) {
		for (unsigned i = 0; i < n; i++)
			memcpy(keys[i], &f.slots[(i * 7 + n * 13) % SLOTS], 16);
		memset(entries, 0xaa, sizeof(entries));
		index_lookup_bulk(&f.index, keys, n, entries);
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(entries[i], index_lookup(&f.index, keys[i]));
			assert_true((entries[i] != 0) == (((i * 7 + n * 13) % SLOTS) % 2 == 0));
		}
		for (unsigned i = n; i < INDEX_BULK_MAX; i++)
			assert_int_equal(entries[i], 0xaaaaaaaa);
	}
	test_index_consistent(&f.index);
	done(&f);
}

// At the load of a full session table, three keys per bucket, hardly any key is refused.
static void test_design_load(void **state)
{
	enum { BUCKETS = 50000, SLOTS = BUCKETS * 3 };
	uint32_t refused = 0, other;
	struct fixture f;

	init(&f, BUCKETS, SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++)
		refused += insert(&f, i, &other) == -ENOSPC;
	assert_in_range(refused, 0, SLOTS / 10000);
	test_index_consistent(&f.index);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_insert_lookup_remove),
		cmocka_unit_test(test_removal_of_another_entry_is_nothing),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_held_writer_bit),
		cmocka_unit_test(test_bulk_is_single),
		cmocka_unit_test(test_design_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
