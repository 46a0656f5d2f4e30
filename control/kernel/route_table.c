// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A hash of prefixes. The best route of a prefix is the first candidate in the order of metrics
// that has a live next hop; when none has, the first one.
#include "control/kernel/route_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BUCKETS_MIN 1024 // a power of two

struct candidate {
	struct candidate *next;
	uint32_t metric;
	uint32_t nexthop;
	uint8_t type;
	uint8_t n_hops;
	bool more;
	struct table_hop hops[];
};

struct told {
	uint8_t type;
	uint8_t n_hops;
	bool cut;
	struct msg_hop hops[];
};

struct prefix {
	struct prefix *next;	   // in its bucket
	struct prefix *next_dirty; // in the list of those to look at
	struct candidate *candidates;
	struct told *told; // NULL: the data plane has none
	in_addr_t address;
	uint8_t plen;
	bool dirty;
};

struct route_table {
	struct nexthops *nexthops;
	struct prefix **buckets;
	size_t n_buckets, count, told, cut;
	struct prefix *dirty;
};

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

static struct table_hops hops_of(const struct route_table *t, const struct candidate *c)
{
	struct table_hops h;

	if (c->nexthop != 0 && nexthops_resolve(t->nexthops, c->nexthop, &h) == 0)
		return h;
	h = (struct table_hops){ .type = c->type, .n = c->n_hops, .more = c->more };
	memcpy(h.hop, c->hops, c->n_hops * sizeof(c->hops[0]));
	return h;
}

static bool alive(const struct table_hops *h)
{
	for (unsigned int i = 0; i < h->n; i++)
		if (!h->hop[i].down)
			return true;
	return h->type != ROUTE_UNICAST;
}

// Where the best candidate leads; there is one.
static struct table_hops best_of(const struct route_table *t, const struct prefix *x)
{
	for (const struct candidate *c = x->candidates; c != NULL; c = c->next) {
		struct table_hops h = hops_of(t, c);

		if (alive(&h))
			return h;
	}
	return hops_of(t, x->candidates);
}

static struct msg_hop hop_by(const struct table_hop *h, uint32_t port)
{
	struct msg_hop to = { .port = port, .weight = h->weight };

	if (h->gateway != 0) {
		to.gateway.family = AF_INET;
		to.gateway.plen = 32;
		memcpy(to.gateway.bytes, &h->gateway, sizeof(h->gateway));
	}
	return to;
}

// Several next hops share traffic by their gateways: those without one are left out, or all but
// the first.
static uint8_t leave_out_on_link(struct msg_hop hops[MSG_ROUTE_HOPS], uint8_t n)
{
	uint8_t kept = 0;

	for (unsigned int i = 0; n > 1 && i < n; i++)
		if (hops[i].gateway.family != AF_UNSPEC)
			hops[kept++] = hops[i];
	return n > 1 && kept == 0 ? 1 : n > 1 ? kept : n;
}

// Next hops on ports; dead ones only when all are. A route that leaves by no port is unreachable
// for the data plane: falling back to a less specific route would send its traffic elsewhere.
static struct msg_route resolve(const struct route_table *t, const struct prefix *x,
	const struct table_report *report, struct msg_hop hops[MSG_ROUTE_HOPS], bool *cut)
{
	struct msg_route r = { .prefix = { .family = AF_INET, .plen = x->plen } };
	struct table_hops best;
	bool any;
	uint8_t n = 0;

	*cut = false;
	memcpy(r.prefix.bytes, &x->address, sizeof(x->address));
	r.del = x->candidates == NULL;
	if (r.del)
		return r;
	best = best_of(t, x);
	any = alive(&best);
	r.type = best.type;
	for (unsigned int i = 0; i < best.n; i++) {
		const struct table_hop *h = &best.hop[i];

		hops[n] = hop_by(h, report->port_of(report->ctx, h->ifindex));
		n += hops[n].port != 0 && !(any && h->down);
	}
	r.n_hops = leave_out_on_link(hops, n);
	*cut = best.more || r.n_hops < n;
	if (r.type == ROUTE_UNICAST && r.n_hops == 0)
		r.type = ROUTE_UNREACHABLE;
	return r;
}

static bool same_told(
	const struct told *told, const struct msg_route *r, const struct msg_hop *hops)
{
	if (told == NULL || r->del)
		return told == NULL && r->del;
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
	struct msg_route r = resolve(t, x, report, hops, &cut);
	int rc = 0;

	if (report->full ? !r.del : !same_told(x->told, &r, hops))
		rc = report->emit(report->ctx, &r, hops);
	if (rc == 0)
		rc = remember(t, x, &r, hops, cut);
	return rc;
}

int route_table_report(struct route_table *t, const struct table_report *report)
{
	if (report->full)
		route_table_touch(t);
	while (t->dirty != NULL) {
		struct prefix *x = t->dirty;
		int rc = report_prefix(t, x, report);

		if (rc < 0)
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
