// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Port blocks: which there are, who gets them and when they go back; and that hosts of a rule with
// blocks have ports of their own blocks alone, whatever they do.
#include <stdlib.h>

#include "dataplane/session/blocks.h"
#include "tests/unit/nat/fixture.h"

#define HOSTS  16
#define FIRST  2048
#define BLOCKS 6 // of 64 ports, on each of two addresses
#define SEED   6888

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

struct world {
	struct nat_fixture f;
	uint32_t starts, ends;
	uint32_t owner[2][PORT_UNITS]; // as the log has it
};

static uint32_t *logged_owner(struct world *w, const struct port_block *b, unsigned unit)
{
	unsigned address = b->ext_addr == w->f.pool[1].addr;

	assert_int_equal(b->ext_addr, w->f.pool[address].addr);
	return &w->owner[address][b->range.first / PORT_UNIT + unit];
}

static void on_start(void *ctx, const struct port_block *b)
{
	struct world *w = ctx;

	for (unsigned u = 0; u < w->f.snat.block_units; u++) {
		assert_int_equal(*logged_owner(w, b, u), 0);
		*logged_owner(w, b, u) = b->host;
	}
	w->starts++;
}

static void on_end(void *ctx, const struct port_block *b)
{
	struct world *w = ctx;

	for (unsigned u = 0; u < w->f.snat.block_units; u++) {
		assert_int_equal(*logged_owner(w, b, u), b->host);
		*logged_owner(w, b, u) = 0;
	}
	w->ends++;
}

static struct world *make(uint32_t units, uint32_t max_blocks)
{
	struct world *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);

	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	nat_init(&w->f, 4096, HOSTS * 4);
	w->f.w.on_block = on_start;
	w->f.s.conf.on_block_end = on_end;
	w->f.w.on_block_ctx = w->f.s.conf.on_end_ctx = w;
	w->f.snat.block_units = (uint8_t)units;
	w->f.snat.max_blocks = (uint8_t)max_blocks;
	w->f.snat.n_pool = 1;
	for (unsigned i = 0; i < 2; i++)
		w->f.pool[i].ranges[0] =
			(struct port_range){ FIRST, FIRST + BLOCKS * PORT_UNIT - 1 };
	return w;
}

static void done(struct world *w)
{
	nat_done(&w->f);
	assert_int_equal(w->starts, w->ends);
	free(w);
}

static int flow(struct world *w, uint32_t host, uint16_t sport, uint16_t dport, uint16_t *port)
{
	struct nat_request rq = nat_flow(&w->f, host, sport, "198.51.100.9", dport, IPPROTO_UDP);
	uint32_t ref;
	int rc = nat_make(&w->f, &rq, &ref);
	const struct session *s;

	if (rc != 0)
		return rc;
	s = session_at(&w->f.t, ref);
	*port = ntohs(s->key[SESSION_REVERSE].dport);
	assert_int_not_equal(s->flags & SESSION_BLOCK, 0);
	// The log tells whose port it is.
	assert_int_equal(
		w->owner[s->key[SESSION_REVERSE].dst == w->f.pool[1].addr][*port / PORT_UNIT],
		s->key[SESSION_FORWARD].src);
	return 0;
}

static void test_ports_come_from_own_blocks(void **state)
{
	struct world *w = make(1, 2);
	uint16_t port, kept, first;

	assert_int_equal(flow(w, 1, 5000, 53, &first), 0);
	assert_int_equal(w->starts, 1);
	// A free port of its own block is kept, of another block it is not.
	kept = (uint16_t)(first / 64 * 64 + (first % 64 + 1) % 64);
	assert_int_equal(flow(w, 1, kept, 53, &port), 0);
	assert_int_equal(port, kept);
	assert_int_equal(flow(w, 2, kept, 53, &port), 0);
	assert_int_not_equal(port / 64, kept / 64);
	assert_int_equal(w->starts, 2);
	for (uint16_t i = 2; i < 64; i++)
		assert_int_equal(flow(w, 1, (uint16_t)(6000 + i), 53, &port), 0);
	assert_int_equal(w->starts, 2);
	assert_int_equal(flow(w, 1, 7000, 53, &port), 0); // the 65th
	assert_int_equal(w->starts, 3);
	done(w);
}

