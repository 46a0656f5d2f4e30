// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A hash of prefixes, each with its candidates in the order of metrics.
#include "control/kernel/route_table_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BUCKETS_MIN 1024 // a power of two

struct route_table *route_table_create(struct nexthops *nexthops)
{
	struct route_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->nexthops = nexthops;
	t->n_buckets = BUCKETS_MIN;
	t->buckets = calloc(t->n_buckets, sizeof(struct prefix *));
	if (t->buckets == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

static void free_candidates(struct prefix *x)
{
	while (x->candidates != NULL) {
		struct candidate *c = x->candidates;

		x->candidates = c->next;
		free(c);
	}
}

void route_table_destroy(struct route_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_buckets; i++) {
		while (t->buckets[i] != NULL) {
			struct prefix *x = t->buckets[i];

			t->buckets[i] = x->next;
			free_candidates(x);
			free(x->told);
			free(x);
		}
	}
	free(t->buckets);
	free(t);
}

static size_t bucket_of(in_addr_t address, uint8_t plen, size_t n)
{
	uint64_t h = ((uint64_t)address << 8 | plen) * 0x9e3779b97f4a7c15u;

	return (h >> 32) & (n - 1);
}

// Keeps the chains short; a failure only makes them longer.
static void grow(struct route_table *t)
{
	size_t n = t->n_buckets * 2;
	struct prefix **buckets = calloc(n, sizeof(struct prefix *));

	if (buckets == NULL)
		return;
	for (size_t i = 0; i < t->n_buckets; i++) {
		while (t->buckets[i] != NULL) {
			struct prefix *x = t->buckets[i];
			struct prefix **head = &buckets[bucket_of(x->address, x->plen, n)];

			t->buckets[i] = x->next;
			x->next = *head;
			*head = x;
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->n_buckets = n;
}

static struct prefix *find(const struct route_table *t, const struct table_route *r)
{
	struct prefix *x = t->buckets[bucket_of(r->prefix, r->plen, t->n_buckets)];

	while (x != NULL && (x->address != r->prefix || x->plen != r->plen))
		x = x->next;
	return x;
}

static struct prefix *create(struct route_table *t, const struct table_route *r)
{
	struct prefix *x = calloc(1, sizeof(*x)), **head;

	if (x == NULL)
		return NULL;
	if (++t->count > t->n_buckets)
		grow(t);
	head = &t->buckets[bucket_of(r->prefix, r->plen, t->n_buckets)];
	x->address = r->prefix;
	x->plen = r->plen;
	x->next = *head;
	*head = x;
	return x;
}

static void touch(struct route_table *t, struct prefix *x)
{
	if (x->dirty)
		return;
	x->dirty = true;
	x->next_dirty = t->dirty;
	t->dirty = x;
}

// Routes by an object are told apart by it: what it leads to changes.
static bool same_hops(const struct candidate *c, const struct table_route *r)
{
	if (c->nexthop != 0 || r->nexthop != 0)
		return c->nexthop == r->nexthop;
	if (c->type != r->hops.type || c->n_hops != r->hops.n)
		return false;
	for (unsigned int i = 0; i < r->hops.n; i++)
		if (c->hops[i].gateway != r->hops.hop[i].gateway ||
			c->hops[i].ifindex != r->hops.hop[i].ifindex)
			return false;
	return true;
}

// The link to the candidate that is `r`; to NULL when there is none.
static struct candidate **find_same(struct prefix *x, const struct table_route *r)
{
	struct candidate **at = &x->candidates;

	while (*at != NULL && ((*at)->metric != r->metric || !same_hops(*at, r)))
		at = &(*at)->next;
	return at;
}

// The link to the first candidate whose metric is not below `metric` (above it, when `after`).
static struct candidate **find_metric(struct prefix *x, uint32_t metric, bool after)
{
	struct candidate **at = &x->candidates;

	while (*at != NULL && ((*at)->metric < metric || (after && (*at)->metric == metric)))
		at = &(*at)->next;
	return at;
}

static void unlink_candidate(struct candidate **at)
{
	struct candidate *c = *at;

	*at = c->next;
	free(c);
}

static struct candidate *new_candidate(const struct table_route *r)
{
	struct candidate *c = malloc(sizeof(*c) + r->hops.n * sizeof(c->hops[0]));

	if (c == NULL)
		return NULL;
	c->metric = r->metric;
	c->nexthop = r->nexthop;
	c->type = r->hops.type;
	c->n_hops = r->hops.n;
	c->more = r->hops.more;
	c->ospf = r->ospf;
	memcpy(c->hops, r->hops.hop, r->hops.n * sizeof(c->hops[0]));
	return c;
}

int route_table_add(struct route_table *t, const struct table_route *r, enum table_place place)
{
	struct candidate *c = new_candidate(r), **at;
	struct prefix *x = find(t, r);

	if (x == NULL && c != NULL)
		x = create(t, r);
	if (x == NULL || c == NULL) {
		free(c);
		return -ENOMEM;
	}
	touch(t, x);
	// A notification may tell what the dump told before.
	at = find_same(x, r);
	if (*at != NULL) {
		c->next = (*at)->next;
		free(*at);
		*at = c;
		return 0;
	}
	at = find_metric(x, r->metric, place == TABLE_LAST);
	if (place == TABLE_REPLACE && *at != NULL && (*at)->metric == r->metric)
		unlink_candidate(at);
	c->next = *at;
	*at = c;
	return 0;
}

void route_table_delete(struct route_table *t, const struct table_route *r)
{
	struct prefix *x = find(t, r);
	struct candidate **at;

	if (x == NULL)
		return;
	at = find_same(x, r);
	if (*at == NULL)
		return;
	unlink_candidate(at);
	touch(t, x);
}

void route_table_clear(struct route_table *t)
{
	for (size_t i = 0; i < t->n_buckets; i++)
		for (struct prefix *x = t->buckets[i]; x != NULL; x = x->next)
			free_candidates(x);
	route_table_touch(t);
}

void route_table_touch(struct route_table *t)
{
	for (size_t i = 0; i < t->n_buckets; i++)
		for (struct prefix *x = t->buckets[i]; x != NULL; x = x->next)
			touch(t, x);
}

void route_table_nexthop(struct route_table *t, uint32_t id, bool gone)
{
	for (size_t i = 0; i < t->n_buckets; i++)
		for (struct prefix *x = t->buckets[i]; x != NULL; x = x->next)
			for (struct candidate **at = &x->candidates; *at != NULL;) {
				uint32_t by = (*at)->nexthop;

				if (by == 0 || !nexthops_involve(t->nexthops, by, id)) {
					at = &(*at)->next;
					continue;
				}
				touch(t, x);
				if (gone && by == id)
					unlink_candidate(at);
				else
					at = &(*at)->next;
			}
}

static bool same_told(
	const struct told *told, const struct msg_route *r, const struct msg_hop *hops)
{
	if (told == NULL || r->del)
		return told == NULL && r->del;
	if (told->unsure)
		return false;
	return told->type == r->type && told->n_hops == r->n_hops &&
	       memcmp(told->hops, hops, r->n_hops * sizeof(*hops)) == 0;
}

static int remember(struct route_table *t, struct prefix *x, const struct msg_route *r,
	const struct msg_hop *hops, bool cut)
{
	t->told -= x->told != NULL;
	t->cut -= x->told != NULL && x->told->cut;
	free(x->told);
	x->told = NULL;
	if (r->del)
		return 0;
	x->told = malloc(sizeof(*x->told) + r->n_hops * sizeof(*hops));
	if (x->told == NULL)
		return -ENOMEM;
	x->told->type = r->type;
	x->told->n_hops = r->n_hops;
	x->told->unsure = false;
	x->told->cut = cut;
	t->cut += cut;
	memcpy(x->told->hops, hops, r->n_hops * sizeof(*hops));
	t->told++;
	return 0;
}

static void remove_prefix(struct route_table *t, struct prefix *x)
{
	struct prefix **at = &t->buckets[bucket_of(x->address, x->plen, t->n_buckets)];

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	free(x);
	t->count--;
}

static int report_prefix(struct route_table *t, struct prefix *x, const struct table_report *report)
{
	struct msg_hop hops[MSG_ROUTE_HOPS];
	bool cut;
	struct msg_route r = route_best(t, x, report, hops, &cut);
	int rc = 0;

	if (!same_told(x->told, &r, hops)) {
		rc = report->emit(report->ctx, &r, hops);
		t->drift += t->auditing && !x->noted;
		t->emitted++;
	}
	if (rc == 0)
		rc = remember(t, x, &r, hops, cut);
	return rc;
}

static int descending(const void *a, const void *b)
{
	const struct prefix *x = *(struct prefix *const *)a, *y = *(struct prefix *const *)b;
	uint32_t p = ntohl(x->address), q = ntohl(y->address);

	return p != q ? (p < q ? 1 : -1) : y->plen - x->plen;
}

// Told by address, neighbouring routes touch neighbouring nodes of the data plane's tries: with a
// million of them that is several times faster than in the order of a hash.
static void touch_in_order(struct route_table *t)
{
	struct prefix **all = malloc(t->count * sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; all != NULL && i < t->n_buckets; i++)
		for (struct prefix *x = t->buckets[i]; x != NULL; x = x->next) {
			x->dirty = false;
			all[n++] = x;
		}
	if (n > 0) {
		t->dirty = NULL;
		qsort(all, n, sizeof(*all), descending);
	}
	for (size_t i = 0; i < n; i++)
		touch(t, all[i]); // the last one is told first
	free(all);
}

void route_table_forget(struct route_table *t)
{
	for (size_t i = 0; i < t->n_buckets; i++)
		for (struct prefix *x = t->buckets[i]; x != NULL; x = x->next) {
			free(x->told);
			x->told = NULL;
		}
	t->told = t->cut = 0;
	touch_in_order(t);
	route_table_touch(t); // without memory, in any order
}

int route_table_report(struct route_table *t, const struct table_report *report)
{
	size_t end = t->emitted + report->most;

	while (t->dirty != NULL) {
		struct prefix *x = t->dirty;
		int rc = t->emitted < end ? report_prefix(t, x, report) : 1;

		if (rc != 0)
			return rc;
		t->dirty = x->next_dirty;
		x->dirty = false;
		if (x->candidates == NULL)
			remove_prefix(t, x);
	}
	return 0;
}

size_t route_table_told(const struct route_table *t)
{
	return t->told;
}

void route_table_note(struct route_table *t, const struct table_route *r)
{
	struct prefix *x = t->auditing ? find(t, r) : NULL;

	if (x != NULL)
		x->noted = true;
}

void route_table_audit_begin(struct route_table *t)
{
	for (size_t i = 0; i < t->n_buckets; i++)
		for (struct prefix *x = t->buckets[i]; x != NULL; x = x->next)
			x->noted = x->seen = false;
	t->auditing = true;
	t->drift = 0;
}

// One that was told, or is told again: as if something unknown had been told.
static int doubt(struct route_table *t, struct prefix *x)
{
	if (x->told == NULL) {
		x->told = calloc(1, sizeof(*x->told));
		if (x->told == NULL)
			return -ENOMEM;
		t->told++;
	}
	x->told->unsure = true;
	touch(t, x);
	return 0;
}

int route_table_audit(struct route_table *t, const struct msg_addr *prefix,
	const struct msg_route *has, const struct msg_hop *hops)
{
	struct table_route key = { .plen = prefix->plen };
	struct prefix *x;

	memcpy(&key.prefix, prefix->bytes, sizeof(key.prefix));
	x = find(t, &key);
	if (x == NULL)
		x = create(t, &key);
	if (x == NULL)
		return -ENOMEM;
	x->seen = true;
	return x->told != NULL && route_as_told(x->told, has, hops) ? 0 : doubt(t, x);
}

int route_table_audit_rest(struct route_table *t)
{
	int rc = 0;

	for (size_t i = 0; i < t->n_buckets; i++)
		for (struct prefix *x = t->buckets[i]; x != NULL; x = x->next)
			if (x->told != NULL && !x->seen)
				rc = rc < 0 ? rc : doubt(t, x);
	return rc;
}

size_t route_table_audit_end(struct route_table *t)
{
	t->auditing = false;
	return t->drift;
}

size_t route_table_cut(const struct route_table *t)
{
	return t->cut;
}

bool route_table_told_by(const struct route_table *t, const struct table_route *r, uint32_t port)
{
	const struct prefix *x = find(t, r);

	for (unsigned int i = 0; x != NULL && x->told != NULL && i < x->told->n_hops; i++)
		if (x->told->hops[i].port == port)
			return true;
	return false;
}
