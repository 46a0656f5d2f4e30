// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Workers that look up, create and touch sessions against the sweeper that ends them, instrumented
// by ThreadSanitizer. Everything is scarce: flows, ports, port blocks, slots and index places are
// shared, rules change all the time. Invariants hold at each packet, and at the end nothing is
// left.
#include "dataplane/nat/peer.h"
#include "tests/unit/nat/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define BURST	 32
#define HOSTS	 12
#define SPORTS	 6
#define TARGETS	 4
#define SESSIONS 400 // for HOSTS * SPORTS * TARGETS = 288 flows, and what waits in limbo
#define SOURCES	 6
#define BLOCKS	 6 // of each address, of which 4 ports can be claimed
#define FIRST	 2048

struct world {
	struct nat_fixture nat;
	// Endpoint-independent, endpoint-dependent, two with looser filtering, and the first two
	// with blocks, of other ports.
	struct nat_source sources[SOURCES];
	struct nat_address blocks[2];
	_Atomic uint32_t holder[2][PORT_UNITS]; // as the log has it
	_Atomic uint32_t starts, ends, wrong_block;
	_Atomic uint32_t tick;
	_Atomic uint32_t running; // workers
	unsigned rounds;	  // of each thread
};

struct worker {
	pthread_t id;
	struct world *world;
	unsigned number;
	uint64_t rng;
	struct nat_worker nat;
	uint64_t hits, dead, from_outside, filtered, errors[256];
	uint64_t wrong_key, wrong_reply, wrong_owner, wrong_ref, wrong_holder;
};

static uint32_t random_below(struct worker *w, uint32_t n)
{
	w->rng = w->rng * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((w->rng >> 33) % n);
}

static const struct nat_source *source_of(const struct world *w, uint32_t host)
{
	return &w->sources[(host / 4 + host) % SOURCES];
}

// One of the flows; each has a fixed rule: most SNAT, some destination NAT only.
static struct nat_request random_flow(struct worker *w, uint32_t tick)
{
	static const char *const targets[TARGETS] = { "198.51.100.1", "198.51.100.2",
		"198.51.100.3", "198.51.100.4" };
	uint32_t host = random_below(w, HOSTS), target = random_below(w, TARGETS);
	struct nat_request rq =
		nat_flow(&w->world->nat, host, (uint16_t)(1024 + random_below(w, SPORTS)),
			targets[target], 53, host % 3 == 0 ? IPPROTO_TCP : IPPROTO_UDP);

	rq.snat = NULL;
	if (host % 4 == 3)
		rq.dst = htonl(0x0a000100 + target);
	else
		rq.snat = source_of(w->world, host);
	rq.tcp_flags = 0x10;
	rq.tick = tick;
	return rq;
}

static struct nat_source current_source(const struct world *w, const struct nat_source *source)
{
	struct nat_source s = *source;

	s.epoch = atomic_load(&w->nat.snat_epochs[1]);
	return s;
}

// A live session's keys, reply and (of a mapping) port are its own.
static void check(struct worker *w, const struct session_key *key, uint32_t ref)
{
	const struct session_table *t = &w->world->nat.t;
	struct session *s = session_at(t, ref);
	uint32_t reply, owner = 0, mapping = 0;

	w->wrong_key += memcmp(key, &s->key[session_ref_dir(ref)], sizeof(*key)) != 0;
	reply = session_lookup(t, &s->key[SESSION_REVERSE]);
	uint64_t holder = 0;
	uint32_t host = s->host;

	if (s->flags & SESSION_BLOCK) {
		const struct session_key *r = &s->key[SESSION_REVERSE];

		holder = block_holder(w->world->blocks[r->dst == w->world->blocks[1].addr].portset,
			block_of(ntohs(r->dport), 1));
	}
	if (s->mapping != 0) {
		const struct mapping *m = mapping_at(t, s->mapping);

		mapping = m->of != 0 ? m->of : s->mapping;
		owner = portset_owner(&t->portsets.sets[m->portset],
			(enum port_class)port_class(s->key[0].proto), ntohs(m->ext_port));
	}
	// Still live after the look, so it was live all the time.
	if ((atomic_load(&s->life) & SESSION_STATE_MASK) != SESSION_LIVE)
		return;
	w->wrong_holder += (s->flags & SESSION_BLOCK) && holder >> 32 != host;
	w->wrong_reply += index_entry_ref(reply) != index_entry_ref(ref);
	// The owner is entered after the mapping can be found: a sharer may be faster.
	w->wrong_owner += owner != mapping && owner != 0;
}

static void packet(struct worker *w, const struct nat_request *rq, uint32_t ref)
{
	struct session_table *t = &w->world->nat.t;
	int rc;

	if (ref != 0) {
		w->wrong_ref += ref > index_entry(INDEX_MAPPING, 0);
		if (session_touch(
			    session_at(t, ref), session_ref_dir(ref), rq->tcp_flags, rq->tick)) {
			check(w, &rq->key, ref);
			w->hits++;
			return;
		}
		w->dead++;
	}
	rc = nat_create(t, rq, &w->nat, &ref);
	if (rc == 0)
		check(w, &rq->key, ref);
	else
		w->errors[-rc]++;
}

