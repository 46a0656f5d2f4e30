// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Session creation: which tuple a flow gets, what flows share, and who wins.
#include "dataplane/nat/peer.h"
#include "tests/unit/nat/fixture.h"

static uint32_t make(struct nat_fixture *f, const struct nat_request *rq)
{
	uint32_t ref;

	assert_int_equal(nat_make(f, rq, &ref), 0);
	assert_int_equal(session_lookup(&f->t, &rq->key), ref);
	return ref;
}

static struct session_key out_tuple(struct nat_fixture *f, uint32_t ref)
{
	return session_new_tuple(session_at(&f->t, ref), session_ref_dir(ref));
}

static void test_snat(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	struct session_key out, back;
	uint32_t ref, reply;

	nat_init(&f, 64, 64);
	rq = nat_flow(&f, 5, 5000, "198.51.100.9", 443, IPPROTO_TCP);
	rq.tcp_flags = 0x02;
	ref = make(&f, &rq);
	assert_int_equal(session_ref_dir(ref), SESSION_FORWARD);
	out = out_tuple(&f, ref);
	assert_true(out.src == f.pool[0].addr || out.src == f.pool[1].addr);
	assert_int_equal(out.sport, htons(5000)); // kept
	assert_int_equal(out.dst, rq.key.dst);
	assert_int_equal(out.dport, rq.key.dport);
	assert_int_equal(session_at(&f.t, ref)->flags, SESSION_SNAT);
	assert_int_equal(session_at(&f.t, ref)->uplink, 2);
	assert_int_equal(session_tcp_state(session_at(&f.t, ref)->life, 6), TCP_STATE_OPENING);

	// The reply, and nothing from another side.
	back = (struct session_key){ .src = out.dst,
		.dst = out.src,
		.sport = out.dport,
		.dport = out.sport,
		.proto = 6,
		.side = 1 };
	reply = session_lookup(&f.t, &back);
	assert_ptr_equal(session_at(&f.t, reply), session_at(&f.t, ref));
	assert_int_equal(session_ref_dir(reply), SESSION_REVERSE);
	assert_int_equal(out_tuple(&f, reply).dst, rq.key.src);
	assert_int_equal(out_tuple(&f, reply).dport, rq.key.sport);
	back.side = 0;
	assert_int_equal(session_lookup(&f.t, &back), 0);
	rq.key.side = 1;
	assert_int_equal(session_lookup(&f.t, &rq.key), 0);
	nat_done(&f);
}

// RFC 5508: the id is the port. Request and reply have it in different places of the key.
static void test_icmp_query(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	struct session_key out, reply;
	uint32_t first, second;

	nat_init(&f, 64, 64);
	f.snat.n_pool = 1;
	rq = nat_flow(&f, 5, 4711, "198.51.100.9", 0, IPPROTO_ICMP);
	first = make(&f, &rq);
	assert_int_equal(out_tuple(&f, first).sport, htons(4711));
	rq = nat_flow(&f, 6, 4711, "198.51.100.9", 0, IPPROTO_ICMP);
	second = make(&f, &rq);
	out = out_tuple(&f, second);
	assert_int_not_equal(out.sport, htons(4711));
	assert_int_equal(out.dport, 0);
	reply = (struct session_key){
		.src = out.dst, .dst = out.src, .dport = out.sport, .proto = 1, .side = 1
	};
	reply = session_new_tuple(session_at(&f.t, session_lookup(&f.t, &reply)), SESSION_REVERSE);
	assert_int_equal(reply.dport, htons(4711));
	assert_int_equal(reply.sport, 0);
	nat_done(&f);
}

// RFC 4787 REQ-1: one internal endpoint, one external endpoint, whatever the destination.
static void test_endpoint_independent(void **state)
{
	struct nat_fixture f;
	struct session_key out[3];

	nat_init(&f, 64, 64);
	for (unsigned i = 0; i < 3; i++) {
		const char *dst[] = { "198.51.100.9", "198.51.100.10", "198.51.100.9" };
		struct nat_request rq =
			nat_flow(&f, 5, 5000, dst[i], (uint16_t)(53 + i), IPPROTO_UDP);

		out[i] = out_tuple(&f, make(&f, &rq));
		assert_int_equal(out[i].src, out[0].src);
		assert_int_equal(out[i].sport, out[0].sport);
	}
	assert_int_equal(slab_used(&f.t.slabs[ARENA_SESSIONS]), 3);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_MAPPINGS]), 1);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_HOSTS]), 1);
	nat_done(&f);
}

