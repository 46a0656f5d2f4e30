// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The RIB: prefixes with an adjacency per source; changes of the best one go to the FIB.
#include "dataplane/fib/rib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/fib/fib.h"

int rib_create(const struct rib_conf *conf, struct rib **out)
{
	struct rib *r = calloc(1, sizeof(*r));
	uint32_t total = 0;

	if (!r)
		return -ENOMEM;
	r->fib = conf->fib;
	memcpy(r->max, conf->max, sizeof(r->max));
	for (int s = 0; s < RIB_SOURCE_COUNT; s++)
		total += conf->max[s];
	if (key_table_init(&r->keys, total) == 0)
		r->entries = calloc(r->keys.slots, sizeof(*r->entries));
	if (!r->entries) {
		rib_destroy(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

void rib_destroy(struct rib *r)
{
	if (!r)
		return;
	key_table_fini(&r->keys);
	free(r->entries);
	free(r);
}

static struct rib_entry *find(const struct rib *r, uint32_t prefix, uint8_t plen)
{
	int32_t slot = key_table_find(&r->keys, key_of_prefix(prefix, plen));

	return slot < 0 ? NULL : &r->entries[slot];
}

static struct rib_entry *add(struct rib *r, uint32_t prefix, uint8_t plen)
{
	int32_t slot = key_table_add(&r->keys, key_of_prefix(prefix, plen));

	if (slot < 0)
		return NULL;
	r->entries[slot] = (struct rib_entry){ .prefix = prefix, .plen = plen };
	return &r->entries[slot];
}

enum rib_source rib_best(const struct rib_entry *e)
{
	int s = 0;

	while (s < RIB_SOURCE_COUNT && e->adj[s] == 0)
		s++;
	return (enum rib_source)s;
}

static uint32_t best_adj(const struct rib_entry *e)
{
	enum rib_source s = rib_best(e);

	return s < RIB_SOURCE_COUNT ? e->adj[s] : 0;
}

static bool better_than_neighbour(const struct rib_entry *e)
{
	return rib_best(e) < RIB_NEIGHBOUR;
}

// Writes e->adj[source] and passes the new best one on to the FIB. Undone when the FIB refuses.
static int change(struct rib *r, struct rib_entry *e, enum rib_source source, uint32_t adj)
{
	uint32_t old = e->adj[source], old_best = best_adj(e);
	bool counted = better_than_neighbour(e);
	int err = 0;

	e->adj[source] = adj;

	uint32_t best = best_adj(e);

	if (best != old_best)
		err = best ? fib_set(r->fib, e->prefix, e->plen, best)
			   : fib_del(r->fib, e->prefix, e->plen);
	if (err) {
		e->adj[source] = old;
		return err;
	}
	r->count[source] += (adj != 0) - (old != 0);
	r->by_length[e->plen] += better_than_neighbour(e) - counted;
	if (best != old_best && e->plen < 32)
		r->version++;
	return 0;
}

static void drop_if_empty(struct rib *r, const struct rib_entry *e)
{
	if (best_adj(e) == 0)
		(void)key_table_del(&r->keys, key_of_prefix(e->prefix, e->plen));
}

// A host that answers for a whole /8 must not take the tbl8 that routes need.
static bool neighbour_may(const struct rib *r, uint32_t prefix, uint8_t plen)
{
	struct fib_usage u;

	if (!fib_needs_tbl8(r->fib, prefix, plen))
		return true;
	fib_usage(r->fib, &u);
	return u.tbl8 < u.max_tbl8 - u.max_tbl8 / 4;
}

int rib_set(struct rib *r, uint32_t prefix, uint8_t plen, enum rib_source source, uint32_t adj)
{
	if (plen > 32 || source >= RIB_SOURCE_COUNT || adj == 0)
		return -EINVAL;
	prefix &= prefix_mask(plen);

	struct rib_entry *e = find(r, prefix, plen);
	bool is_new = !e || e->adj[source] == 0;

	if (is_new && r->count[source] >= r->max[source])
		return -ENOSPC;
	if (is_new && source == RIB_NEIGHBOUR && !neighbour_may(r, prefix, plen))
		return -ENOSPC;
	if (!e)
		e = add(r, prefix, plen);
	if (!e)
		return -ENOSPC;

	int err = change(r, e, source, adj);

	if (!err && source == RIB_ROUTE)
		e->stale = false;
	drop_if_empty(r, e);
	return err;
}

int rib_del(struct rib *r, uint32_t prefix, uint8_t plen, enum rib_source source)
{
	struct rib_entry *e = NULL;

	if (plen <= 32 && source < RIB_SOURCE_COUNT)
		e = find(r, prefix & prefix_mask(plen), plen);
	if (!e || e->adj[source] == 0)
		return -ENOENT;

	int err = change(r, e, source, 0);

	drop_if_empty(r, e);
	return err;
}

uint32_t rib_get(const struct rib *r, uint32_t prefix, uint8_t plen, enum rib_source source)
{
	const struct rib_entry *e = NULL;

	if (plen <= 32)
		e = find(r, prefix & prefix_mask(plen), plen);
	return e ? e->adj[source] : 0;
}

uint32_t rib_covering(const struct rib *r, uint32_t addr)
{
	for (int plen = 31; plen >= 0; plen--) {
		if (r->by_length[plen] == 0)
			continue;

		const struct rib_entry *e =
			find(r, addr & prefix_mask((uint8_t)plen), (uint8_t)plen);

		if (e)
			return best_adj(e);
	}
	return 0;
}

// Walks go by slot, not by key: rte_hash moves keys when one is deleted. Unused slots are all 0.

void rib_walk(struct rib *r, void (*fn)(void *ctx, const struct rib_entry *e), void *ctx)
{
	(void)rib_walk_part(r, 0, UINT32_MAX, fn, ctx);
}

uint32_t rib_walk_part(struct rib *r, uint32_t from, uint32_t most,
	void (*fn)(void *ctx, const struct rib_entry *e), void *ctx)
{
	for (uint32_t i = from; i < r->keys.slots; i++) {
		if (best_adj(&r->entries[i]) == 0)
			continue;
		if (most-- == 0)
			return i;
		fn(ctx, &r->entries[i]);
	}
	return 0;
}

uint32_t rib_count(const struct rib *r)
{
	return key_table_count(&r->keys);
}

void rib_mark(struct rib *r)
{
	for (uint32_t i = 0; i < r->keys.slots; i++)
		r->entries[i].stale = r->entries[i].adj[RIB_ROUTE] != 0;
}

int rib_sweep(struct rib *r, void (*swept)(void *ctx, uint32_t adj), void *ctx)
{
	int ret = 0;

	for (uint32_t i = 0; i < r->keys.slots; i++) {
		struct rib_entry *e = &r->entries[i];
		uint32_t adj = e->adj[RIB_ROUTE];

		if (!e->stale || adj == 0)
			continue;

		int err = change(r, e, RIB_ROUTE, 0);

		if (err) {
			ret = err;
			continue;
		}
		drop_if_empty(r, e);
		swept(ctx, adj);
	}
	return ret;
}

const char *rib_source_name(enum rib_source source)
{
	static const char *const names[RIB_SOURCE_COUNT] = {
		[RIB_LOCAL] = "address",
		[RIB_CONNECTED] = "connected",
		[RIB_ROUTE] = "route",
		[RIB_NEIGHBOUR] = "neighbour",
	};

	return source < RIB_SOURCE_COUNT ? names[source] : "none";
}
