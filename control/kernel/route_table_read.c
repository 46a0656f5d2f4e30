// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The route table against the kernel's, read anew, and against what the data plane has: in parts,
// between which notifications go on to change the table.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/kernel/route_table_internal.h"

void route_table_read_begin(struct route_table *t)
{
	t->reading++;
}

// Behind those of its metric that this reading has had: the rest of them comes later, or is gone.
static struct candidate **place_of(const struct route_table *t, struct prefix *x, uint32_t metric)
{
	struct candidate **place = &x->candidates;

	while (*place != NULL && (*place)->metric < metric)
		place = &(*place)->next;
	for (struct candidate **at = place; *at != NULL && (*at)->metric == metric;
		at = &(*at)->next)
		if ((*at)->reading == t->reading)
			place = &(*at)->next;
	return place;
}

int route_table_read(struct route_table *t, const struct table_route *r)
{
	struct candidate *c = candidate_create(t, r), **at;
	struct prefix *x = prefix_find(t, r->prefix, r->plen);

	if (x == NULL && c != NULL)
		x = prefix_create(t, r->prefix, r->plen);
	if (x == NULL || c == NULL) {
		free(c);
		return -ENOMEM;
	}
	prefix_surprise(t, x);
	at = candidate_find(x, r);
	if (*at != NULL)
		candidate_unlink(at);
	at = place_of(t, x, r->metric);
	c->next = *at;
	*at = c;
	return 0;
}

void route_table_walk(struct route_table *t)
{
	t->at = 0;
}

static void sweep(struct route_table *t, struct prefix *x)
{
	for (struct candidate **at = &x->candidates; *at != NULL;) {
		if ((*at)->reading == t->reading) {
			at = &(*at)->next;
			continue;
		}
		prefix_surprise(t, x);
		candidate_unlink(at);
	}
}

bool route_table_sweep(struct route_table *t, size_t most)
{
	for (; t->at < t->n_buckets && most > 0; t->at++, most--)
		for (struct prefix *x = t->buckets[t->at]; x != NULL; x = x->next)
			sweep(t, x);
	return t->at < t->n_buckets;
}

void route_table_audit_begin(struct route_table *t)
{
	t->audit++;
	t->auditing = true;
	t->drift = 0;
}

void route_table_note(struct route_table *t, const struct table_route *r)
{
	struct prefix *x = t->auditing ? prefix_find(t, r->prefix, r->plen) : NULL;

	if (x != NULL)
		x->noted = t->audit;
}

// One that was told, or is told again: as if something unknown had been told.
static int doubt(struct route_table *t, struct prefix *x)
{
	if (x->told == NULL) {
		x->told = calloc(1, sizeof(*x->told));
		if (x->told == NULL)
			return -ENOMEM;
		x->told->telling = t->telling;
		t->told++;
	}
	x->told->unsure = true;
	prefix_surprise(t, x);
	return 0;
}

// What was told in this audit may have come before or after the data plane was asked.
static bool told_meanwhile(const struct route_table *t, const struct prefix *x)
{
	return x->noted == t->audit || (x->told != NULL && x->told->audit == t->audit);
}

int route_table_audit(struct route_table *t, const struct msg_addr *prefix,
	const struct msg_route *has, const struct msg_hop *hops)
{
	struct prefix *x;
	in_addr_t address;

	memcpy(&address, prefix->bytes, sizeof(address));
	x = prefix_find(t, address, prefix->plen);
	if (x == NULL)
		x = prefix_create(t, address, prefix->plen);
	if (x == NULL)
		return -ENOMEM;
	x->seen = t->audit;
	if (told_meanwhile(t, x) || (x->told != NULL && route_as_told(x->told, has, hops)))
		return 0;
	return doubt(t, x);
}

int route_table_audit_rest(struct route_table *t, size_t most)
{
	int rc = 0;

	for (; t->at < t->n_buckets && most > 0; t->at++, most--)
		for (struct prefix *x = t->buckets[t->at]; rc == 0 && x != NULL; x = x->next)
			if (x->told != NULL && x->seen != t->audit && !told_meanwhile(t, x))
				rc = doubt(t, x);
	return rc < 0 ? rc : t->at < t->n_buckets;
}

size_t route_table_audit_end(struct route_table *t)
{
	t->auditing = false;
	return t->drift;
}
