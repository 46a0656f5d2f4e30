// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The prefixes of the route table: a hash that grows by one bucket at a time (linear hashing), so
// that a million routes never wait for all of it to be moved.
#include <stdlib.h>
#include <string.h>

#include "control/kernel/route_table_internal.h"

#define BUCKETS_MIN 1024 // a power of two

int prefixes_init(struct route_table *t)
{
	t->n_buckets = t->base = BUCKETS_MIN;
	t->max_buckets = 2 * BUCKETS_MIN;
	t->buckets = calloc(t->max_buckets, sizeof(struct prefix *));
	return t->buckets == NULL ? -1 : 0;
}

// Buckets below n_buckets - base have been split: their prefixes are told apart by one bit more.
static struct prefix **bucket_of(const struct route_table *t, in_addr_t address, uint8_t plen)
{
	uint64_t h = (((uint64_t)address << 8 | plen) * 0x9e3779b97f4a7c15u) >> 32;
	size_t at = h & (2 * t->base - 1);

	return &t->buckets[at < t->n_buckets ? at : at & (t->base - 1)];
}

static bool make_room(struct route_table *t)
{
	struct prefix **buckets;

	if (t->n_buckets < t->max_buckets)
		return true;
	buckets = realloc(t->buckets, 2 * t->max_buckets * sizeof(struct prefix *));
	if (buckets == NULL)
		return false;
	memset(buckets + t->max_buckets, 0, t->max_buckets * sizeof(struct prefix *));
	t->buckets = buckets;
	t->max_buckets *= 2;
	return true;
}

// One bucket more, of what is in another one. A failure only makes the chains longer.
static void grow(struct route_table *t)
{
	struct prefix *x, **old;

	if (!make_room(t))
		return;
	old = &t->buckets[t->n_buckets++ - t->base];
	x = *old;
	*old = NULL;
	while (x != NULL) {
		struct prefix *next = x->next, **head = bucket_of(t, x->address, x->plen);

		x->next = *head;
		*head = x;
		x = next;
	}
	if (t->n_buckets == 2 * t->base)
		t->base *= 2;
}

struct prefix *prefix_find(const struct route_table *t, in_addr_t address, uint8_t plen)
{
	struct prefix *x = *bucket_of(t, address, plen);

	while (x != NULL && (x->address != address || x->plen != plen))
		x = x->next;
	return x;
}

struct prefix *prefix_create(struct route_table *t, in_addr_t address, uint8_t plen)
{
	struct prefix *x = calloc(1, sizeof(*x)), **head;

	if (x == NULL)
		return NULL;
	if (++t->count > t->n_buckets)
		grow(t);
	head = bucket_of(t, address, plen);
	x->address = address;
	x->plen = plen;
	x->next = *head;
	*head = x;
	return x;
}

void prefix_remove(struct route_table *t, struct prefix *x)
{
	struct prefix **at = bucket_of(t, x->address, x->plen);

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	free(x);
	t->count--;
}
