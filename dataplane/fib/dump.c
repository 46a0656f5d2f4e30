// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Routes and neighbours as records of the transaction socket.
#include "dataplane/fib/dump.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "dataplane/fib/l3.h"

static struct msg_addr address(rte_be32_t be, uint8_t plen)
{
	struct msg_addr a = { .family = AF_INET, .plen = plen };

	memcpy(a.bytes, &be, sizeof(be));
	return a;
}

struct route_ctx {
	const struct l3 *l3;
	void (*emit)(void *ctx, const struct dump_route *r);
	void *ctx;
};

static void dump_hop(const struct route_ctx *c, struct dump_route *r, uint32_t adj)
{
	const struct adj *a = l3_adj(c->l3, adj);

	r->port = a->port;
	r->adj = adj;
	if (a->type == ADJ_NEXT_HOP)
		r->gateway = address(a->next_hop, 32);
	snprintf(r->type, sizeof(r->type), "%s", adj_type_name((enum adj_type)a->type));
	c->emit(c->ctx, r);
}

static void dump_source(
	const struct route_ctx *c, const struct rib_entry *e, enum rib_source source, bool hidden)
{
	uint32_t to = e->adj[source];
	struct dump_route r = {
		.prefix = address(rte_cpu_to_be_32(e->prefix), e->plen),
		.weight = 1,
		.n_hops = 1,
		.hidden = hidden,
	};

	snprintf(r.source, sizeof(r.source), "%s", rib_source_name(source));
	if (!ecmp_is_group(to)) {
		dump_hop(c, &r, to);
		return;
	}

	const struct ecmp_group *g = l3_group(c->l3, to);

	r.n_hops = g->n;
	for (; r.hop < g->n; r.hop++) {
		r.weight = g->hops[r.hop].weight;
		r.unusable = !(atomic_load(&g->usable) & 1u << r.hop);
		dump_hop(c, &r, g->hops[r.hop].adj);
	}
}

static void dump_route(void *ctx, const struct rib_entry *e)
{
	enum rib_source best = rib_best(e);

	dump_source(ctx, e, best, false);
	if (best != RIB_ROUTE && e->adj[RIB_ROUTE] != 0)
		dump_source(ctx, e, RIB_ROUTE, true);
}

uint32_t l3_dump_routes(struct l3 *l3, uint32_t from, uint32_t most,
	void (*emit)(void *ctx, const struct dump_route *r), void *ctx)
{
	struct route_ctx c = { .l3 = l3, .emit = emit, .ctx = ctx };

	return rib_walk_part(l3->rib, from, most > 0 ? most : UINT32_MAX, dump_route, &c);
}

struct neigh_ctx {
	const struct l3 *l3;
	void (*emit)(void *ctx, const struct dump_neighbour *r);
	void *ctx;
};

static void dump_neighbour(void *ctx, const struct neigh_entry *e)
{
	struct neigh_ctx *c = ctx;
	struct dump_neighbour r = {
		.addr = address(e->addr, 32),
		.port = e->port,
		.valid = e->state == ADJ_RESOLVED,
	};

	if (r.valid)
		memcpy(r.mac, &l3_adj(c->l3, e->adj)->eth.dst_addr, sizeof(r.mac));
	c->emit(c->ctx, &r);
}

void l3_dump_neighbours(
	const struct l3 *l3, void (*emit)(void *ctx, const struct dump_neighbour *r), void *ctx)
{
	struct neigh_ctx c = { .l3 = l3, .emit = emit, .ctx = ctx };

	neigh_walk(l3->neigh, dump_neighbour, &c);
}
