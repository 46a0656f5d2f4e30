// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What must hold of ports and limits whatever hosts do, under rules of every kind that share two
// addresses: ports inside the ranges and not reserved, one mapping to a port, one flow to a reply
// tuple, exact charges, no host above its limit, none that keeps others out, all given back.
#include <stdlib.h>

#include "dataplane/nat/peer.h"
#include "tests/unit/nat/fixture.h"

#define HOSTS	 12
#define LIMIT	 40
#define SOURCES	 4
#define SESSIONS 1024
#define FIRST	 2000
#define PORTS	 200 // of each address
#define ROUNDS	 50
#define OPS	 300
#define SEED	 4787

struct world {
	struct nat_fixture f;
	struct nat_source sources[SOURCES];
	uint32_t tick;
	bool reserved[2][PORTS];
	uint32_t results[256];
};

static void init(struct world *w)
{
	nat_init(&w->f, SESSIONS, HOSTS * 4);
	for (unsigned i = 0; i < 2; i++)
		w->f.pool[i].ranges[0] = (struct port_range){ FIRST, FIRST + PORTS - 1 };
	for (unsigned i = 0; i < SOURCES; i++) {
		w->sources[i] = w->f.snat;
		w->sources[i].max_sessions_per_host = LIMIT;
	}
	w->sources[1].mapping = NAT_MAP_ENDPOINT_DEPENDENT;
	w->sources[2].filtering = NAT_FILTER_ADDRESS_DEPENDENT;
	w->sources[3].filtering = NAT_FILTER_ENDPOINT_INDEPENDENT;
	w->tick = 100;
	srandom(SEED);
}

static struct nat_request random_flow(struct world *w)
{
	// Host 0 wants more than all others.
	uint32_t host = random() % 3 == 0 ? 0 : (uint32_t)random() % HOSTS;
	struct nat_request rq =
		nat_flow(&w->f, host, (uint16_t)(FIRST - 20 + random() % (PORTS + 40)),
			random() % 2 ? "198.51.100.1" : "198.51.100.2",
			(uint16_t)(53 + random() % 2), IPPROTO_UDP);

	rq.snat = &w->sources[host % SOURCES];
	rq.tick = w->tick;
	return rq;
}

// Somebody whom the mapping lets in.
static bool from_outside(struct world *w, struct nat_request *rq)
{
	const struct nat_address *a = &w->f.pool[random() % 2];
	uint32_t mapping =
		portset_owner(a->portset, PORT_UDP, (uint16_t)(FIRST + random() % PORTS));
	const struct mapping *m;

	if (mapping == 0)
		return false;
	m = mapping_at(&w->f.t, mapping);
	rq->key.src = m->key.addr;
	rq->key.sport = m->key.port;
	rq->snat = &w->sources[(ntohl(m->key.addr) - 0x0a000000) % SOURCES];
	rq->dir = SESSION_REVERSE;
	rq->mapping = mapping;
	return nat_filter_passes(&w->f.t, mapping, rq->key.dst);
}

// A port that was chosen now is one that may be chosen.
static void check_new(const struct world *w, uint32_t ref, bool mapped)
{
	const struct session *s = session_at(&w->f.t, ref);
	uint16_t port = ntohs(s->key[SESSION_REVERSE].dport);
	unsigned address = s->key[SESSION_REVERSE].dst == w->f.pool[1].addr;

	assert_int_equal(s->key[SESSION_REVERSE].dst, w->f.pool[address].addr);
	assert_in_range(port, FIRST, FIRST + PORTS - 1);
	if (s->mapping == 0 || !mapped)
		assert_false(w->reserved[address][port - FIRST]);
}

static bool is_mapped(const struct world *w, const struct nat_request *rq)
{
	const struct mapping_key key = { .addr = rq->key.src,
		.rule = 1,
		.port = rq->key.sport,
		.proto = rq->key.proto,
		.domain = DOMAIN_MAPPING };

	return index_lookup(&w->f.t.index, &key) != 0;
}

static void one_flow(struct world *w)
{
	struct nat_request rq = random_flow(w);
	uint64_t created = w->f.w.created;
	bool mapped;
	uint32_t ref;
	int rc;

	if (random() % 4 == 0 && !from_outside(w, &rq))
		return;
	mapped = is_mapped(w, &rq);
	rc = nat_make(&w->f, &rq, &ref);
	w->results[-rc]++;
	if (rc == 0 && w->f.w.created != created)
		check_new(w, ref, mapped);
}