// RFC 7857 3: hosts and flows share a port as long as their destinations differ.
static void test_endpoint_dependent(void **state)
{
	struct nat_fixture f;
	struct session_key out;
	struct nat_request rq;
	uint32_t ref;

	nat_init(&f, 64, 64);
	f.snat.mapping = NAT_MAP_ENDPOINT_DEPENDENT;
	f.snat.n_pool = 1;
	for (uint32_t i = 0; i < 6; i++) {
		rq = nat_flow(&f, 5 + i % 3, 5000, "198.51.100.9", (uint16_t)(53 + i), IPPROTO_UDP);
		ref = make(&f, &rq);
		out = out_tuple(&f, ref);
		assert_int_equal(out.src, f.pool[0].addr);
		assert_int_equal(out.sport, htons(5000));
		assert_int_equal(
			session_at(&f.t, ref)->flags, SESSION_SNAT | SESSION_ENDPOINT_DEPENDENT);
	}
	// The same destination from another host: another port.
	rq.key.src = htonl(0x0a000063);
	out = out_tuple(&f, make(&f, &rq));
	assert_int_not_equal(out.sport, htons(5000));
	assert_in_range(ntohs(out.sport), 1024, 65535);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_MAPPINGS]), 0);
	assert_int_equal(portset_used(f.pool[0].portset, PORT_UDP), 0);
	assert_int_equal(f.w.degraded, 0);
	nat_done(&f);
}

// What an endpoint-dependent flow leaves alone: ports outside the range, reserved ones, and those
// of mappings that take packets from anybody.
static void test_endpoint_dependent_ports(void **state)
{
	struct nat_source open;
	struct nat_fixture f;
	struct nat_request rq;

	nat_init(&f, 64, 64);
	f.snat.n_pool = 1;
	f.pool[0].ranges[0] = (struct port_range){ 5000, 5003 };
	open = f.snat;
	open.filtering = NAT_FILTER_ENDPOINT_INDEPENDENT;
	f.snat.mapping = NAT_MAP_ENDPOINT_DEPENDENT;
	portset_reserve(f.pool[0].portset, PORT_UDP, (struct port_range){ 5000, 5000 });
	rq = nat_flow(&f, 1, 5001, "198.51.100.9", 53, IPPROTO_UDP);
	rq.snat = &open;
	make(&f, &rq);
	rq = nat_flow(&f, 2, 5002, "198.51.100.9", 53, IPPROTO_UDP);
	make(&f, &rq);
	for (uint16_t sport = 5000; sport < 5002; sport++) {
		rq = nat_flow(&f, 3, sport, "198.51.100.1", (uint16_t)(sport - 5000), IPPROTO_UDP);
		assert_in_range(ntohs(out_tuple(&f, make(&f, &rq)).sport), 5002, 5003);
	}
	rq = nat_flow(&f, 3, 80, "198.51.100.1", 53, IPPROTO_UDP);
	assert_in_range(ntohs(out_tuple(&f, make(&f, &rq)).sport), 5002, 5003);
	nat_done(&f);
}

// A mapping's filtering is exact: its port may serve others' flows to other destinations. A mapping
// that meets its own reply tuple taken gets an endpoint-dependent port for this flow, if its rule
// has the same filtering.
static void test_endpoint_dependent_beside_mappings(void **state)
{
	struct nat_source dependent;
	struct nat_fixture f;
	struct nat_request rq;
	uint32_t ref;

	nat_init(&f, 64, 64);
	f.snat.n_pool = 1;
	dependent = f.snat;
	dependent.mapping = NAT_MAP_ENDPOINT_DEPENDENT;
	rq = nat_flow(&f, 1, 5001, "198.51.100.9", 53, IPPROTO_UDP);
	make(&f, &rq); // a mapping has 5001
	rq = nat_flow(&f, 2, 5001, "198.51.100.10", 53, IPPROTO_UDP);
	rq.snat = &dependent;
	assert_int_equal(out_tuple(&f, make(&f, &rq)).sport, htons(5001));
	rq = nat_flow(&f, 1, 5001, "198.51.100.10", 53, IPPROTO_UDP);
	ref = make(&f, &rq);
	assert_int_not_equal(out_tuple(&f, ref).sport, htons(5001));
	assert_int_equal(session_at(&f.t, ref)->flags,
		SESSION_SNAT | SESSION_ENDPOINT_DEPENDENT | SESSION_DEGRADED);
	assert_int_equal(f.w.degraded, 1);
	f.snat.filtering = NAT_FILTER_ENDPOINT_INDEPENDENT;
	rq.key.sport = htons(5001);
	rq.key.src = htonl(0x0a000003);
	make(&f, &rq); // a port of its own
	nat_done(&f);
}