static void test_limit_of_blocks(void **state)
{
	struct world *w = make(1, 2);
	uint16_t port;

	w->f.snat.filtering = NAT_FILTER_ENDPOINT_INDEPENDENT;
	for (uint16_t i = 0; i < 128; i++)
		assert_int_equal(flow(w, 1, (uint16_t)(5000 + i), 53, &port), 0);
	assert_int_equal(w->starts, 2);
	assert_int_equal(flow(w, 1, 6000, 53, &port), -EADDRNOTAVAIL);
	// With the strictest filtering, by destination and in its own blocks.
	w->f.snat.filtering = NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT;
	w->f.snat.epoch++;
	atomic_store(&w->f.snat_epochs[1], 1);
	test_drain(&w->f.s, &w->f.grace, 100);
	assert_int_equal(w->ends, 2);
	for (uint16_t i = 0; i < 128; i++)
		assert_int_equal(flow(w, 1, (uint16_t)(5000 + i), 53, &port), 0);
	assert_int_equal(flow(w, 1, 6000, 54, &port), 0);
	assert_int_equal(w->f.w.degraded, 1);
	assert_int_equal(flow(w, 1, 6001, 53, &port), -EADDRNOTAVAIL);
	assert_int_equal(w->starts, 4);
	done(w);
}

static void test_a_host_fills_all_its_places(void **state)
{
	struct world *w = make(1, HOST_BLOCKS);
	uint32_t flows = 0;
	uint16_t port;

	w->f.snat.filtering = NAT_FILTER_ENDPOINT_INDEPENDENT;
	w->f.pool[0].ranges[0].last = FIRST + 2 * HOST_BLOCKS * PORT_UNIT - 1;
	while (flow(w, 1, (uint16_t)(10000 + flows), 53, &port) == 0)
		flows++;
	assert_int_equal(w->starts, HOST_BLOCKS);
	// The search may miss a part of the word that it begins in.
	assert_in_range(flows, (HOST_BLOCKS - 1) * PORT_UNIT, HOST_BLOCKS * PORT_UNIT);
	assert_int_equal(flow(w, 2, 5000, 53, &port), 0);
	done(w);
}

static void test_last_block_is_taken(void **state)
{
	struct world *w = make(1, HOST_BLOCKS);
	uint16_t port;

	for (uint32_t host = 1; host <= BLOCKS; host++)
		assert_int_equal(flow(w, host, 5000, 53, &port), 0);
	assert_int_equal(flow(w, BLOCKS + 1, 5000, 53, &port), -EADDRNOTAVAIL);
	assert_int_equal(flow(w, 1, 5001, 53, &port), 0); // others are served
	assert_int_equal(w->starts, BLOCKS);
	done(w);
}

static void settle(struct world *w, uint32_t tick)
{
	for (unsigned i = 0; i < 10; i++) {
		while (!sweeper_step(&w->f.s, tick, 100))
			;
		test_quiescent(&w->f.grace, 0);
	}
}

static void end_port(struct world *w, uint16_t port)
{
	uint32_t slot = 0;

	for (const struct session *s; (s = session_next(&w->f.t, &slot)) != NULL;)
		if (ntohs(s->key[SESSION_REVERSE].dport) == port)
			assert_true(sweeper_end(&w->f.s, slot - 1, SESSION_END_REQUEST, 100));
}

