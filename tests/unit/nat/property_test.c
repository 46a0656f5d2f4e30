// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What must hold of every sequence of flows, expiries and operator's requests, checked against a
// plain model: endpoint independence, no two endpoints on one external port, one external address
// per host, replies from exactly the remote endpoint, and nothing left at the end.
#include "tests/unit/nat/fixture.h"

#include <stdlib.h>

#define HOSTS	 8
#define SPORTS	 24
#define REMOTES	 16
#define ROUNDS	 60
#define OPS	 400
#define SESSIONS 512
#define SEED	 20261121

struct model {
	struct nat_fixture f;
	uint32_t tick;
	uint32_t ended; // of one round's request: one session in so many
	uint64_t pairs; // compared
};

static struct nat_request random_flow(struct model *m)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct nat_request rq =
		nat_flow(&m->f, (uint32_t)random() % HOSTS, (uint16_t)(1024 + random() % SPORTS),
			"198.51.100.0", (uint16_t)(53 + random() % 3), protos[random() % 2]);

	rq.key.dst = htonl(0xc6336400 + (uint32_t)random() % REMOTES);
	rq.dst = rq.key.dst;
	rq.tick = m->tick;
	rq.tcp_flags = 0x02;
	return rq;
}

static bool same_endpoint(const struct session *a, const struct session *b)
{
	return a->key[0].src == b->key[0].src && a->key[0].sport == b->key[0].sport &&
	       a->key[0].proto == b->key[0].proto;
}

static bool same_external(const struct session *a, const struct session *b)
{
	return a->key[1].dst == b->key[1].dst && a->key[1].dport == b->key[1].dport &&
	       a->key[1].proto == b->key[1].proto;
}

// Every pair of live sessions.
static void check_pairs(struct model *m)
{
	const struct session_table *t = &m->f.t;
	uint32_t i = 0, j;

	for (const struct session *a = session_next(t, &i); a != NULL; a = session_next(t, &i)) {
		j = i;
		for (const struct session *b = session_next(t, &j); b != NULL;
			b = session_next(t, &j)) {
			m->pairs++;
			assert_int_equal(same_endpoint(a, b), same_external(a, b));
			if (a->key[0].src == b->key[0].src)
				assert_int_equal(a->key[1].dst, b->key[1].dst);
		}
	}
}

// A reply finds its session; one from the same remote's next port, or another remote, finds none
// unless that is a flow of its own.
static void check_replies(const struct model *m)
{
	const struct session_table *t = &m->f.t;
	uint32_t i = 0;

	for (const struct session *a = session_next(t, &i); a != NULL; a = session_next(t, &i)) {
		struct session_key key = a->key[SESSION_REVERSE];
		uint32_t ref = session_lookup(t, &key);

		assert_int_equal(session_ref_dir(ref), SESSION_REVERSE);
		assert_ptr_equal(session_at(t, ref), a);
		key.sport = htons(9);
		assert_int_equal(session_lookup(t, &key), 0);
		key = a->key[SESSION_REVERSE];
		key.src = htonl(0xc6336400 + REMOTES);
		assert_int_equal(session_lookup(t, &key), 0);
	}
}

static bool some(const struct session *s, void *ctx)
{
	return (uint32_t)random() % *(uint32_t *)ctx == 0;
}

static void end_some(struct model *m)
{
	uint32_t next = 0;

	for (const struct session *s = session_next(&m->f.t, &next); s != NULL;
		s = session_next(&m->f.t, &next))
		if (some(s, &m->ended))
			assert_true(sweeper_end(&m->f.s, next - 1, SESSION_END_REQUEST, m->tick));
}

static void round_of(struct model *m)
{
	for (unsigned i = 0; i < OPS; i++) {
		struct nat_request rq = random_flow(m);
		uint32_t ref;
		int rc = nat_make(&m->f, &rq, &ref);

		assert_true(rc == 0 || rc == -ENOSPC || rc == -ENOBUFS);
		if (rc != 0)
			continue;
		assert_memory_equal(&session_at(&m->f.t, ref)->key[session_ref_dir(ref)], &rq.key,
			sizeof(rq.key));
	}
	check_pairs(m);
	check_replies(m);
	m->ended = 2 + (uint32_t)random() % 6;
	end_some(m);
	check_pairs(m);
	m->tick += (uint32_t)random() % 200;
	for (unsigned i = 0; i < 4; i++) {
		while (!sweeper_step(&m->f.s, m->tick, 64))
			;
		test_quiescent(&m->f.grace, 0);
	}
	check_pairs(m);
}

static void test_endpoint_independence(void **state)
{
	struct model *m = aligned_alloc(64, (sizeof(*m) + 63) / 64 * 64);

	assert_non_null(m);
	memset(m, 0, sizeof(*m));
	srandom(SEED);
	nat_init(&m->f, SESSIONS, HOSTS * 4);
	m->f.snat.mapping = NAT_MAP_ENDPOINT_INDEPENDENT;
	m->f.snat.filtering = NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT;
	m->tick = 100;
	for (unsigned i = 0; i < ROUNDS; i++)
		round_of(m);
	print_message("%lu pairs of sessions compared\n", m->pairs);
	assert_true(m->pairs > 1000000);
	test_index_consistent(&m->f.t.index);
	nat_done(&m->f);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoint_independence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
