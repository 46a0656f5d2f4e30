// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// MSG_ROUTES into the RIB. The sender is trusted to be control, its message is not: every length is
// checked before it is used.
#include "dataplane/fib/routes.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "dataplane/fib/l3.h"

struct reader {
	const uint8_t *at;
	size_t left;
};

static bool take(struct reader *rd, void *out, size_t n)
{
	if (rd->left < n)
		return false;
	memcpy(out, rd->at, n);
	rd->at += n;
	rd->left -= n;
	return true;
}

// An entry of the message, copied out of it.
struct route {
	struct msg_route r;
	struct msg_hop hops[MSG_ROUTE_HOPS];
};

static bool take_route(struct reader *rd, struct route *out)
{
	return take(rd, &out->r, sizeof(out->r)) && out->r.n_hops <= MSG_ROUTE_HOPS &&
	       take(rd, out->hops, out->r.n_hops * sizeof(out->hops[0]));
}

static bool well_formed(struct reader rd, uint32_t count)
{
	struct route scratch;

	for (uint32_t i = 0; i < count; i++)
		if (!take_route(&rd, &scratch))
			return false;
	return rd.left == 0;
}

static uint32_t host_order(const struct msg_addr *a)
{
	rte_be32_t be;

	memcpy(&be, a->bytes, sizeof(be));
	return rte_be_to_cpu_32(be);
}

struct refusal {
	int code;
	const char *field;
	const char *text;
};

static struct refusal check_hop(const struct l3 *l3, const struct msg_hop *h)
{
	const struct msg_addr *gw = &h->gateway;
	uint32_t addr = host_order(gw);

	if (h->port >= LIMIT_PORTS || !adj_port(l3->adj, (uint16_t)h->port))
		return (struct refusal){ -ENODEV, "port", "no such port" };
	if (gw->family != AF_UNSPEC && gw->family != AF_INET)
		return (struct refusal){ -EAFNOSUPPORT, "gateway", "not IPv4" };
	if (gw->family == AF_INET && (addr >> 24 == 0 || addr >> 24 == 127 || addr >> 28 >= 14))
		return (struct refusal){ -EINVAL, "gateway", "not a host's address" };
	return (struct refusal){ 0 };
}

static struct refusal check(const struct l3 *l3, const struct route *rt)
{
	const struct msg_addr *p = &rt->r.prefix;

	if (p->family != AF_INET)
		return (struct refusal){ -EAFNOSUPPORT, "prefix", "not IPv4" };
	if (p->plen > 32 || host_order(p) & ~prefix_mask(p->plen))
		return (struct refusal){ -EINVAL, "prefix", "not a prefix" };
	if (rt->r.del)
		return (struct refusal){ 0 };
	if (rt->r.type > ROUTE_PROHIBIT)
		return (struct refusal){ -EINVAL, "type", "unknown route type" };
	if (rt->r.type != ROUTE_UNICAST)
		return (struct refusal){ 0 };
	if (rt->r.n_hops == 0)
		return (struct refusal){ -EINVAL, "hops", "no next hop" };
	if (rt->r.n_hops > 1)
		return (struct refusal){ -EOPNOTSUPP, "hops", "only one next hop is supported" };
	return check_hop(l3, &rt->hops[0]);
}

// The adjacency of a route; a gateway's is referenced.
static int acquire(struct l3 *l3, const struct route *rt, uint32_t *adj)
{
	static const uint32_t fixed[] = {
		[ROUTE_BLACKHOLE] = ADJ_INDEX_BLACKHOLE,
		[ROUTE_UNREACHABLE] = ADJ_INDEX_UNREACHABLE,
		[ROUTE_PROHIBIT] = ADJ_INDEX_PROHIBIT,
	};
	const struct msg_hop *h = &rt->hops[0];

	if (rt->r.type != ROUTE_UNICAST) {
		*adj = fixed[rt->r.type];
		return 0;
	}
	if (h->gateway.family == AF_UNSPEC) {
		*adj = adj_port(l3->adj, (uint16_t)h->port)->glean;
		return 0;
	}
	return neigh_gateway_get(
		l3->neigh, (uint16_t)h->port, rte_cpu_to_be_32(host_order(&h->gateway)), adj);
}

