// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The table of groups, and how buckets are shared out: by the method of highest averages (D'Hondt),
// in which nobody loses a bucket when somebody goes, and nobody wins one when somebody comes.
#include "dataplane/fib/ecmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "dataplane/main/grace.h"

#define NOBODY	     UINT8_MAX
#define SERIAL_FIRST (1ull << 32) // below it an origin is an adjacency index

struct ecmp_retired {
	uint32_t number;
	uint64_t wait; // the FIB ticket; once that is visible, the token of a grace period
	bool ripe;
};

struct ecmp_table {
	struct ecmp_group *group; // LIMIT_ECMP_GROUPS
	struct adj_table *adj;
	struct rte_rcu_qsbr *qsbr;
	uint64_t serial;		    // of the next group
	uint64_t digest[LIMIT_ECMP_GROUPS]; // of the hops of a group in use, 0: none
	uint32_t free[LIMIT_ECMP_GROUPS];   // stack
	uint32_t n_free;
	// A ring in the order of ecmp_put().
	struct ecmp_retired retired[LIMIT_ECMP_GROUPS];
	uint32_t first, last;
};

static_assert((LIMIT_ECMP_GROUPS & (LIMIT_ECMP_GROUPS - 1)) == 0, "ring arithmetic");

// The score of a hop for a flow: the highest one wins, so that a flow moves only when its own hop
// goes, or to one that comes.
static uint32_t score(uint32_t hash, uint32_t adj)
{
	uint64_t x = ((uint64_t)hash << 32 | adj) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)((x ^ x >> 29) * 0xbf58476d1ce4e5b9ull >> 32);
}

static uint32_t pick_among(const struct ecmp_group *g, const struct adj *adjs, uint16_t port,
	uint32_t hash, uint8_t among)
{
	uint32_t best = 0, best_score = 0;

	for (unsigned int i = 0; i < g->n; i++) {
		uint32_t adj = g->hops[i].adj, s = score(hash, adj);

		if (!(among & 1u << i) || adjs[adj].port != port || (best && s <= best_score))
			continue;
		best = adj;
		best_score = s;
	}
	return best;
}

uint32_t ecmp_pick_port(
	const struct ecmp_group *g, const struct adj *adjs, uint16_t port, uint32_t hash, bool any)
{
	uint8_t usable = atomic_load_explicit(&g->usable, memory_order_acquire);
	uint32_t adj = pick_among(g, adjs, port, hash, usable);

	return adj == 0 && any ? pick_among(g, adjs, port, hash, (uint8_t)~usable) : adj;
}

int ecmp_create(struct adj_table *adj, struct rte_rcu_qsbr *qsbr, struct ecmp_table **out)
{
	struct ecmp_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->adj = adj;
	t->qsbr = qsbr;
	t->serial = SERIAL_FIRST;
	t->group = rte_zmalloc(
		"ecmp groups", LIMIT_ECMP_GROUPS * sizeof(*t->group), alignof(struct ecmp_group));
	if (!t->group) {
		free(t);
		return -ENOMEM;
	}
	for (uint32_t i = LIMIT_ECMP_GROUPS; i > 0; i--)
		t->free[t->n_free++] = i - 1;
	*out = t;
	return 0;
}

void ecmp_destroy(struct ecmp_table *t)
{
	if (!t)
		return;
	rte_free(t->group);
	free(t);
}

struct ecmp_group *ecmp_groups(const struct ecmp_table *t)
{
	return t->group;
}

struct ecmp_group *ecmp_at(const struct ecmp_table *t, uint32_t index)
{
	return &t->group[index - ECMP_INDEX_FIRST];
}

// Buckets while they are shared out.
struct shares {
	uint32_t have[LIMIT_ECMP];
	uint8_t owner[ECMP_BUCKETS]; // hop or NOBODY
	uint16_t next[LIMIT_ECMP];   // where the search for a bucket of the hop goes on
};

// Hops whose neighbour answers; when none does those that may, else all.
static uint8_t usable_hops(const struct ecmp_table *t, const struct ecmp_group *g)
{
	uint8_t by_state[ADJ_FAILED + 1] = { 0 };

	for (unsigned int i = 0; i < g->n; i++)
		by_state[adj_state(&t->adj->adj[g->hops[i].adj])] |= (uint8_t)(1u << i);
	return by_state[ADJ_RESOLVED]	  ? by_state[ADJ_RESOLVED]
	       : by_state[ADJ_INCOMPLETE] ? by_state[ADJ_INCOMPLETE]
					  : by_state[ADJ_FAILED];
}