// A packet of a new flow from outside to a port of the pool, which may be mapped.
static void stray(struct worker *w, uint32_t tick)
{
	struct session_table *t = &w->world->nat.t;
	uint32_t ref, mapping = portset_owner(w->world->nat.pool[random_below(w, 2)].portset,
			      random_below(w, 3) == 0 ? PORT_TCP : PORT_UDP,
			      (uint16_t)(1024 + random_below(w, 50)));
	struct nat_request rq;
	struct nat_source source;
	const struct mapping *m;
	int rc;

	if (mapping == 0)
		return;
	m = mapping_at(t, mapping);
	rq = nat_flow(&w->world->nat, 0, 0, "198.51.100.1", 60, m->key.proto);
	source = current_source(w->world, source_of(w->world, ntohl(m->key.addr) - 0x0a000000));
	rq.key.src = m->key.addr;
	rq.key.sport = m->key.port;
	rq.dport = rq.key.dport = htons((uint16_t)(53 + random_below(w, 3)));
	rq.tick = tick;
	rq.tcp_flags = 0x02;
	rq.snat = &source;
	rq.dir = SESSION_REVERSE;
	rq.mapping = mapping;
	if (m->epoch != source.epoch || !nat_filter_passes(t, mapping, rq.key.dst)) {
		w->filtered++;
		return;
	}
	rc = nat_create(t, &rq, &w->nat, &ref);
	if (rc == 0)
		w->from_outside++;
	else
		w->errors[-rc]++;
}

// As in the graph: with what a worker knows of the rules for a whole walk.
static void burst(struct worker *w, uint32_t tick)
{
	struct world *world = w->world;
	struct nat_source sources[BURST];
	struct nat_request rqs[BURST];
	struct nat_ahead flows[BURST];
	struct session_key keys[BURST];
	uint32_t refs[BURST];
	unsigned n = 0;

	for (unsigned i = 0; i < BURST; i++) {
		rqs[i] = random_flow(w, tick);
		keys[i] = rqs[i].key;
		if (rqs[i].snat == NULL)
			continue;
		sources[i] = current_source(world, rqs[i].snat);
		rqs[i].snat = &sources[i];
	}
	session_lookup_bulk(&world->nat.t, keys, BURST, refs);
	for (unsigned i = 0; i < BURST; i++)
		if (refs[i] == 0) {
			flows[n] = nat_flow_ahead(&rqs[i]);
			rqs[i].ahead = &flows[n++];
		}
	nat_ahead(&world->nat.t, &w->nat, flows, n);
	for (unsigned i = 0; i < BURST; i++)
		packet(w, &rqs[i], refs[i]);
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;
	struct world *world = w->world;

	for (unsigned round = 0; round < world->rounds; round++) {
		uint32_t tick = atomic_load(&world->tick);

		burst(w, tick);
		stray(w, tick);
		test_quiescent(&world->nat.grace, w->number);
	}
	test_offline(&world->nat.grace, w->number);
	atomic_fetch_sub(&world->running, 1);
	return NULL;
}

static void end_one_in_eight(struct sweeper *s, uint32_t tick)
{
	uint32_t high = slab_high(&s->conf.table->slabs[ARENA_SESSIONS]);

	for (uint32_t slot = tick % 8; slot < high; slot += 8)
		sweeper_end(s, slot, SESSION_END_REQUEST, tick);
}

// Passes until the workers have stopped. A tick is some passes long.
static void *run_sweeper(void *arg)
{
	struct world *w = arg;

	for (unsigned pass = 0; atomic_load(&w->running) != 0; pass++) {
		uint32_t tick = atomic_load(&w->tick);

		while (!sweeper_step(&w->nat.s, tick, 50))
			;
		if (pass % 4 == 0)
			atomic_fetch_add(&w->tick, 1);
		if (pass % 16 == 5)
			atomic_fetch_add(&w->nat.snat_epochs[1], 1);
		if (pass % 16 == 9)
			end_one_in_eight(&w->nat.s, tick);
		sched_yield();
	}
	return NULL;
}

static _Atomic uint32_t *logged(struct world *w, const struct port_block *b)
{
	return &w->holder[b->ext_addr == w->blocks[1].addr][b->range.first / PORT_UNIT];
}

// A block has one host at a time, as far as the log can tell.
static void on_block(void *ctx, const struct port_block *b)
{
	struct world *w = ctx;

	w->wrong_block += atomic_exchange(logged(w, b), b->host) != 0;
	w->starts++;
}

static void on_block_end(void *ctx, const struct port_block *b)
{
	struct world *w = ctx;

	w->wrong_block += atomic_exchange(logged(w, b), 0) != b->host;
	w->ends++;
}

