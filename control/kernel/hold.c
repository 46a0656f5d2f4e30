// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A sorted copy of what OSPF had in the table when it died, with next hops of its own: zebra's
// nexthop objects may go.
#include "control/kernel/hold.h"

#include <errno.h>
#include <stdlib.h>

#include "control/main/log.h"

struct held {
	struct table_route route;
	bool active; // the kernel has lost it: the table has `route`
	bool done;   // learned anew, or given up
	bool seen;   // by the last reading of the kernel's table, and not lost since
};

struct collecting {
	struct hold *hold;
	size_t capacity;
	int rc;
};

static int compare(const void *a, const void *b)
{
	const struct table_route *x = &((const struct held *)a)->route;
	const struct table_route *y = &((const struct held *)b)->route;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return (int)x->plen - (int)y->plen;
}

static struct held *find(const struct hold *h, const struct table_route *r)
{
	struct held key = { .route = { .prefix = r->prefix, .plen = r->plen } };
	struct held *e =
		h->list == NULL ? NULL : bsearch(&key, h->list, h->count, sizeof(key), compare);

	return e != NULL && !e->done ? e : NULL;
}

static void collect(void *ctx, const struct table_route *r)
{
	struct collecting *c = ctx;
	struct hold *h = c->hold;

	if (c->rc == 0 && h->count == c->capacity) {
		size_t capacity = c->capacity ? c->capacity * 2 : 64;
		struct held *list = realloc(h->list, capacity * sizeof(*list));

		if (list == NULL) {
			c->rc = -ENOMEM;
			return;
		}
		h->list = list;
		c->capacity = capacity;
	}
	if (c->rc == 0)
		h->list[h->count++] = (struct held){ .route = *r, .seen = true };
}

static int begin(struct hold *h, struct route_table *t)
{
	struct hold made = { 0 };
	struct collecting c = { .hold = &made };

	route_table_ospf(t, collect, &c);
	if (c.rc < 0) {
		free(made.list);
		return c.rc;
	}
	if (made.count > 1)
		qsort(made.list, made.count, sizeof(*made.list), compare);
	for (size_t i = 0; i < made.count; i++) {
		const struct held *before = find(h, &made.list[i].route);

		made.list[i].active = before != NULL && before->active;
		made.list[i].seen = !made.list[i].active;
	}
	free(h->list);
	h->list = made.list;
	h->count = made.count;
	return 0;
}

static void set_active(struct held *e, struct route_table *t, bool active)
{
	if (e->active && !active)
		route_table_delete(t, &e->route);
	e->active = active && route_table_add(t, &e->route, TABLE_LAST) == 0;
}

void hold_end(struct hold *h, struct route_table *t)
{
	for (size_t i = 0; i < h->count; i++)
		set_active(&h->list[i], t, false);
	free(h->list);
	h->list = NULL;
	h->count = 0;
}

void hold_look(struct hold *h, struct route_table *t)
{
	uint64_t absence = h->ask != NULL ? h->ask(h->ctx) : 0;

	h->asked = true;
	if (absence == h->absence)
		return;
	h->absence = absence;
	if (absence == 0)
		hold_end(h, t);
	else if (begin(h, t) < 0)
		log_warning("no memory to hold the routes of OSPF");
}

void hold_delete(struct hold *h, struct route_table *t, const struct table_route *r)
{
	struct held *e;

	// zebra withdraws the routes of a dead ospfd: that had died before this was sent.
	if (r->ospf && !h->asked)
		hold_look(h, t);
	route_table_delete(t, r);
	e = r->ospf ? find(h, r) : NULL;
	if (e == NULL)
		return;
	e->seen = false;
	set_active(e, t, true);
}

void hold_learned(struct hold *h, struct route_table *t, const struct table_route *r)
{
	struct held *e = r->ospf ? find(h, r) : NULL;

	if (e == NULL)
		return;
	e->done = true;
	if (!e->active)
		return;
	// The same next hop, without an object, is the same route of the table.
	set_active(e, t, false);
	if (route_table_add(t, r, TABLE_FIRST) < 0)
		e->done = false;
}

void hold_reread(struct hold *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->list[i].seen = false;
}

void hold_seen(struct hold *h, const struct table_route *r)
{
	struct held *e = r->ospf ? find(h, r) : NULL;

	if (e != NULL)
		e->seen = true;
}

static bool has_link(const struct table_route *r, const struct links *links)
{
	for (unsigned int i = 0; i < r->hops.n; i++) {
		const struct link *l = links_by_index(links, r->hops.hop[i].ifindex);

		if (l != NULL && (l->flags & IFF_UP) != 0 && (l->flags & IFF_RUNNING) != 0)
			return true;
	}
	return false;
}

void hold_reread_done(struct hold *h, struct route_table *t, const struct links *links)
{
	for (size_t i = 0; i < h->count; i++) {
		struct held *e = &h->list[i];

		if (e->done)
			continue;
		if (e->seen) {
			e->active = false; // what the table has is the kernel's
			continue;
		}
		e->done = !has_link(&e->route, links);
		e->active = !e->done && route_table_add(t, &e->route, TABLE_LAST) == 0;
	}
}
