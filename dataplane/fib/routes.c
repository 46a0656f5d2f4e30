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

#define WEIGHT_MAX 65536 // of a next hop

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

// What a next hop needs on top to share a route's traffic with others.
static struct refusal check_share(const struct msg_hop *h)
{
	if (h->gateway.family == AF_UNSPEC)
		return (struct refusal){ -EOPNOTSUPP, "hops", "on-link next hop among several" };
	if (h->weight == 0 || h->weight > WEIGHT_MAX)
		return (struct refusal){ -EINVAL, "weight", "out of range" };
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
	for (unsigned int i = 0; i < rt->r.n_hops; i++) {
		struct refusal no = check_hop(l3, &rt->hops[i]);

		if (no.code == 0 && rt->r.n_hops > 1)
			no = check_share(&rt->hops[i]);
		if (no.code)
			return no;
	}
	return (struct refusal){ 0 };
}

// Of an adjacency that is no longer used.
static void release_hop(struct l3 *l3, uint32_t adj)
{
	const struct adj *a = l3_adj(l3, adj);

	if (a->type == ADJ_NEXT_HOP)
		neigh_gateway_put(l3->neigh, a->port, a->next_hop);
}

static void release_hops(struct l3 *l3, const struct ecmp_hop *hops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		release_hop(l3, hops[i].adj);
}

// The adjacency of a next hop; a gateway's is referenced.
static int acquire_hop(struct l3 *l3, const struct msg_hop *h, uint32_t *adj)
{
	if (h->gateway.family == AF_UNSPEC) {
		*adj = adj_port(l3->adj, (uint16_t)h->port)->glean;
		return 0;
	}
	return neigh_gateway_get(
		l3->neigh, (uint16_t)h->port, rte_cpu_to_be_32(host_order(&h->gateway)), adj);
}

// The adjacencies of all next hops, each once.
static int acquire_hops(
	struct l3 *l3, const struct route *rt, struct ecmp_hop hops[LIMIT_ECMP], unsigned int *n)
{
	*n = 0;
	for (unsigned int i = 0; i < rt->r.n_hops; i++) {
		unsigned int at = 0;
		uint32_t adj;
		int err = acquire_hop(l3, &rt->hops[i], &adj);

		if (err) {
			release_hops(l3, hops, *n);
			return err;
		}
		while (at < *n && hops[at].adj != adj)
			at++;
		if (at < *n) { // named twice
			hops[at].weight += rt->hops[i].weight;
			release_hop(l3, adj);
		} else {
			hops[(*n)++] = (struct ecmp_hop){ adj, rt->hops[i].weight };
		}
	}
	return 0;
}

// Where the flows of a route that has `old` now go, for ecmp_get().
static uint32_t flows_of(const struct l3 *l3, uint32_t old)
{
	return ecmp_is_group(old) || l3_adj(l3, old)->type == ADJ_NEXT_HOP ? old : 0;
}

// What a route leads to, an adjacency or a group, referenced. `old`: what it leads to now.
static int acquire(struct l3 *l3, const struct route *rt, uint32_t old, uint32_t *to)
{
	static const uint32_t fixed[] = {
		[ROUTE_BLACKHOLE] = ADJ_INDEX_BLACKHOLE,
		[ROUTE_UNREACHABLE] = ADJ_INDEX_UNREACHABLE,
		[ROUTE_PROHIBIT] = ADJ_INDEX_PROHIBIT,
	};
	struct ecmp_hop hops[LIMIT_ECMP];
	unsigned int n;
	bool created;
	int err;

	if (rt->r.type != ROUTE_UNICAST) {
		*to = fixed[rt->r.type];
		return 0;
	}
	err = acquire_hops(l3, rt, hops, &n);
	if (err)
		return err;
	if (n == 1) {
		*to = hops[0].adj;
		return 0;
	}
	err = ecmp_get(l3->ecmp, hops, n, flows_of(l3, old), to, &created);
	if (err || !created) // a group that was there has its own references
		release_hops(l3, hops, n);
	return err;
}

// What a route led to that is no longer in the RIB.
static void release(void *ctx, uint32_t to)
{
	struct l3 *l3 = ctx;

	if (!ecmp_is_group(to)) {
		release_hop(l3, to);
	} else if (ecmp_put(l3->ecmp, to, fib_ticket(l3->fib))) {
		const struct ecmp_group *g = ecmp_at(l3->ecmp, to);

		release_hops(l3, g->hops, g->n);
	}
}

static int set(struct l3 *l3, const struct route *rt)
{
	uint32_t prefix = host_order(&rt->r.prefix), to;
	uint8_t plen = rt->r.prefix.plen;
	uint32_t old = rib_get(l3->rib, prefix, plen, RIB_ROUTE);
	int err = acquire(l3, rt, old, &to);

	if (err)
		return err;
	err = rib_set(l3->rib, prefix, plen, RIB_ROUTE, to);
	// The new reference is surplus on an error, else the old one is (also of the same gateway).
	if (err)
		release(l3, to);
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

static struct msg_addr address(uint32_t host, uint8_t plen)
{
	struct msg_addr a = { .family = AF_INET, .plen = plen };
	rte_be32_t be = rte_cpu_to_be_32(host);

	memcpy(a.bytes, &be, sizeof(be));
	return a;
}

// The route of a group with the next hops that do not leave by `port`.
static struct route without_port(const struct l3 *l3, const struct rib_entry *e, uint16_t port)
{
	const struct ecmp_group *g = ecmp_at(l3->ecmp, e->adj[RIB_ROUTE]);
	struct route rt = { .r = { .prefix = address(e->prefix, e->plen) } };

	for (unsigned int i = 0; i < g->n; i++) {
		const struct adj *a = l3_adj(l3, g->hops[i].adj);

		if (a->port != port)
			rt.hops[rt.r.n_hops++] =
				(struct msg_hop){ address(rte_be_to_cpu_32(a->next_hop), 32),
					a->port, RTE_MIN(g->hops[i].weight, WEIGHT_MAX) };
	}
	return rt;
}

static void clear_route(void *ctx, const struct rib_entry *e)
{
	struct clear_ctx *c = ctx;
	uint32_t to = e->adj[RIB_ROUTE];

	if (ecmp_is_group(to)) {
		struct route rt = without_port(c->l3, e, c->port);

		if (rt.r.n_hops == ecmp_at(c->l3->ecmp, to)->n ||
			(rt.r.n_hops > 0 && set(c->l3, &rt) == 0))
			return;
	} else {
		const struct adj *a = l3_adj(c->l3, to);

		if ((a->type != ADJ_NEXT_HOP && a->type != ADJ_GLEAN) || a->port != c->port)
			return;
	}
	if (rib_del(c->l3->rib, e->prefix, e->plen, RIB_ROUTE) == 0)
		release(c->l3, to);
}

void routes_port_clear(struct l3 *l3, uint16_t port)
{
	struct clear_ctx c = { .l3 = l3, .port = port };

	rib_walk(l3->rib, clear_route, &c);
}