static void init_blocks(struct world *w)
{
	for (unsigned i = 0; i < 2; i++) {
		w->blocks[i] = w->nat.pool[i];
		w->blocks[i].ranges[0] =
			(struct port_range){ FIRST, FIRST + BLOCKS * PORT_UNIT - 1 };
		for (unsigned b = 0; b < BLOCKS; b++)
			for (unsigned class = 0; class < PORT_CLASSES; class ++)
				portset_reserve(w->blocks[i].portset, class,
					(struct port_range){ (uint16_t)(FIRST + b * PORT_UNIT + 4),
						(uint16_t)(FIRST + (b + 1) * PORT_UNIT - 1) });
	}
	for (unsigned i = 4; i < SOURCES; i++) {
		w->sources[i] = w->sources[i - 4];
		w->sources[i].pool = w->blocks;
		w->sources[i].block_units = 1;
		w->sources[i].max_blocks = 3;
	}
	w->nat.s.conf.on_block_end = on_block_end;
	w->nat.s.conf.on_end_ctx = w;
}

static void init(struct world *w, unsigned n_workers)
{
	nat_init(&w->nat, SESSIONS, HOSTS * 4);
	w->nat.t.index.n_buckets = SESSIONS / 5; // some keys find no place
	w->nat.t.timers = (struct session_timers){ 3, 2, 2, 2, 2 };
	w->nat.grace.n_threads = n_workers;
	for (unsigned i = 0; i < 2; i++) {
		// Too few ports for all flows; some are never free.
		w->nat.pool[i].ranges[0] = (struct port_range){ 1024, 1024 + 49 };
		portset_reserve(
			w->nat.pool[i].portset, PORT_UDP, (struct port_range){ 1025, 1030 });
	}
	for (unsigned i = 0; i < SOURCES; i++) {
		w->sources[i] = w->nat.snat;
		w->sources[i].max_sessions_per_host = 20;
	}
	w->sources[1].mapping = NAT_MAP_ENDPOINT_DEPENDENT;
	w->sources[2].filtering = NAT_FILTER_ADDRESS_DEPENDENT;
	w->sources[3].filtering = NAT_FILTER_ENDPOINT_INDEPENDENT;
	init_blocks(w);
	w->tick = 100;
	w->rounds = getenv("VROUTER_TEST_LONG") != NULL ? 100000 : 6000;
	w->running = n_workers;
}

static void report(const struct worker *w)
{
	print_message("worker %u: %lu hits, %lu dead, %lu created, %lu degraded, %lu joined; "
		      "from outside %lu, filtered %lu; no port %lu, host limit %lu, no slot "
		      "%lu, index full %lu, busy %lu\n",
		w->number, w->hits, w->dead, w->nat.created, w->nat.degraded, w->nat.joined,
		w->from_outside, w->filtered, w->errors[EADDRNOTAVAIL], w->errors[EUSERS],
		w->errors[ENOSPC], w->errors[ENOBUFS], w->errors[EAGAIN]);
	assert_int_equal(w->wrong_key, 0);
	assert_int_equal(w->wrong_reply, 0);
	assert_int_equal(w->wrong_owner, 0);
	assert_int_equal(w->wrong_ref, 0);
	assert_int_equal(w->wrong_holder, 0);
	assert_true(w->nat.created > 0);
	assert_true(w->from_outside > 0);
}

static void stress(unsigned n_workers)
{
	struct world *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);
	struct worker *workers = calloc(n_workers, sizeof(*workers));
	const uint64_t *ended;
	pthread_t sweeper;

	assert_non_null(w);
	assert_non_null(workers);
	memset(w, 0, sizeof(*w));
	init(w, n_workers);
	assert_int_equal(pthread_create(&sweeper, NULL, run_sweeper, w), 0);
	for (unsigned i = 0; i < n_workers; i++) {
		workers[i] = (struct worker){ .world = w, .number = i, .rng = i + 1 };
		nat_worker_init(&workers[i].nat, i + 1);
		workers[i].nat.on_block = on_block;
		workers[i].nat.on_block_ctx = w;
		assert_int_equal(pthread_create(&workers[i].id, NULL, run_worker, &workers[i]), 0);
	}
	for (unsigned i = 0; i < n_workers; i++)
		pthread_join(workers[i].id, NULL);
	pthread_join(sweeper, NULL);
	for (unsigned i = 0; i < n_workers; i++)
		report(&workers[i]);
	ended = w->nat.s.ended;
	print_message("ended: %lu expired, %lu by rule, %lu by request, %lu undone\n",
		ended[SESSION_END_EXPIRED], ended[SESSION_END_RULE], ended[SESSION_END_REQUEST],
		ended[SESSION_END_UNDONE]);
	test_index_consistent(&w->nat.t.index);
	nat_done(&w->nat);
	print_message("%u blocks given\n", w->starts);
	assert_int_equal(w->wrong_block, 0);
	assert_int_equal(w->starts, w->ends);
	assert_true(w->starts > 20);
	free(workers);
	free(w);
}

static void test_two_workers(void **state)
{
	stress(2);
}

static void test_four_workers(void **state)
{
	stress(4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_workers),
		cmocka_unit_test(test_four_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
