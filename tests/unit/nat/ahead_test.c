// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Looking ahead for the new flows of a burst: what is found, and that creation relies on none of
// it.
#include "tests/unit/nat/fixture.h"

#define MAX 8

struct burst {
	struct nat_request rqs[MAX];
	struct nat_ahead flows[MAX];
	uint32_t refs[MAX];
	unsigned n;
};

static void look(struct nat_fixture *f, struct burst *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		b->flows[i] = nat_flow_ahead(&b->rqs[i]);
		b->rqs[i].ahead = &b->flows[i];
	}
	nat_ahead(&f->t, &f->w, b->flows, b->n);
}

static void make_all(struct nat_fixture *f, struct burst *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		assert_int_equal(nat_make(f, &b->rqs[i], &b->refs[i]), 0);
		assert_int_equal(session_lookup(&f->t, &b->rqs[i].key), b->refs[i]);
	}
}

static struct session_key out_tuple(struct nat_fixture *f, uint32_t ref)
{
	return session_new_tuple(session_at(&f->t, ref), session_ref_dir(ref));
}

static struct nat_request udp(struct nat_fixture *f, uint32_t host, uint16_t sport, uint16_t dport)
{
	return nat_flow(f, host, sport, "198.51.100.9", dport, IPPROTO_UDP);
}

static void test_finds_what_is_there(void **state)
{
	struct nat_fixture f;
	struct burst b = { .n = 1 };
	uint32_t used;

	nat_init(&f, 64, 64);
	b.rqs[0] = udp(&f, 5, 5000, 53);
	look(&f, &b);
	assert_int_equal(b.flows[0].host, 0);
	assert_int_equal(b.flows[0].mapping, 0);
	assert_int_equal(b.flows[0].port, 0);
	make_all(&f, &b);

	// A flow of the same endpoint, and one of another.
	b.n = 2;
	b.rqs[0] = udp(&f, 5, 5000, 54);
	b.rqs[1] = udp(&f, 5, 5001, 54);
	look(&f, &b);
	assert_int_equal(index_entry_kind(b.flows[0].host), INDEX_HOST);
	assert_int_equal(b.flows[1].host, b.flows[0].host);
	assert_int_equal(index_entry_kind(b.flows[0].mapping), INDEX_MAPPING);
	assert_int_equal(b.flows[1].mapping, 0);
	assert_int_equal(b.flows[1].port, 5001);
	used = portset_used(f.pool[0].portset, PORT_UDP) +
	       portset_used(f.pool[1].portset, PORT_UDP);
	assert_int_equal(used, 1); // looking claims nothing
	make_all(&f, &b);
	assert_int_equal(out_tuple(&f, b.refs[0]).sport, htons(5000));
	assert_int_equal(out_tuple(&f, b.refs[1]).sport, htons(5001));
	assert_int_equal(slab_used(&f.t.slabs[ARENA_MAPPINGS]), 2);
	nat_done(&f);
}

static void test_finds_a_free_port(void **state)
{
	struct nat_fixture f;
	struct burst b = { .n = 3 };
	uint16_t found[2];

	nat_init(&f, 64, 64);
	f.snat.n_pool = 1;
	for (uint32_t i = 0; i < b.n; i++)
		b.rqs[i] = udp(&f, 5 + i, (uint16_t)(5000 + i), 53);
	make_all(&f, &b); // hosts 5, 6 and 7; 5000 to 5002 are taken
	b.n = 2;
	b.rqs[0] = udp(&f, 6, 5000, 53);
	b.rqs[1] = udp(&f, 7, 5000, 53);
	look(&f, &b);
	for (unsigned i = 0; i < b.n; i++) {
		found[i] = b.flows[i].port;
		assert_in_range(found[i], 1024, 65535);
		assert_false(found[i] >= 5000 && found[i] <= 5002);
	}
	make_all(&f, &b);
	assert_int_equal(out_tuple(&f, b.refs[0]).sport, htons(found[0]));
	assert_int_equal(out_tuple(&f, b.refs[1]).sport, htons(found[1]));
	nat_done(&f);
}

// No port of the first word is free: nothing is proposed, and creation looks on.
static void test_no_free_port_found(void **state)
{
	struct nat_fixture f;
	struct burst b = { .n = 1 };

	nat_init(&f, 64, 64);
	f.snat.n_pool = 1;
	f.pool[0].ranges[0] = (struct port_range){ 2048, 2048 + 127 };
	portset_reserve(f.pool[0].portset, PORT_UDP, (struct port_range){ 2049, 2048 + 126 });
	b.rqs[0] = udp(&f, 5, 2048, 53);
	make_all(&f, &b);
	for (unsigned i = 0; i < 50; i++) {
		b.rqs[0] = udp(&f, 5, 2049, 53);
		look(&f, &b);
		assert_true(b.flows[0].port == 0 || b.flows[0].port == 2048 + 127);
	}
	make_all(&f, &b);
	assert_int_equal(out_tuple(&f, b.refs[0]).sport, htons(2048 + 127));
	b.rqs[0] = udp(&f, 5, 2050, 53);
	look(&f, &b);
	assert_int_equal(b.flows[0].port, 0);
	assert_int_equal(nat_make(&f, &b.rqs[0], &b.refs[0]), -EADDRNOTAVAIL);
	nat_done(&f);
}