static void last_port(bool mapped)
{
	struct world *w = make(1, 2);
	uint16_t port[3];

	w->f.snat.mapping = mapped ? NAT_MAP_ENDPOINT_INDEPENDENT : NAT_MAP_ENDPOINT_DEPENDENT;
	assert_int_equal(flow(w, 1, 5000, 53, &port[0]), 0);
	assert_int_equal(flow(w, 1, 5001, 53, &port[1]), 0);
	assert_int_equal(flow(w, 2, 5000, 53, &port[2]), 0);
	end_port(w, port[0]);
	settle(w, 100);
	assert_int_equal(w->ends, 0);
	end_port(w, port[1]);
	settle(w, 100);
	assert_int_equal(w->ends, 1);
	assert_int_equal(blocks_used(w->f.pool[0].portset), 1);
	assert_int_equal(slab_used(&w->f.t.slabs[ARENA_HOSTS]), 1);
	assert_int_equal(flow(w, 1, 5000, 53, &port[0]), 0);
	assert_int_equal(w->starts, 3);
	done(w);
}

static void test_block_goes_with_its_last_port(void **state)
{
	last_port(true);
	last_port(false);
}

static void test_endpoint_dependent_flows_stay_in_own_blocks(void **state)
{
	struct world *w = make(1, 2);
	uint16_t port, other = 0;

	w->f.snat.mapping = NAT_MAP_ENDPOINT_DEPENDENT;
	for (uint16_t i = 0; i < 64; i++)
		assert_int_equal(flow(w, 1, (uint16_t)(5000 + i), 53, &port), 0);
	for (uint16_t i = 0; i < 64; i++)
		assert_int_equal(flow(w, 1, (uint16_t)(5000 + i), 54, &port), 0);
	assert_int_equal(w->starts, 1); // one port for two destinations
	for (uint16_t i = 0; i < 16; i++)
		assert_int_equal(flow(w, 1, (uint16_t)(6000 + i), 53, &port), 0);
	assert_int_equal(w->starts, 2);
	assert_int_equal(flow(w, 2, port, 53, &other), 0);
	assert_int_not_equal(other / 64, port / 64);
	done(w);
}

// Flows of all kinds begin and end; flow() and the callbacks check each.
static void test_any_sequence(void **state)
{
	struct world *w = make(1, 2);
	uint32_t refused = 0, tick = 100;
	uint16_t port;

	w->f.snat.n_pool = 2;
	srandom(SEED);
	for (unsigned i = 0; i < 20000; i++) {
		struct nat_source *s = &w->f.snat;

		s->mapping = random() % 4 == 0 ? NAT_MAP_ENDPOINT_DEPENDENT
					       : NAT_MAP_ENDPOINT_INDEPENDENT;
		refused += flow(w, (uint32_t)random() % HOSTS, (uint16_t)(FIRST + random() % 200),
				   (uint16_t)(53 + random() % 3), &port) != 0;
		if (random() % 8 == 0 && slab_high(&w->f.t.slabs[ARENA_SESSIONS]) != 0)
			sweeper_end(&w->f.s,
				(uint32_t)random() % slab_high(&w->f.t.slabs[ARENA_SESSIONS]),
				SESSION_END_REQUEST, tick);
		if (random() % 200 == 0) {
			for (uint32_t slot = 0; session_next(&w->f.t, &slot) != NULL;)
				if (random() % 8 != 0)
					sweeper_end(&w->f.s, slot - 1, SESSION_END_REQUEST, tick);
			settle(w, tick);
		}
		for (unsigned a = 0; a < 2; a++)
			assert_true(blocks_used(w->f.pool[a].portset) <= BLOCKS);
	}
	print_message("%u blocks given, %u flows refused\n", w->starts, refused);
	assert_true(w->starts > 100 && refused > 0);
	done(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_of_ranges),
		cmocka_unit_test(test_every_block_is_claimed_once),
		cmocka_unit_test(test_sizes_exclude_each_other),
		cmocka_unit_test(test_nobody_else_gets_hold_of_a_block),
		cmocka_unit_test(test_reserved_blocks_are_passed_over),
		cmocka_unit_test(test_ports_come_from_own_blocks),
		cmocka_unit_test(test_limit_of_blocks),
		cmocka_unit_test(test_a_host_fills_all_its_places),
		cmocka_unit_test(test_last_block_is_taken),
		cmocka_unit_test(test_block_goes_with_its_last_port),
		cmocka_unit_test(test_endpoint_dependent_flows_stay_in_own_blocks),
		cmocka_unit_test(test_any_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