static uint8_t hop_of(const struct ecmp_group *g, uint32_t adj)
{
	for (uint8_t i = 0; i < g->n; i++)
		if (g->hops[i].adj == adj)
			return i;
	return NOBODY;
}

// Whose buckets would stand for the least weight each if it got one more; one without buckets comes
// first.
static unsigned int poorest(const struct ecmp_group *g, const struct shares *s, uint8_t usable)
{
	unsigned int best = LIMIT_ECMP;

	for (unsigned int i = 0; i < g->n; i++) {
		if (!(usable & 1u << i))
			continue;
		if (s->have[i] == 0)
			return i;
		if (best == LIMIT_ECMP || (uint64_t)(s->have[i] + 1) * g->hops[best].weight <
						  (uint64_t)(s->have[best] + 1) * g->hops[i].weight)
			best = i;
	}
	return best;
}

// Whose buckets stand for the most weight each; the last bucket stays.
static unsigned int richest(const struct ecmp_group *g, const struct shares *s)
{
	unsigned int best = LIMIT_ECMP;

	for (unsigned int i = 0; i < g->n; i++)
		if (s->have[i] > 1 &&
			(best == LIMIT_ECMP || (uint64_t)s->have[i] * g->hops[best].weight >
						       (uint64_t)s->have[best] * g->hops[i].weight))
			best = i;
	return best;
}

static void give(struct shares *s, unsigned int bucket, unsigned int to)
{
	if (s->owner[bucket] != NOBODY)
		s->have[s->owner[bucket]]--;
	s->owner[bucket] = (uint8_t)to;
	s->have[to]++;
}

static void share_out(const struct ecmp_group *g, struct shares *s, uint8_t usable)
{
	for (unsigned int b = 0; b < ECMP_BUCKETS; b++)
		if (s->owner[b] == NOBODY)
			give(s, b, poorest(g, s, usable));
	for (;;) {
		unsigned int lo = poorest(g, s, usable), hi = richest(g, s);

		// One more for `lo` must not make it richer than `hi` is; each has at least one.
		if (s->have[lo] != 0 && (uint64_t)s->have[hi] * g->hops[lo].weight <=
						(uint64_t)(s->have[lo] + 1) * g->hops[hi].weight)
			return;
		while (s->owner[s->next[hi]] != hi)
			s->next[hi] = (s->next[hi] + 1) % ECMP_BUCKETS;
		give(s, s->next[hi], lo);
	}
}

// Brings the buckets up to date. `adj_of`: whose each of them was.
static void balance(const struct ecmp_table *t, struct ecmp_group *g,
	uint32_t (*adj_of)(const void *ctx, unsigned int bucket), const void *ctx)
{
	uint8_t usable = usable_hops(t, g);
	struct shares s = { 0 };

	for (unsigned int b = 0; b < ECMP_BUCKETS; b++) {
		uint8_t i = hop_of(g, adj_of(ctx, b));

		s.owner[b] = NOBODY;
		if (i != NOBODY && usable & 1u << i)
			give(&s, b, i);
	}
	share_out(g, &s, usable);
	for (unsigned int b = 0; b < ECMP_BUCKETS; b++)
		atomic_store_explicit(
			&g->bucket[b], (uint16_t)g->hops[s.owner[b]].adj, memory_order_release);
	atomic_store_explicit(&g->usable, usable, memory_order_release);
}

static uint32_t adj_of_group(const void *ctx, unsigned int bucket)
{
	return ecmp_pick(ctx, bucket);
}

static uint32_t adj_of_route(const void *ctx, unsigned int bucket)
{
	return *(const uint32_t *)ctx;
}

static int by_adj(const void *a, const void *b)
{
	const struct ecmp_hop *x = a, *y = b;

	return x->adj < y->adj ? -1 : x->adj > y->adj;
}

static uint64_t digest_of(const struct ecmp_hop *hops, unsigned int n)
{
	uint64_t x = n;

	for (unsigned int i = 0; i < n; i++)
		x = (x ^ ((uint64_t)hops[i].adj << 32 | hops[i].weight)) * 0x9e3779b97f4a7c15ull +
		    (x >> 31);
	return x ? x : 1;
}

