// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What IPsec connections protect, held against the rest of the document: no packet fits two
// connections, none that is meant for a connection is taken elsewhere first. Prefixes nest or are
// disjoint.
#include <arpa/inet.h>
#include <stdlib.h>

#include "control/config/context.h"
#include "control/config/text.h"

static bool inside(const struct ipv4_prefix *inner, const struct ipv4_prefix *outer)
{
	return inner->plen >= outer->plen && prefix_contains(outer, inner->addr);
}

static bool overlap(const struct ipv4_prefix *a, const struct ipv4_prefix *b)
{
	return inside(a, b) || inside(b, a);
}

static bool any_overlap(
	const struct ipv4_prefix *a, unsigned int n, const struct ipv4_prefix *b, unsigned int m)
{
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < m; j++)
			if (overlap(&a[i], &b[j]))
				return true;
	return false;
}

// A packet would fit both, and which tunnel it takes would be left to chance.
static void check_pair(struct parse *ps, unsigned int first, unsigned int second)
{
	const struct ipsec_config *a = &ps->config->ipsec[first], *b = &ps->config->ipsec[second];

	if (any_overlap(a->remote_subnets, a->n_remote, b->remote_subnets, b->n_remote) &&
		any_overlap(a->local_subnets, a->n_local, b->local_subnets, b->n_local))
		report_entry(ps, "ipsec", second, "remote_subnets", -1,
			"overlap those of /ipsec/%u, and so do the local ones", first);
}

// A subnet of the router's own, or one of the near side, would never be reached by the tunnel.
static void check_remote(struct parse *ps, unsigned int index, unsigned int item)
{
	const struct ipsec_config *c = &ps->config->ipsec[index];
	const struct ipv4_prefix *remote = &c->remote_subnets[item];
	const struct subnet *own = subnet_find(ps, remote->addr);

	if (own != NULL && own->plen <= remote->plen)
		report_entry(ps, "ipsec", index, "remote_subnets", (int)item,
			"in a subnet of interface \"%s\"",
			ps->config->interfaces[own->interface].name);
	for (unsigned int i = 0; i < c->n_local; i++)
		if (inside(remote, &c->local_subnets[i]))
			report_entry(ps, "ipsec", index, "remote_subnets", (int)item,
				"in local subnet %u of the same connection", i);
}

static int order_prefixes(const void *a, const void *b)
{
	const struct ipv4_prefix *x = a, *y = b;
	uint32_t p = ntohl(x->addr.s_addr), q = ntohl(y->addr.s_addr);

	if (p != q)
		return p > q ? 1 : -1;
	return x->plen - y->plen;
}

// All remote subnets that are in no other one, sorted.
static size_t collect_remotes(const struct config *c, struct ipv4_prefix *out)
{
	size_t n = 0, kept = 0;

	for (unsigned int i = 0; i < c->n_ipsec; i++)
		for (unsigned int j = 0; j < c->ipsec[i].n_remote; j++)
			out[n++] = c->ipsec[i].remote_subnets[j];
	qsort(out, n, sizeof(*out), order_prefixes);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !inside(&out[i], &out[kept - 1]))
			out[kept++] = out[i];
	return kept;
}

static int compare_prefix(const void *key, const void *element)
{
	const struct ipv4_prefix *k = key, *e = element;

	if (prefix_contains(e, k->addr))
		return 0;
	return ntohl(k->addr.s_addr) > ntohl(e->addr.s_addr) ? 1 : -1;
}

// Such a route would never carry a packet.
static void check_routes(struct parse *ps)
{
	const struct config *c = ps->config;
	struct ipv4_prefix *remotes =
		parse_alloc(ps, (size_t)c->n_ipsec * CONFIG_SELECTORS, sizeof(*remotes));
	size_t n = remotes != NULL ? collect_remotes(c, remotes) : 0;

	for (unsigned int i = 0; n > 0 && i < c->n_routes; i++) {
		const struct ipv4_prefix *route = &c->routes[i].destination;
		const struct ipv4_prefix *remote =
			bsearch(route, remotes, n, sizeof(*remotes), compare_prefix);

		if (remote != NULL && inside(route, remote))
			report_entry(ps, "routes", i, "destination", -1,
				"in a remote subnet of an IPsec connection");
	}
	free(remotes);
}

void check_selectors(struct parse *ps)
{
	const struct config *c = ps->config;

	for (unsigned int i = 0; i < c->n_ipsec; i++) {
		for (unsigned int j = 0; ps->subnets_good && j < c->ipsec[i].n_remote; j++)
			check_remote(ps, i, j);
		for (unsigned int j = 0; j < i; j++)
			check_pair(ps, j, i);
	}
	if (c->n_ipsec > 0)
		check_routes(ps);
}
