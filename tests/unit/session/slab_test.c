// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Slabs: every slot once, none twice, chains, the high-water mark.
#include "tests/unit/session/fixture.h"

#define SLOTS 100

struct slot {
	uint32_t payload;
	_Atomic uint32_t next;
};

struct fixture {
	struct slab_head head;
	struct slot slots[SLOTS];
	struct slab slab;
};

static void init(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	f->slab = (struct slab){ .head = &f->head,
		.links = (char *)f->slots + offsetof(struct slot, next),
		.stride = sizeof(struct slot),
		.capacity = SLOTS };
}

static void test_all_slots_once(void **state)
{
	struct fixture f;
	bool seen[SLOTS + 1] = { false };

	init(&f);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < SLOTS; i++) {
			uint32_t ref = slab_alloc(&f.slab);

			assert_in_range(ref, 1, SLOTS);
			assert_false(seen[ref]);
			seen[ref] = true;
		}
		assert_int_equal(slab_alloc(&f.slab), 0);
		assert_int_equal(slab_used(&f.slab), SLOTS);
		for (uint32_t ref = 1; ref <= SLOTS; ref++) {
			slab_free(&f.slab, ref);
			seen[ref] = false;
		}
		assert_int_equal(slab_used(&f.slab), 0);
	}
}

static void test_high_water(void **state)
{
	struct fixture f;

	init(&f);
	assert_int_equal(slab_high(&f.slab), 0);
	for (unsigned i = 0; i < 10; i++)
		slab_free(&f.slab, slab_alloc(&f.slab));
	assert_int_equal(slab_high(&f.slab), 1);
	slab_alloc(&f.slab);
	slab_alloc(&f.slab);
	assert_int_equal(slab_high(&f.slab), 2);
}

static void test_chain(void **state)
{
	struct slab_chain chain = { 0 };
	struct fixture f;

	init(&f);
	slab_free_chain(&f.slab, &chain);
	assert_int_equal(slab_used(&f.slab), 0);
	for (unsigned i = 0; i < SLOTS; i++)
		slab_alloc(&f.slab);
	for (uint32_t ref = 1; ref <= SLOTS; ref += 2)
		slab_chain(&f.slab, &chain, ref);
	slab_free_chain(&f.slab, &chain);
	assert_int_equal(slab_used(&f.slab), SLOTS / 2);
	for (unsigned i = 0; i < SLOTS / 2; i++)
		assert_int_equal(slab_alloc(&f.slab) % 2, 1);
	assert_int_equal(slab_alloc(&f.slab), 0);
}

static void test_second(void **state)
{
	struct fixture f;
	uint32_t refs[4];

	init(&f);
	for (unsigned i = 0; i < 4; i++) { // never used, in order
		uint32_t second = slab_second(&f.slab);

		refs[i] = slab_alloc(&f.slab);
		assert_int_equal(second, refs[i] + 1);
	}
	for (unsigned i = 0; i < 3; i++)
		slab_free(&f.slab, refs[i]);
	assert_int_equal(slab_second(&f.slab), refs[1]);
	assert_int_equal(slab_alloc(&f.slab), refs[2]);
	assert_int_equal(slab_second(&f.slab), refs[0]);
	assert_int_equal(slab_alloc(&f.slab), refs[1]);
	assert_int_equal(slab_second(&f.slab), 0); // the last one that was used before
	while (slab_used(&f.slab) < SLOTS - 1)
		slab_alloc(&f.slab);
	assert_int_equal(slab_second(&f.slab), 0);
	slab_alloc(&f.slab);
	assert_int_equal(slab_second(&f.slab), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_slots_once),
		cmocka_unit_test(test_high_water),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