static void change_reservation(struct world *w)
{
	unsigned address = (unsigned)random() % 2, i = (unsigned)random() % PORTS;
	struct port_range one = { (uint16_t)(FIRST + i), (uint16_t)(FIRST + i) };

	w->reserved[address][i] = !w->reserved[address][i];
	if (w->reserved[address][i])
		portset_reserve(w->f.pool[address].portset, PORT_UDP, one);
	else
		portset_unreserve(w->f.pool[address].portset, PORT_UDP, one);
}

// Nothing waits any more: what is held is what live sessions need.
static void check_books(struct world *w)
{
	struct session_table *t = &w->f.t;
	uint8_t mapped[SESSIONS + 1] = { 0 };
	uint32_t of_host[HOSTS] = { 0 }, next = 0, mappings = 0, ports = 0;

	for (struct session *s;
		(s = (struct session *)(uintptr_t)session_next(t, &next)) != NULL;) {
		uint32_t host = ntohl(s->key[SESSION_FORWARD].src) - 0x0a000000;
		uint32_t m = s->mapping == 0 ? 0 : mapping_at(t, s->mapping)->of;

		assert_ptr_equal(session_at(t, session_lookup(t, &s->key[0])), s);
		assert_ptr_equal(session_at(t, session_lookup(t, &s->key[1])), s);
		of_host[host]++;
		assert_int_equal(host_at(t, s->host)->key.addr, s->key[SESSION_FORWARD].src);
		m = m != 0 ? m : s->mapping;
		if (m == 0 || mapped[m]++ != 0)
			continue;
		mappings++;
		assert_int_equal(portset_owner(&t->portsets.sets[mapping_at(t, m)->portset],
					 PORT_UDP, ntohs(mapping_at(t, m)->ext_port)),
			m);
	}
	next = 0;
	for (const struct session *s; (s = session_next(t, &next)) != NULL;) {
		uint32_t host = ntohl(s->key[SESSION_FORWARD].src) - 0x0a000000;

		assert_int_equal(host_at(t, s->host)->sessions[PORT_UDP], of_host[host]);
		assert_true(of_host[host] <= LIMIT);
	}
	for (unsigned i = 0; i < 2; i++)
		ports += portset_used(w->f.pool[i].portset, PORT_UDP);
	assert_int_equal(ports, mappings);
}

static void settle(struct world *w)
{
	for (unsigned i = 0; i < 10; i++) {
		while (!sweeper_step(&w->f.s, w->tick, 100))
			;
		test_quiescent(&w->f.grace, 0);
	}
}

static void test_any_sequence(void **state)
{
	struct world *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);

	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	init(w);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < OPS; i++) {
			if (random() % 8 == 0)
				change_reservation(w);
			one_flow(w);
		}
		w->tick += (uint32_t)random() % 250;
		settle(w);
		check_books(w);
	}
	print_message("%lu sessions, %lu degraded; refused: no port %u, host limit %u\n",
		w->f.w.created, w->f.w.degraded, w->results[EADDRNOTAVAIL], w->results[EUSERS]);
	assert_true(w->f.w.created > 1000 && w->f.w.degraded > 0);
	assert_true(w->results[EADDRNOTAVAIL] > 0 && w->results[EUSERS] > 0);
	nat_done(&w->f);
	free(w);
}

// One host opens all that it can, in every way: whatever the rule, each of the others still gets
// its share.
static void test_nobody_takes_all(void **state)
{
	struct nat_request rq;
	struct nat_fixture f;
	uint32_t ref;

	for (unsigned rule = 0; rule < SOURCES; rule++) {
		nat_init(&f, 4096, 16);
		f.snat.n_pool = 1;
		f.snat.mapping = rule == 1;
		f.snat.filtering = rule < 2 ? 0 : (uint8_t)(rule - 1);
		f.pool[0].ranges[0] = (struct port_range){ FIRST, FIRST + PORTS - 1 };
		f.snat.max_sessions_per_host = PORTS / 2; // the default
		for (uint32_t i = 0; i < 2000; i++) {
			rq = nat_flow(&f, 1, (uint16_t)(1024 + i), "198.51.100.1",
				(uint16_t)(53 + i % 3), IPPROTO_UDP);
			(void)nat_make(&f, &rq, &ref);
		}
		assert_true(portset_used(f.pool[0].portset, PORT_UDP) <= PORTS / 2);
		for (uint32_t i = 0; i < PORTS / 2; i++) {
			rq = nat_flow(&f, 2 + i % 3, (uint16_t)(FIRST + i), "198.51.100.1", 53,
				IPPROTO_UDP);
			assert_int_equal(nat_make(&f, &rq, &ref), 0);
		}
		nat_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_sequence),
		cmocka_unit_test(test_nobody_takes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
