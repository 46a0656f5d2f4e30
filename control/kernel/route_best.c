// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Where routes lead: which one of a prefix the data plane is told, and with which next hops.
#include <string.h>
#include <sys/socket.h>

#include "control/kernel/route_table_internal.h"

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
struct msg_route route_best(const struct route_table *t, const struct prefix *x,
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

void route_table_ospf(const struct route_table *t,
	void (*each)(void *ctx, const struct table_route *r), void *ctx)
{
	for (size_t i = 0; i < t->n_buckets; i++)
		for (const struct prefix *x = t->buckets[i]; x != NULL; x = x->next)
			for (const struct candidate *c = x->candidates; c != NULL; c = c->next) {
				struct table_route r = { x->address, x->plen, c->metric, 0, true,
					hops_of(t, c) };

				if (c->ospf)
					each(ctx, &r);
			}
}
