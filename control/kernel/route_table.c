// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A hash of prefixes, each with its candidates in the order of metrics.
#include "control/kernel/route_table_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LOOKS 8 // at prefixes of which nothing need be told, for each that may be

struct route_table *route_table_create(struct nexthops *nexthops)
{
	struct route_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->nexthops = nexthops;
	t->telling = t->reading = 1;
	if (prefixes_init(t) < 0) {
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

static void push_dirty(struct route_table *t, struct prefix *x)
{
	x->dirty = true;
	x->next_dirty = t->dirty;
	t->dirty = x;
}

void prefix_touch(struct route_table *t, struct prefix *x)
{
	if (!x->dirty)
		push_dirty(t, x);
	x->surprise = false;
}

void prefix_surprise(struct route_table *t, struct prefix *x)
{
	if (x->dirty)
		return;
	push_dirty(t, x);
	x->surprise = true;
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
struct candidate **candidate_find(struct prefix *x, const struct table_route *r)
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

void candidate_unlink(struct candidate **at)
{
	struct candidate *c = *at;

	*at = c->next;
	free(c);
}

struct candidate *candidate_create(const struct route_table *t, const struct table_route *r)
{
	struct candidate *c = malloc(sizeof(*c) + r->hops.n * sizeof(c->hops[0]));

	if (c == NULL)
		return NULL;
	c->metric = r->metric;
	c->nexthop = r->nexthop;
	c->reading = t->reading;
	c->type = r->hops.type;
	c->n_hops = r->hops.n;
	c->more = r->hops.more;
	c->ospf = r->ospf;
	memcpy(c->hops, r->hops.hop, r->hops.n * sizeof(c->hops[0]));
	return c;
}

int route_table_add(struct route_table *t, const struct table_route *r, enum table_place place)
{
	struct candidate *c = candidate_create(t, r), **at;
	struct prefix *x = prefix_find(t, r->prefix, r->plen);

	if (x == NULL && c != NULL)
		x = prefix_create(t, r->prefix, r->plen);
	if (x == NULL || c == NULL) {
		free(c);
		return -ENOMEM;
	}
	prefix_touch(t, x);
	// A notification may tell what the dump told before.
	at = candidate_find(x, r);
	if (*at != NULL) {
		c->next = (*at)->next;
		free(*at);
		*at = c;
		return 0;
	}
	at = find_metric(x, r->metric, place == TABLE_LAST);
	if (place == TABLE_REPLACE && *at != NULL && (*at)->metric == r->metric)
		candidate_unlink(at);
	c->next = *at;
	*at = c;
	return 0;
}

void route_table_delete(struct route_table *t, const struct table_route *r)
{
	struct prefix *x = prefix_find(t, r->prefix, r->plen);
	struct candidate **at;

	if (x == NULL)
		return;
	at = candidate_find(x, r);
	if (*at == NULL)
		return;
	candidate_unlink(at);
	prefix_touch(t, x);
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
				prefix_touch(t, x);
				if (gone && by == id)
					candidate_unlink(at);
				else
					at = &(*at)->next;
			}
}

static bool is_known(const struct route_table *t, const struct told *told)
{
	return told != NULL && told->telling == t->telling;
}

static bool same_told(const struct route_table *t, const struct told *told,
	const struct msg_route *r, const struct msg_hop *hops)
{
	if (told == NULL || r->del)
		return told == NULL && r->del;
	if (told->unsure || !is_known(t, told))
		return false;
	return told->type == r->type && told->n_hops == r->n_hops &&
	       memcmp(told->hops, hops, r->n_hops * sizeof(*hops)) == 0;
}

static void forget(struct route_table *t, struct prefix *x)
{
	if (is_known(t, x->told)) {
		t->told--;
		t->cut -= x->told->cut;
	}
	free(x->told);
	x->told = NULL;
}

static int remember(struct route_table *t, struct prefix *x, const struct msg_route *r,
	const struct msg_hop *hops, bool cut)
{
	forget(t, x);
	if (r->del)
		return 0;
	x->told = malloc(sizeof(*x->told) + r->n_hops * sizeof(*hops));
	if (x->told == NULL)
		return -ENOMEM;
	*x->told = (struct told){ .telling = t->telling,
		.audit = t->auditing ? t->audit : 0,
		.type = r->type,
		.n_hops = r->n_hops,
		.cut = cut };
	t->cut += cut;
	memcpy(x->told->hops, hops, r->n_hops * sizeof(*hops));
	t->told++;
	return 0;
}

static int report_prefix(struct route_table *t, struct prefix *x, const struct table_report *report)
{
	struct msg_hop hops[MSG_ROUTE_HOPS];
	bool cut;
	struct msg_route r = route_best(t, x, report, hops, &cut);
	int rc;

	if (same_told(t, x->told, &r, hops))
		return 0;
	rc = report->emit(report->ctx, &r, hops);
	t->drift += t->auditing && x->surprise && x->noted != t->audit;
	t->emitted++;
	return rc < 0 ? rc : remember(t, x, &r, hops, cut);
}

void route_table_forget(struct route_table *t)
{
	t->telling++;
	t->told = t->cut = 0;
}

int route_table_report(struct route_table *t, const struct table_report *report)
{
	size_t end = t->emitted + report->most, looks = LOOKS * report->most;

	while (t->dirty != NULL) {
		struct prefix *x = t->dirty;
		bool more = t->emitted < end && looks-- > 0;
		int rc = more ? report_prefix(t, x, report) : 1;

		if (rc != 0)
			return rc;
		t->dirty = x->next_dirty;
		x->dirty = x->surprise = false;
		if (x->candidates == NULL)
			prefix_remove(t, x);
	}
	return 0;
}

size_t route_table_told(const struct route_table *t)
{
	return t->told;
}

size_t route_table_cut(const struct route_table *t)
{
	return t->cut;
}

bool route_table_told_by(const struct route_table *t, const struct table_route *r, uint32_t port)
{
	const struct prefix *x = prefix_find(t, r->prefix, r->plen);

	for (unsigned int i = 0; x != NULL && x->told != NULL && i < x->told->n_hops; i++)
		if (x->told->hops[i].port == port)
			return true;
	return false;
}
