// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The sweeper's scans and its limbo.
//
// Only this thread takes a LIVE or MOVED session out of the table, and only it turns an unused
// mapping or host into a dead one, so that the plain fields of a slot are stable while it looks at
// them. (Workers turn LIVE into MOVED.)
#include "dataplane/session/sweeper.h"

#include <arpa/inet.h>

void sweeper_init(struct sweeper *s, const struct sweeper_conf *conf)
{
	*s = (struct sweeper){ .conf = *conf };
}

bool sweeper_idle(const struct sweeper *s)
{
	return s->limbo.n == 0;
}

// The limbo link of a slot.
static uint32_t *link_of(struct session_table *t, enum arena_slab kind, uint32_t ref)
{
	if (kind == ARENA_SESSIONS)
		return &t->sessions[ref - 1].limbo;
	return kind == ARENA_MAPPINGS ? &t->mappings[ref - 1].limbo : &t->hosts[ref - 1].limbo;
}

static void to_limbo(struct sweeper *s, enum arena_slab kind, uint32_t slot)
{
	*link_of(s->conf.table, kind, slot + 1) = s->limbo.open[kind];
	s->limbo.open[kind] = slot + 1;
	s->limbo.n++;
}

static bool empty(const uint32_t *lists)
{
	return lists[ARENA_SESSIONS] == 0 && lists[ARENA_MAPPINGS] == 0 && lists[ARENA_HOSTS] == 0;
}

static void move(uint32_t *to, uint32_t *from)
{
	for (unsigned k = 0; k < ARENA_SLABS; k++) {
		to[k] = from[k];
		from[k] = 0;
	}
}

static void advance_limbo(struct sweeper *s)
{
	const struct grace *grace = &s->conf.grace;
	struct limbo *l = &s->limbo;

	if (!empty(l->waiting) && empty(l->passed) && grace->passed(grace->ctx, l->token))
		move(l->passed, l->waiting);
	if (!empty(l->open) && empty(l->waiting)) {
		move(l->waiting, l->open);
		l->token = grace->start(grace->ctx);
	}
}

// Drops what a dead slot refers to, just before it is freed.
static void let_go(struct session_table *t, enum arena_slab kind, uint32_t ref)
{
	if (kind == ARENA_SESSIONS) {
		struct session *s = session_at(t, ref);

		if (s->mapping != 0)
			refs_put(&mapping_at(t, s->mapping)->refs);
		if (s->block != 0)
			block_put(&t->portsets.sets[host_at(t, s->host)->portset], s->block);
		if (s->host != 0) {
			struct host *h = host_at(t, s->host);
			enum port_class class = port_class_charged(s->key[0].proto);

			atomic_fetch_sub_explicit(&h->sessions[class], 1, memory_order_relaxed);
			refs_put(&h->refs);
		}
		atomic_store_explicit(&s->life, SESSION_FREE, memory_order_relaxed);
	} else if (kind == ARENA_MAPPINGS) {
		const struct mapping *m = mapping_at(t, ref);

		refs_put(m->of != 0 ? &mapping_at(t, m->of)->refs : &host_at(t, m->host)->refs);
	}
}

static void free_passed(struct sweeper *s, enum arena_slab kind, unsigned max_slots)
{
	struct session_table *t = s->conf.table;
	struct slab_chain chain = { 0 };

	while (s->limbo.passed[kind] != 0 && chain.n < max_slots) {
		uint32_t ref = s->limbo.passed[kind];

		s->limbo.passed[kind] = *link_of(t, kind, ref);
		let_go(t, kind, ref);
		slab_chain(&t->slabs[kind], &chain, ref);
	}
	s->limbo.n -= chain.n;
	slab_free_chain(&t->slabs[kind], &chain);
}

// Takes a session out of the table. False when a packet has changed it since `life` was read.
static bool end_session(
	struct sweeper *s, uint32_t slot, uint64_t life, enum session_end cause, uint32_t tick)
{
	struct session_table *t = s->conf.table;
	struct session *session = &t->sessions[slot];
	uint64_t limbo = (life & ~(uint64_t)SESSION_STATE_MASK) | SESSION_LIMBO;

	if (!atomic_compare_exchange_strong_explicit(
		    &session->life, &life, limbo, memory_order_acq_rel, memory_order_acquire))
		return false;
	index_remove(&t->index, &session->key[SESSION_FORWARD],
		index_entry(INDEX_SESSION_FORWARD, slot + 1));
	index_remove(&t->index, &session->key[SESSION_REVERSE],
		index_entry(INDEX_SESSION_REVERSE, slot + 1));
	to_limbo(s, ARENA_SESSIONS, slot);
	s->ended[cause]++;
	if (s->conf.on_end != NULL && cause != SESSION_END_UNDONE)
		s->conf.on_end(s->conf.on_end_ctx, session, cause, tick);
	return true;
}

static bool is_current(const struct rule_epochs *epochs, uint8_t kind, uint32_t id, uint32_t epoch)
{
	if (kind >= OBJ_KIND_COUNT || epochs->epoch[kind] == NULL || id >= epochs->count[kind])
		return false;
	return atomic_load_explicit(&epochs->epoch[kind][id], memory_order_acquire) == epoch;
}

static bool rules_current(const struct rule_epochs *epochs, const struct session *session)
{
	if (session->rule_kind != 0 &&
		!is_current(epochs, session->rule_kind, session->rule, session->epoch))
		return false;
	return !(session->flags & SESSION_SNAT) ||
	       is_current(epochs, OBJ_SNAT, session->snat_rule, session->snat_epoch);
}