// RFC 4787 REQ-2: all flows of a host have the same external address; hosts are spread.
static void test_paired_address(void **state)
{
	struct nat_fixture f;
	unsigned first = 0;

	nat_init(&f, 2048, 256);
	for (uint32_t host = 1; host <= 200; host++) {
		uint32_t addr = 0;

		for (uint16_t i = 0; i < 6; i++) {
			struct nat_request rq = nat_flow(&f, host, (uint16_t)(5000 + i),
				"198.51.100.9", 53, i % 2 ? IPPROTO_UDP : IPPROTO_TCP);
			uint32_t src = out_tuple(&f, make(&f, &rq)).src;

			assert_true(addr == 0 || addr == src);
			addr = src;
		}
		first += addr == f.pool[0].addr;
	}
	assert_in_range(first, 60, 140);
	nat_done(&f);
}

// RFC 4787 REQ-8: the records of address-dependent filtering are shared by sessions, and go with
// the last of them; then goes the mapping.
static void test_peers(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	uint32_t ref[3], mapping;

	nat_init(&f, 64, 64);
	f.snat.filtering = NAT_FILTER_ADDRESS_DEPENDENT;
	for (unsigned i = 0; i < 3; i++) {
		const char *dst[] = { "198.51.100.9", "198.51.100.10", "198.51.100.9" };

		rq = nat_flow(&f, 5, 5000, dst[i], (uint16_t)(53 + i), IPPROTO_UDP);
		rq.tick = 100 + 100 * i;
		ref[i] = make(&f, &rq);
		assert_int_equal(out_tuple(&f, ref[i]).sport, htons(5000));
	}
	assert_int_equal(slab_used(&f.t.slabs[ARENA_MAPPINGS]), 3);
	assert_int_equal(session_at(&f.t, ref[0])->mapping, session_at(&f.t, ref[2])->mapping);
	mapping = mapping_at(&f.t, session_at(&f.t, ref[0])->mapping)->of;
	assert_int_equal(mapping, mapping_at(&f.t, session_at(&f.t, ref[1])->mapping)->of);
	assert_true(nat_filter_passes(&f.t, mapping, inet_addr("198.51.100.9")));
	assert_true(nat_filter_passes(&f.t, mapping, inet_addr("198.51.100.10")));
	assert_false(nat_filter_passes(&f.t, mapping, inet_addr("198.51.100.11")));
	// The session with .10 ends, and so does one of those with .9.
	for (unsigned i = 0; i < 4; i++) {
		while (!sweeper_step(&f.s, 501, 100))
			;
		test_quiescent(&f.grace, 0);
	}
	assert_int_equal(slab_used(&f.t.slabs[ARENA_SESSIONS]), 1);
	assert_true(nat_filter_passes(&f.t, mapping, inet_addr("198.51.100.9")));
	assert_false(nat_filter_passes(&f.t, mapping, inet_addr("198.51.100.10")));
	assert_int_equal(slab_used(&f.t.slabs[ARENA_MAPPINGS]), 2);
	nat_done(&f);
}