// Of a route that is no longer in the RIB.
static void release(void *ctx, uint32_t adj)
{
	struct l3 *l3 = ctx;
	const struct adj *a = l3_adj(l3, adj);

	if (a->type == ADJ_NEXT_HOP)
		neigh_gateway_put(l3->neigh, a->port, a->next_hop);
}

static int set(struct l3 *l3, const struct route *rt)
{
	uint32_t prefix = host_order(&rt->r.prefix), adj;
	uint8_t plen = rt->r.prefix.plen;
	uint32_t old = rib_get(l3->rib, prefix, plen, RIB_ROUTE);
	int err = acquire(l3, rt, &adj);

	if (err)
		return err;
	err = rib_set(l3->rib, prefix, plen, RIB_ROUTE, adj);
	// The new reference is surplus on an error, else the old one is (also of the same gateway).
	if (err)
		release(l3, adj);
	else if (old)
		release(l3, old);
	return err;
}

static int del(struct l3 *l3, const struct route *rt)
{
	uint32_t prefix = host_order(&rt->r.prefix);
	uint8_t plen = rt->r.prefix.plen;
	uint32_t old = rib_get(l3->rib, prefix, plen, RIB_ROUTE);

	if (old == 0)
		return 0; // a route that is not there is deleted
	int err = rib_del(l3->rib, prefix, plen, RIB_ROUTE);

	if (!err)
		release(l3, old);
	return err;
}

static struct refusal apply(struct l3 *l3, const struct route *rt)
{
	struct refusal no = check(l3, rt);

	if (no.code)
		return no;

	int err = rt->r.del ? del(l3, rt) : set(l3, rt);

	if (err == -ENOSPC)
		return (struct refusal){ err, "prefix", "a table is full (see limits)" };
	if (err)
		return (struct refusal){ err, "prefix", "cannot be applied" };
	return (struct refusal){ 0 };
}

int routes_apply(struct l3 *l3, const void *msg, size_t len, routes_report report, void *ctx)
{
	struct reader rd = { .at = msg, .left = len };
	struct msg_routes h;
	int refused = 0;

	if (!take(&rd, &h, sizeof(h)) || h.h.len != len ||
		h.flags & ~(uint32_t)(ROUTES_MARK | ROUTES_SWEEP) || !well_formed(rd, h.count))
		return -EPROTO;
	if (h.flags & ROUTES_MARK)
		rib_mark(l3->rib);
	for (uint32_t i = 0; i < h.count; i++) {
		struct route rt;

		if (!take_route(&rd, &rt))
			return -EPROTO;

		struct refusal no = apply(l3, &rt);

		if (no.code == 0)
			continue;
		refused++;
		if (report)
			report(ctx, i, no.code, no.field, no.text);
	}
	if (h.flags & ROUTES_SWEEP)
		refused += rib_sweep(l3->rib, release, l3) != 0;
	return refused;
}

struct clear_ctx {
	struct l3 *l3;
	uint16_t port;
};

static void clear_route(void *ctx, const struct rib_entry *e)
{
	struct clear_ctx *c = ctx;
	uint32_t adj = e->adj[RIB_ROUTE];
	const struct adj *a = l3_adj(c->l3, adj);

	if ((a->type != ADJ_NEXT_HOP && a->type != ADJ_GLEAN) || a->port != c->port)
		return;
	if (rib_del(c->l3->rib, e->prefix, e->plen, RIB_ROUTE) == 0)
		release(c->l3, adj);
}

void routes_port_clear(struct l3 *l3, uint16_t port)
{
	struct clear_ctx c = { .l3 = l3, .port = port };

	rib_walk(l3->rib, clear_route, &c);
}
