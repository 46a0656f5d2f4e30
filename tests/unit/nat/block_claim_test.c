// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Port blocks: which there are, who gets them and when they go back.
#include <stdlib.h>

#include "dataplane/session/blocks.h"
#include "tests/unit/nat/fixture.h"

#define SEED 6888

// The ranges of an interface's own address.
static const struct port_range kernel[] = { { 1024, 10239 }, { 32768, 65535 } };

static uint32_t count(
	const struct portset *ps, const struct port_range *r, unsigned n, uint32_t units)
{
	uint64_t marked[PORT_UNIT_WORDS] = { 0 };

	blocks_mark(r, n, units, marked);
	return blocks_count(ps, marked, units);
}

// Block by block, as docs/nat.md says it.
static uint32_t count_slowly(const struct port_range *r, unsigned n, uint32_t size)
{
	uint32_t blocks = 0;

	for (uint32_t first = 0; first < 65536; first += size)
		for (unsigned i = 0; i < n; i++)
			blocks += first >= r[i].first && first + size - 1 <= r[i].last;
	return blocks;
}

static void test_blocks_of_ranges(void **state)
{
	const struct port_range one[] = { { 1024, 1087 } }, less[] = { { 1025, 1151 } };
	const struct port_range top[] = { { 65471, 65535 } };

	assert_int_equal(count(NULL, kernel, 2, 1), (9216 + 32768) / 64);
	assert_int_equal(count(NULL, one, 1, 1), 1);
	assert_int_equal(count(NULL, less, 1, 1), 1);
	assert_int_equal(count(NULL, less, 1, 2), 0);
	assert_int_equal(count(NULL, top, 1, 1), 1);
	assert_int_equal(count(NULL, kernel, 2, 64), 1 + 8);
	srandom(SEED);
	for (unsigned i = 0; i < 2000; i++) {
		uint32_t units = 1u << random() % 7, first = 1024 + (uint32_t)random() % 60000;
		struct port_range r[2] = { { 1024, (uint16_t)(first - 1) },
			{ (uint16_t)first,
				(uint16_t)(first + (uint32_t)random() % (65536 - first)) } };

		assert_int_equal(count(NULL, r, 2, units), count_slowly(r, 2, units * PORT_UNIT));
	}
	for (uint32_t units = 1; units <= PORT_UNITS_BLOCK; units *= 2)
		for (uint32_t port = 0; port < 65536; port += 63) {
			struct port_range r = block_range(block_of((uint16_t)port, units), units);

			assert_int_equal(r.first % (units * PORT_UNIT), 0);
			assert_in_range(port, r.first, r.last);
			assert_int_equal(r.last - r.first + 1, units * PORT_UNIT);
		}
}

static uint16_t claim(struct nat_fixture *f, uint32_t units, uint32_t host)
{
	return block_claim(f->pool[0].portset, PORT_UDP, kernel, 2, units, host, &f->w.rng);
}

static void give_back(struct nat_fixture *f, uint16_t block, uint32_t units, uint32_t host)
{
	block_put(f->pool[0].portset, block);
	assert_true(block_end(f->pool[0].portset, block, host));
	block_free(f->pool[0].portset, block, units);
}

static void test_every_block_is_claimed_once(void **state)
{
	struct nat_fixture f;

	nat_init(&f, 16, 16);
	for (uint32_t units = 1; units <= PORT_UNITS_BLOCK; units *= 2) {
		uint32_t n = count(NULL, kernel, 2, units);
		bool seen[PORT_UNITS + 1] = { false };

		for (uint32_t i = 0; i < n; i++) {
			uint16_t block = claim(&f, units, i + 1);
			struct port_range r;

			assert_int_not_equal(block, 0);
			r = block_range(block, units);
			assert_true(port_ranges_have(kernel, 2, r.first));
			assert_true(port_ranges_have(kernel, 2, r.last));
			assert_false(seen[block]);
			seen[block] = true;
			assert_int_equal(block_holder(f.pool[0].portset, block),
				(uint64_t)(i + 1) << 32 | 1);
			give_back(&f, block, units, i + 1);
			// It may come again: taken for good by the next line.
			assert_true(block_claim(f.pool[0].portset, PORT_UDP, &r, 1, units, i + 1,
					    &f.w.rng) == block);
		}
		assert_int_equal(claim(&f, units, 1), 0);
		assert_int_equal(blocks_used(f.pool[0].portset), n);
		for (uint32_t b = 1; b <= PORT_UNITS; b++)
			if (seen[b])
				give_back(&f, (uint16_t)b, units,
					(uint32_t)(block_holder(f.pool[0].portset, (uint16_t)b) >>
						   32));
	}
	assert_int_equal(blocks_used(f.pool[0].portset), 0);
	nat_done(&f);
}