// Each flow meets what the ones before it have changed since all were looked for.
static void test_flows_of_one_burst(void **state)
{
	struct nat_fixture f;
	struct burst b = { .n = 6 };

	nat_init(&f, 64, 64);
	f.snat.n_pool = 1;
	for (uint32_t i = 0; i < 2; i++) {
		b.rqs[i] = udp(&f, 5 + i, 4000, 53);
		b.rqs[2 + i] = udp(&f, 5 + i, 5000, 53); // both may see the port as free
	}
	b.rqs[4] = udp(&f, 5, 5000, 53); // the same flow
	b.rqs[5] = udp(&f, 6, 5000, 54); // the same endpoint
	look(&f, &b);
	make_all(&f, &b);
	assert_int_equal(b.refs[4], b.refs[2]);
	assert_int_equal(f.w.joined, 1);
	assert_int_equal(out_tuple(&f, b.refs[2]).sport, htons(5000));
	assert_int_not_equal(out_tuple(&f, b.refs[3]).sport, htons(5000));
	assert_int_equal(out_tuple(&f, b.refs[5]).sport, out_tuple(&f, b.refs[3]).sport);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_SESSIONS]), 5);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_MAPPINGS]), 4);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_HOSTS]), 2);
	nat_done(&f);
}

// One pass of the sweeper over all, which no grace period ends: what it kills stays in limbo.
static void sweep(struct nat_fixture *f, uint32_t tick)
{
	while (!sweeper_step(&f->s, tick, 1000))
		;
}

// What was found may end before it is used, until the walk is over.
static void test_what_was_found_has_ended(void **state)
{
	bool mapping_ended = false, host_ended = false;

	for (unsigned passes = 1; passes < 20; passes++) {
		struct nat_fixture f;
		struct burst b = { .n = 1 };
		uint32_t mapping, host;

		nat_init(&f, 64, 64);
		b.rqs[0] = udp(&f, 5, 5000, 53);
		make_all(&f, &b);
		for (unsigned i = 0; i < passes; i++) {
			sweep(&f, 100000);
			test_quiescent(&f.grace, 0);
		}
		b.rqs[0] = udp(&f, 5, 5000, 54);
		look(&f, &b);
		mapping = b.flows[0].mapping;
		host = b.flows[0].host;
		for (unsigned i = 0; i < 4; i++)
			sweep(&f, 100000);
		mapping_ended |= mapping != 0 && mapping_at(&f.t, mapping)->refs == 0;
		host_ended |= host != 0 && host_at(&f.t, host)->refs == 0;
		make_all(&f, &b);
		assert_true(mapping_at(&f.t, session_at(&f.t, b.refs[0])->mapping)->refs >= 2);
		assert_true(host_at(&f.t, session_at(&f.t, b.refs[0])->host)->refs >= 2);
		assert_int_equal(out_tuple(&f, b.refs[0]).sport, htons(5000));
		nat_done(&f);
	}
	assert_true(mapping_ended);
	assert_true(host_ended);
}

// Whatever the rule and the protocol, a flow that was looked ahead for is made as another one is.
static void test_every_kind_of_rule(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_GRE };

	for (unsigned i = 0; i < 4 * 2 * 2 * 3; i++) {
		uint8_t proto = protos[i % 4];
		struct nat_fixture f;
		struct burst b = { .n = 2 };
		struct session_key out[2];

		nat_init(&f, 64, 64);
		f.snat.n_pool = 1;
		f.snat.mapping =
			i / 4 % 2 ? NAT_MAP_ENDPOINT_DEPENDENT : NAT_MAP_ENDPOINT_INDEPENDENT;
		f.snat.block_units = i / 8 % 2;
		f.snat.max_blocks = 2;
		f.snat.filtering = (uint8_t)(i / 16);
		for (unsigned round = 0; round < 2; round++) {
			for (uint32_t k = 0; k < b.n; k++) {
				b.rqs[k] = nat_flow(&f, 5,
					(uint16_t)(proto == IPPROTO_GRE ? 0 : 5000 + k),
					round == 0 ? "198.51.100.9" : "198.51.100.10", 0, proto);
				b.rqs[k].tcp_flags = 0x02;
			}
			b.n = proto == IPPROTO_GRE ? 1 : 2;
			look(&f, &b);
			make_all(&f, &b);
			for (unsigned k = 0; k < b.n; k++)
				assert_int_equal(out_tuple(&f, b.refs[k]).src, f.pool[0].addr);
			if (round == 0)
				out[0] = out_tuple(&f, b.refs[0]);
			out[1] = out_tuple(&f, b.refs[0]);
		}
		if (f.snat.mapping == NAT_MAP_ENDPOINT_INDEPENDENT)
			assert_int_equal(out[0].sport, out[1].sport);
		assert_int_equal(f.w.created, 2 * b.n);
		nat_done(&f);
	}
}

// Without source NAT there is nothing to find, but the reply's bucket to load.
static void test_without_source_nat(void **state)
{
	struct nat_fixture f;
	struct burst b = { .n = 1 };

	nat_init(&f, 64, 64);
	b.rqs[0] = udp(&f, 5, 5000, 53);
	b.rqs[0].snat = NULL;
	look(&f, &b);
	assert_int_equal(b.flows[0].host | b.flows[0].mapping | b.flows[0].port, 0);
	make_all(&f, &b);
	nat_ahead(&f.t, &f.w, b.flows, 0);
	nat_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_is_there),
		cmocka_unit_test(test_finds_a_free_port),
		cmocka_unit_test(test_no_free_port_found),
		cmocka_unit_test(test_flows_of_one_burst),
		cmocka_unit_test(test_what_was_found_has_ended),
		cmocka_unit_test(test_every_kind_of_rule),
		cmocka_unit_test(test_without_source_nat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
