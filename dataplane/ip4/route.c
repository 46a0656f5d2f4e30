// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Groups of next hops, as packets meet them.
#include "dataplane/ip4/route.h"

uint32_t route_pick(const struct l3 *l3, const struct meta *meta, uint32_t group)
{
	const struct ecmp_group *g = l3_group(l3, group);
	uint32_t hash = route_hash(l3, meta);

	// Translated before it waited: its address belongs to the port that it waited for.
	if (unlikely(meta->flags & META_KEEPS_PORT))
		return ecmp_pick_port(g, l3->adjs, meta->out_port, hash, true);
	return ecmp_pick(g, hash);
}

bool route_take_port(const struct l3 *l3, struct meta *meta, uint16_t port)
{
	uint32_t adj;

	if (!ecmp_is_group(meta->route))
		return false;
	adj = ecmp_pick_port(
		l3_group(l3, meta->route), l3->adjs, port, route_hash(l3, meta), false);
	if (adj == 0)
		return false;
	meta->adj = adj;
	return true;
}

bool route_only_by(const struct l3 *l3, uint32_t route, uint16_t port)
{
	const struct ecmp_group *g;

	if (!ecmp_is_group(route))
		return l3_adj(l3, route)->port == port;
	g = l3_group(l3, route);
	for (unsigned int i = 0; i < g->n; i++)
		if (l3_adj(l3, g->hops[i].adj)->port != port)
			return false;
	return true;
}