static bool under_pressure(const struct session_table *t)
{
	for (unsigned kind = 0; kind < ARENA_SLABS; kind++)
		if (slab_used(&t->slabs[kind]) * 100ull >=
			t->slabs[kind].capacity * (uint64_t)SWEEPER_PRESSURE_PERCENT)
			return true;
	return false;
}

static void sweep_session(struct sweeper *s, uint32_t slot, uint32_t tick)
{
	const struct session_table *t = s->conf.table;
	const struct session *session = &t->sessions[slot];
	uint64_t life = atomic_load_explicit(&session->life, memory_order_acquire);
	// In whole seconds, and a worker may be one ahead: up to a second more than has passed.
	int32_t idle = (int32_t)(tick - (uint32_t)(life >> 32));

	if ((life & SESSION_STATE_MASK) == SESSION_DEAD)
		end_session(s, slot, life,
			life & SESSION_SUPERSEDED ? SESSION_END_SUPERSEDED : SESSION_END_UNDONE,
			tick);
	else if ((life & SESSION_STATE_MASK) == SESSION_MOVED)
		end_session(s, slot, life, SESSION_END_MOVED, tick);
	if ((life & SESSION_STATE_MASK) != SESSION_LIVE)
		return;
	if (!rules_current(s->conf.epochs, session))
		end_session(s, slot, life, SESSION_END_RULE, tick);
	else if (idle > 0 &&
		 (uint32_t)idle > session_timeout(&t->timers, life, session->key[0].proto))
		end_session(s, slot, life, SESSION_END_EXPIRED, tick);
	else if (s->pressure && idle >= SWEEPER_HALF_OPEN_IDLE && session_half_open(life))
		end_session(s, slot, life, SESSION_END_HALF_OPEN, tick);
}

static void sweep_mapping(struct sweeper *s, uint32_t slot)
{
	struct session_table *t = s->conf.table;
	struct mapping *m = &t->mappings[slot];

	if (!refs_kill(&m->refs))
		return;
	index_remove(&t->index, &m->key, index_entry(INDEX_MAPPING, slot + 1));
	if (m->of == 0)
		portset_release(&t->portsets.sets[m->portset],
			(enum port_class)port_class(m->key.proto), ntohs(m->ext_port));
	if (m->block != 0)
		block_put(&t->portsets.sets[m->portset], m->block);
	to_limbo(s, ARENA_MAPPINGS, slot);
}

// Takes a block back from its host if nobody uses it.
static void sweep_block(struct sweeper *s, uint32_t slot, _Atomic uint16_t *place)
{
	struct host *h = &s->conf.table->hosts[slot];
	struct portset *portset = &s->conf.table->portsets.sets[h->portset];
	uint16_t block = atomic_load_explicit(place, memory_order_acquire);

	if (block == 0 || block == HOST_BLOCK_COMING || !block_end(portset, block, slot + 1))
		return;
	atomic_store_explicit(place, 0, memory_order_relaxed);
	if (s->conf.on_block_end != NULL) {
		const struct port_block b = { h->key.addr, h->pool_addr, h->key.rule,
			block_range(block, h->block_units) };

		s->conf.on_block_end(s->conf.on_end_ctx, &b);
	}
	block_free(portset, block, h->block_units);
	atomic_fetch_sub_explicit(&h->n_blocks, 1, memory_order_release);
	refs_put(&h->refs);
}

static void sweep_host(struct sweeper *s, uint32_t slot)
{
	struct session_table *t = s->conf.table;
	struct host *h = &t->hosts[slot];

	// A block is a reference: only a live host has any.
	if (atomic_load_explicit(&h->n_blocks, memory_order_acquire) != 0)
		for (unsigned i = 0; i < HOST_BLOCKS; i++)
			sweep_block(s, slot, &h->blocks[i]);
	if (!refs_kill(&h->refs))
		return;
	index_remove(&t->index, &h->key, index_entry(INDEX_HOST, slot + 1));
	to_limbo(s, ARENA_HOSTS, slot);
}

// True when the scan came to the end of the slots in use, and starts again.
static bool scan(struct sweeper *s, enum arena_slab kind, uint32_t tick, unsigned max_slots)
{
	uint32_t high = slab_high(&s->conf.table->slabs[kind]);
	uint32_t end = high - s->cursor[kind] < max_slots ? high : s->cursor[kind] + max_slots;

	for (uint32_t slot = s->cursor[kind]; slot < end; slot++) {
		if (kind == ARENA_SESSIONS)
			sweep_session(s, slot, tick);
		else if (kind == ARENA_MAPPINGS)
			sweep_mapping(s, slot);
		else
			sweep_host(s, slot);
	}
	s->cursor[kind] = end == high ? 0 : end;
	return end == high;
}

bool sweeper_step(struct sweeper *s, uint32_t tick, unsigned max_slots)
{
	bool done = false;

	s->pressure = under_pressure(s->conf.table);
	advance_limbo(s);
	for (unsigned kind = 0; kind < ARENA_SLABS; kind++) {
		free_passed(s, kind, max_slots);
		if (scan(s, kind, tick, max_slots) && kind == ARENA_SESSIONS)
			done = true;
	}
	advance_limbo(s);
	return done;
}

bool sweeper_end(struct sweeper *s, uint32_t slot, enum session_end cause, uint32_t tick)
{
	const _Atomic uint64_t *word = &s->conf.table->sessions[slot].life;
	uint64_t life = atomic_load_explicit(word, memory_order_acquire);

	if ((life & SESSION_STATE_MASK) != SESSION_LIVE)
		return false;
	// A packet can only change the tick, the TCP state or LIVE into MOVED: the next try has the
	// news.
	while (!end_session(s, slot, life, cause, tick))
		life = atomic_load_explicit(word, memory_order_acquire);
	return true;
}
