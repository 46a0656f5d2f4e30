// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Hosts of a rule with blocks have ports of their own blocks alone, whatever they do.
#include <stdlib.h>

#include "dataplane/session/blocks.h"
#include "tests/unit/nat/fixture.h"

#define HOSTS  16
#define FIRST  2048
#define BLOCKS 6 // of 64 ports, on each of two addresses
#define SEED   6888

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

static struct host *host_of(struct world *w, uint32_t host)
{
	struct nat_request rq = nat_flow(&w->f, host, 1, "198.51.100.9", 53, IPPROTO_UDP);
	uint32_t slot = 0;

	for (const struct session *s; (s = session_next(&w->f.t, &slot)) != NULL;)
		if (s->key[SESSION_FORWARD].src == rq.key.src)
			return host_at(&w->f.t, s->host);
	fail();
	return NULL;
}

// What a worker has read just before the sweeper took the block and another host got it.
static void stale_place(bool mapped)
{
	struct world *w = make(1, 2);
	uint16_t port, first, free_there;
	struct host *h;

	w->f.snat.mapping = mapped ? NAT_MAP_ENDPOINT_INDEPENDENT : NAT_MAP_ENDPOINT_DEPENDENT;
	assert_int_equal(flow(w, 1, 5000, 53, &first), 0);
	free_there = (uint16_t)(first / 64 * 64 + (first % 64 + 1) % 64);
	assert_int_equal(flow(w, 2, 5000, 53, &port), 0);
	h = host_of(w, 2);
	assert_int_equal(atomic_load(&h->blocks[1]), 0);
	atomic_store(&h->blocks[1], block_of(first, 1));
	assert_int_equal(flow(w, 2, free_there, 53, &port), 0); // looks whose block it is
	assert_int_not_equal(port / 64, first / 64);
	atomic_store(&h->blocks[1], 0);
	done(w);
}

static void test_a_stale_place_leads_nowhere(void **state)
{
	stale_place(true);
	stale_place(false);
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
		cmocka_unit_test(test_ports_come_from_own_blocks),
		cmocka_unit_test(test_a_stale_place_leads_nowhere),
		cmocka_unit_test(test_limit_of_blocks),
		cmocka_unit_test(test_a_host_fills_all_its_places),
		cmocka_unit_test(test_last_block_is_taken),
		cmocka_unit_test(test_block_goes_with_its_last_port),
		cmocka_unit_test(test_endpoint_dependent_flows_stay_in_own_blocks),
		cmocka_unit_test(test_any_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