// From outside: the session is the same as if its host had begun, in the other direction.
static void test_from_outside(void **state)
{
	struct nat_request rq, in;
	struct nat_fixture f;
	uint32_t ref, mapping;

	nat_init(&f, 64, 64);
	f.snat.filtering = NAT_FILTER_ENDPOINT_INDEPENDENT;
	rq = nat_flow(&f, 5, 5000, "198.51.100.9", 53, IPPROTO_TCP);
	mapping = session_at(&f.t, make(&f, &rq))->mapping;
	in = nat_flow(&f, 5, 5000, "198.51.100.77", 7, IPPROTO_TCP);
	in.dir = SESSION_REVERSE;
	in.mapping = mapping;
	in.tcp_flags = 0x02;
	assert_int_equal(nat_make(&f, &in, &ref), 0);
	assert_int_equal(session_ref_dir(ref), SESSION_REVERSE);
	assert_int_equal(out_tuple(&f, ref).dst, in.key.src);
	assert_int_equal(session_lookup(&f.t, &session_at(&f.t, ref)->key[SESSION_REVERSE]), ref);
	assert_int_equal(refs_count(&mapping_at(&f.t, mapping)->refs), 2);
	// The host's own packet of the same flow, at the same time: it joins.
	in.dir = SESSION_FORWARD;
	in.mapping = 0;
	assert_int_equal(nat_make(&f, &in, &ref), 0);
	assert_int_equal(session_ref_dir(ref), SESSION_FORWARD);
	assert_int_equal(f.w.created, 2);
	// And the other way round.
	in.dir = SESSION_REVERSE;
	in.mapping = mapping;
	assert_int_equal(nat_make(&f, &in, &ref), 0);
	assert_int_equal(session_ref_dir(ref), SESSION_REVERSE);
	// A mapping that ends meanwhile changes nothing.
	mapping_at(&f.t, mapping)->refs = 0;
	in.key.dst = in.dst = inet_addr("198.51.100.78");
	assert_int_equal(nat_make(&f, &in, &ref), -ESTALE);
	mapping_at(&f.t, mapping)->refs = 3;
	assert_int_equal(slab_used(&f.t.slabs[ARENA_SESSIONS]), 2);
	nat_done(&f);
}

static void test_same_flow_again(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	uint32_t ref, again;

	nat_init(&f, 64, 64);
	rq = nat_flow(&f, 5, 5000, "198.51.100.9", 53, IPPROTO_UDP);
	ref = make(&f, &rq);
	rq.tick++;
	again = make(&f, &rq);
	assert_int_equal(ref, again);
	assert_int_equal(session_at(&f.t, ref)->life >> 32, rq.tick);
	assert_int_equal(f.w.created, 1);
	assert_int_equal(f.w.joined, 1);
	nat_done(&f);
}

// Destination NAT alone (a port forward), and with SNAT (hairpin).
static void test_dnat(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	struct session_key out, back;
	uint32_t ref;

	nat_init(&f, 64, 64);
	for (unsigned hairpin = 0; hairpin < 2; hairpin++) {
		rq = nat_flow(&f, 5, 5000, "203.0.113.20", 80, IPPROTO_TCP);
		rq.key.side = hairpin ? 0 : 1;
		rq.reply_side = 0;
		rq.dst = inet_addr("10.0.0.9");
		rq.dport = htons(8080);
		rq.snat = hairpin ? &f.snat : NULL;
		ref = make(&f, &rq);
		out = out_tuple(&f, ref);
		assert_int_equal(out.dst, rq.dst);
		assert_int_equal(out.dport, rq.dport);
		assert_true((out.src == rq.key.src) == !hairpin);
		assert_int_equal(out.sport, rq.key.sport);
		back = session_new_tuple(session_at(&f.t, ref), SESSION_REVERSE);
		assert_int_equal(back.src, rq.key.dst);
		assert_int_equal(back.sport, htons(80));
		assert_int_equal(back.dst, rq.key.src);
		assert_int_equal(session_at(&f.t, ref)->flags,
			hairpin ? SESSION_DNAT | SESSION_SNAT : SESSION_DNAT);
		assert_true((session_at(&f.t, ref)->mapping != 0) == hairpin);
	}
	nat_done(&f);
}

static void test_protocols(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	uint32_t ref;

	nat_init(&f, 64, 64);
	f.snat.n_pool = 1;
	rq = nat_flow(&f, 5, 0, "198.51.100.9", 0, 47);
	assert_int_equal(nat_make(&f, &rq, &ref), 0);
	assert_int_equal(session_at(&f.t, ref)->mapping, 0);
	assert_int_equal(session_at(&f.t, ref)->flags, SESSION_SNAT | SESSION_ENDPOINT_DEPENDENT);
	rq = nat_flow(&f, 6, 0, "198.51.100.9", 0, 47); // whose would the answers be?
	assert_int_equal(nat_make(&f, &rq, &ref), -EADDRINUSE);
	assert_int_equal(ref, 0);
	rq = nat_flow(&f, 6, 0, "198.51.100.8", 0, 47);
	assert_int_equal(nat_make(&f, &rq, &ref), 0);
	rq = nat_flow(&f, 6, 0, "198.51.100.9", 0, 50);
	assert_int_equal(nat_make(&f, &rq, &ref), 0);
	rq = nat_flow(&f, 7, 0, "198.51.100.9", 0, 47);
	rq.snat = NULL;
	assert_int_equal(nat_make(&f, &rq, &ref), 0);
	nat_done(&f);
}