// A group of these hops: `from` itself, else one that came from the same, else (NULL from none)
// `any` one.
static struct ecmp_group *find(struct ecmp_table *t, const struct ecmp_hop *hops, unsigned int n,
	uint32_t from, uint64_t origin, struct ecmp_group **any)
{
	uint64_t digest = digest_of(hops, n);
	struct ecmp_group *same = NULL;

	*any = NULL;
	for (uint32_t i = 0; i < LIMIT_ECMP_GROUPS; i++) {
		struct ecmp_group *g = &t->group[i];

		if (t->digest[i] != digest || g->n != n ||
			memcmp(g->hops, hops, n * sizeof(*hops)) != 0)
			continue;
		if (from == ECMP_INDEX_FIRST + i)
			return g;
		if (g->origin == origin)
			same = g;
		*any = g;
	}
	return same;
}

static void create(struct ecmp_table *t, uint32_t number, const struct ecmp_hop *hops,
	unsigned int n, uint32_t from, uint64_t origin)
{
	struct ecmp_group *g = &t->group[number];

	g->n = (uint8_t)n;
	memcpy(g->hops, hops, n * sizeof(*hops));
	g->refs = 0;
	g->serial = t->serial++;
	g->origin = origin;
	t->digest[number] = digest_of(hops, n);
	if (ecmp_is_group(from))
		balance(t, g, adj_of_group, ecmp_at(t, from));
	else
		balance(t, g, adj_of_route, &from);
}

int ecmp_get(struct ecmp_table *t, struct ecmp_hop *hops, unsigned int n, uint32_t from,
	uint32_t *index, bool *created)
{
	uint64_t origin = ecmp_is_group(from) ? ecmp_at(t, from)->serial : from;
	struct ecmp_group *g, *any;

	if (n < 2 || n > LIMIT_ECMP)
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++)
		if (hops[i].weight == 0)
			return -EINVAL;
	qsort(hops, n, sizeof(*hops), by_adj);
	g = find(t, hops, n, from, origin, &any);
	// Without flows to keep where they are, or without room, any will do.
	if (!g && (origin == 0 || t->n_free == 0))
		g = any;
	*created = !g;
	if (!g && t->n_free == 0)
		return -ENOSPC;
	if (!g) {
		uint32_t number = t->free[--t->n_free];

		create(t, number, hops, n, from, origin);
		g = &t->group[number];
	}
	g->refs++;
	*index = ECMP_INDEX_FIRST + (uint32_t)(g - t->group);
	return 0;
}

bool ecmp_put(struct ecmp_table *t, uint32_t index, uint64_t ticket)
{
	struct ecmp_group *g = ecmp_at(t, index);

	if (--g->refs > 0)
		return false;
	t->digest[index - ECMP_INDEX_FIRST] = 0;
	t->retired[t->last++ % LIMIT_ECMP_GROUPS] =
		(struct ecmp_retired){ .number = index - ECMP_INDEX_FIRST, .wait = ticket };
	return true;
}

void ecmp_refresh(struct ecmp_table *t, uint32_t adj)
{
	for (uint32_t i = 0; i < LIMIT_ECMP_GROUPS; i++) {
		struct ecmp_group *g = &t->group[i];

		if (t->digest[i] != 0 && hop_of(g, adj) != NOBODY)
			balance(t, g, adj_of_group, g);
	}
}

bool ecmp_poll(struct ecmp_table *t, uint64_t visible)
{
	for (uint32_t i = t->first; i != t->last; i++) {
		struct ecmp_retired *r = &t->retired[i % LIMIT_ECMP_GROUPS];

		if (!r->ripe && r->wait > visible)
			break;
		if (!r->ripe)
			*r = (struct ecmp_retired){ r->number, rte_rcu_qsbr_start(t->qsbr), true };
	}
	for (; t->first != t->last; t->first++) {
		const struct ecmp_retired *r = &t->retired[t->first % LIMIT_ECMP_GROUPS];

		if (!r->ripe || !grace_passed(t->qsbr, r->wait))
			break;
		t->free[t->n_free++] = r->number;
	}
	return t->first != t->last;
}

uint32_t ecmp_used(const struct ecmp_table *t)
{
	return LIMIT_ECMP_GROUPS - t->n_free;
}