// A rule's block size has changed, and its old blocks are still there.
static void test_sizes_exclude_each_other(void **state)
{
	const struct port_range range = { 4096, 4096 + 255 };
	struct portset *ps;
	struct nat_fixture f;
	uint16_t small, large;

	nat_init(&f, 16, 16);
	ps = f.pool[0].portset;
	small = block_claim(ps, PORT_UDP, &range, 1, 1, 7, &f.w.rng);
	assert_int_not_equal(small, 0);
	assert_int_equal(block_claim(ps, PORT_UDP, &range, 1, 4, 8, &f.w.rng), 0);
	large = block_claim(ps, PORT_UDP, &range, 1, 2, 8, &f.w.rng);
	assert_int_not_equal(large, 0);
	assert_true((large - 1) / 2 != (small - 1) / 2);
	give_back(&f, small, 1, 7);
	small = block_claim(ps, PORT_UDP, &range, 1, 2, 7, &f.w.rng);
	assert_int_not_equal(small, 0);
	assert_int_equal(block_claim(ps, PORT_UDP, &range, 1, 1, 9, &f.w.rng), 0);
	give_back(&f, small, 2, 7);
	give_back(&f, large, 2, 8);
	nat_done(&f);
}

static void test_nobody_else_gets_hold_of_a_block(void **state)
{
	struct portset *ps;
	struct nat_fixture f;
	uint16_t block;

	nat_init(&f, 16, 16);
	ps = f.pool[0].portset;
	block = claim(&f, 2, 7);
	assert_false(block_get(ps, block, 8));
	assert_false(block_end(ps, block, 7)); // in use
	assert_true(block_get(ps, block, 7));
	block_put(ps, block);
	block_put(ps, block);
	assert_false(block_end(ps, block, 8));
	assert_true(block_end(ps, block, 7));
	assert_false(block_get(ps, block, 7)); // it is not claimed again before it is free
	assert_int_equal(blocks_used(ps), 1);
	block_free(ps, block, 2);
	nat_done(&f);
}

static void test_reserved_blocks_are_passed_over(void **state)
{
	const struct port_range range = { 4096, 4096 + 255 }, gap = { 4096, 4096 + 190 };
	struct portset *ps;
	struct nat_fixture f;
	uint16_t block;

	nat_init(&f, 16, 16);
	ps = f.pool[0].portset;
	for (unsigned class = 0; class < PORT_CLASSES; class ++)
		portset_reserve(ps, class, gap);
	assert_int_equal(count(ps, &range, 1, 1), 2);
	assert_int_equal(count(ps, &range, 1, 2), 1);
	block = block_claim(ps, PORT_UDP, &range, 1, 2, 7, &f.w.rng);
	assert_int_equal(block, block_of(4096 + 128, 2));
	assert_int_equal(block_claim(ps, PORT_UDP, &range, 1, 2, 7, &f.w.rng), 0);
	give_back(&f, block, 2, 7);
	portset_unreserve(ps, PORT_TCP, gap); // some class will do for the count
	assert_int_equal(count(ps, &range, 1, 2), 2);
	assert_int_equal(block_claim(ps, PORT_UDP, (struct port_range[]){ { 4096, 4223 } }, 1, 2, 7,
				 &f.w.rng),
		0);
	nat_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_of_ranges),
		cmocka_unit_test(test_every_block_is_claimed_once),
		cmocka_unit_test(test_sizes_exclude_each_other),
		cmocka_unit_test(test_nobody_else_gets_hold_of_a_block),
		cmocka_unit_test(test_reserved_blocks_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