// Two different flows that would have the same reply tuple: the second is refused where its source
// must stay, else it gets another port.
static void test_reply_tuple_taken(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	uint32_t ref;

	nat_init(&f, 64, 64);
	for (unsigned snat = 0; snat < 2; snat++) {
		rq = nat_flow(&f, 5 + snat, 5000, "203.0.113.20", 80, IPPROTO_TCP);
		rq.dst = inet_addr("10.0.0.9");
		rq.snat = snat ? &f.snat : NULL;
		make(&f, &rq);
		rq.key.dst = inet_addr("203.0.113.21");
		assert_int_equal(nat_make(&f, &rq, &ref), snat ? 0 : -EADDRNOTAVAIL);
		assert_int_equal(slab_used(&f.t.slabs[ARENA_SESSIONS]), snat ? 3 : 1);
	}
	nat_done(&f);
}

// Created at the same time from both ends: one session, in two directions.
static void test_flow_from_both_ends(void **state)
{
	struct nat_fixture f;
	struct nat_request rq, mirrored;
	uint32_t ref, other;

	nat_init(&f, 64, 64);
	rq = nat_flow(&f, 5, 5000, "10.0.1.9", 80, IPPROTO_TCP);
	rq.snat = NULL;
	rq.reply_side = 0;
	ref = make(&f, &rq);
	mirrored = rq;
	mirrored.key = session_at(&f.t, ref)->key[SESSION_REVERSE];
	mirrored.dst = rq.key.src;
	mirrored.dport = rq.key.sport;
	assert_int_equal(nat_make(&f, &mirrored, &other), 0);
	assert_int_equal(session_ref_dir(other), SESSION_REVERSE);
	assert_ptr_equal(session_at(&f.t, other), session_at(&f.t, ref));
	nat_done(&f);
}

static void test_endpoint_to_itself(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	uint32_t ref;

	nat_init(&f, 64, 64);
	rq = nat_flow(&f, 5, 80, "10.0.0.5", 80, IPPROTO_TCP);
	rq.snat = NULL;
	rq.reply_side = 0;
	assert_int_equal(nat_make(&f, &rq, &ref), -EADDRNOTAVAIL);
	assert_int_equal(slab_used(&f.t.slabs[ARENA_SESSIONS]), 0);
	nat_done(&f);
}

// What is dead but still in the index is treated as absent, and its keys are removed.
static void test_dead_ones_are_replaced(void **state)
{
	struct nat_fixture f;
	struct nat_request rq;
	struct session *old;
	uint32_t ref, again;

	nat_init(&f, 64, 64);
	rq = nat_flow(&f, 5, 5000, "198.51.100.9", 53, IPPROTO_UDP);
	ref = make(&f, &rq);
	old = session_at(&f.t, ref);
	// As the sweeper leaves them between two of its instructions.
	old->life = (old->life & ~(uint64_t)SESSION_STATE_MASK) | SESSION_DEAD;
	again = make(&f, &rq);
	assert_int_not_equal(again, ref);
	assert_int_equal(session_at(&f.t, again)->mapping, old->mapping);
	test_index_consistent(&f.t.index);

	atomic_store(&mapping_at(&f.t, old->mapping)->refs, 0);
	atomic_store(&host_at(&f.t, old->host)->refs, 0);
	rq = nat_flow(&f, 5, 5000, "198.51.100.10", 53, IPPROTO_UDP);
	ref = make(&f, &rq);
	assert_int_not_equal(session_at(&f.t, ref)->mapping, old->mapping);
	assert_int_not_equal(session_at(&f.t, ref)->host, old->host);
	test_index_consistent(&f.t.index);
	session_table_close(&f.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snat),
		cmocka_unit_test(test_icmp_query),
		cmocka_unit_test(test_endpoint_independent),
		cmocka_unit_test(test_endpoint_dependent),
		cmocka_unit_test(test_endpoint_dependent_ports),
		cmocka_unit_test(test_endpoint_dependent_beside_mappings),
		cmocka_unit_test(test_paired_address),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_from_outside),
		cmocka_unit_test(test_same_flow_again),
		cmocka_unit_test(test_dnat),
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_reply_tuple_taken),
		cmocka_unit_test(test_flow_from_both_ends),
		cmocka_unit_test(test_endpoint_to_itself),
		cmocka_unit_test(test_dead_ones_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
