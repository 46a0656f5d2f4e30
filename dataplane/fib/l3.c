// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Puts FIB, adjacencies, RIB, neighbours and connected prefixes together.
#include "dataplane/fib/l3.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_memory.h>

#include "dataplane/fib/routes.h"
#include "dataplane/main/limits.h"

static void neighbour_changed(void *ctx, uint32_t adj)
{
	struct l3 *l3 = ctx;

	ecmp_refresh(l3->ecmp, adj);
}

static int create_tables(struct l3 *l3, const struct l3_conf *c)
{
	struct rib_conf rib = {
		.max = {
			[RIB_LOCAL] = LIMIT_ADDRESSES,
			[RIB_CONNECTED] = LIMIT_CONNECTED,
			[RIB_ROUTE] = c->max_routes ? c->max_routes : DEFAULT_ROUTES,
			[RIB_NEIGHBOUR] = c->max_neighbours ? c->max_neighbours : LIMIT_NEIGHBOURS,
		},
	};
	struct fib_conf fib = {
		.tbl8 = c->tbl8 ? c->tbl8 : DEFAULT_TBL8,
		.qsbr = c->qsbr,
		.socket = SOCKET_ID_ANY,
	};
	struct neigh_conf neigh = {
		.max = rib.max[RIB_NEIGHBOUR],
		.max_unresolved = c->max_unresolved ? c->max_unresolved : LIMIT_UNRESOLVED,
	};
	int err;

	// No source can take another one's place in the FIB.
	for (int s = 0; s < RIB_SOURCE_COUNT; s++)
		fib.max_routes += rib.max[s];
	err = fib_create(&fib, &l3->fib);
	if (err)
		return err;
	l3->adj = adj_table_create(c->qsbr);
	if (!l3->adj)
		return -ENOMEM;
	l3->adjs = l3->adj->adj;
	err = ecmp_create(l3->adj, c->qsbr, &l3->ecmp);
	if (err)
		return err;
	l3->groups = ecmp_groups(l3->ecmp);
	l3->seed = c->seed;
	rib.fib = l3->fib;
	err = rib_create(&rib, &l3->rib);
	if (err)
		return err;
	neigh.adj = l3->adj;
	neigh.fib = l3->fib;
	neigh.rib = l3->rib;
	neigh.changed = neighbour_changed;
	neigh.ctx = l3;
	err = neigh_create(&neigh, &l3->neigh);
	return err ? err : connected_init(&l3->connected, LIMIT_CONNECTED);
}

int l3_create(const struct l3_conf *conf, struct l3 **out)
{
	struct l3 *l3 = calloc(1, sizeof(*l3));

	if (!l3)
		return -ENOMEM;

	int err = create_tables(l3, conf);

	if (err) {
		l3_destroy(l3);
		return err;
	}
	*out = l3;
	return 0;
}

void l3_destroy(struct l3 *l3)
{
	if (!l3)
		return;
	connected_fini(&l3->connected);
	neigh_destroy(l3->neigh);
	rib_destroy(l3->rib);
	ecmp_destroy(l3->ecmp);
	adj_table_destroy(l3->adj);
	fib_destroy(l3->fib);
	free(l3);
}

int l3_port_set(struct l3 *l3, uint16_t port, uint16_t mtu, const struct rte_ether_addr *mac)
{
	return adj_port_set(l3->adj, port, mtu, mac);
}

int l3_gateway_set(struct l3 *l3, uint16_t port, rte_be32_t gateway)
{
	uint32_t adj = 0;
	int err = 0;

	if (port >= LIMIT_PORTS || l3->gateway[port] == gateway)
		return port >= LIMIT_PORTS ? -ENODEV : 0;
	if (gateway != 0)
		err = neigh_gateway_get(l3->neigh, port, gateway, &adj);
	if (err)
		return err;
	atomic_store_explicit(&l3->uplink[port], adj, memory_order_release);
	if (l3->gateway[port] != 0)
		neigh_gateway_put(l3->neigh, port, l3->gateway[port]);
	l3->gateway[port] = gateway;
	return 0;
}

void l3_port_clear(struct l3 *l3, uint16_t port)
{
	(void)l3_gateway_set(l3, port, 0); // taking away cannot fail
	routes_port_clear(l3, port);
	connected_port_clear(l3, port);
	neigh_port_clear(l3->neigh, port);
	adj_port_clear(l3->adj, port, fib_ticket(l3->fib));
}

bool l3_poll(struct l3 *l3)
{
	bool more = neigh_poll(l3->neigh);

	more |= fib_poll(l3->fib);
	more |= ecmp_poll(l3->ecmp, fib_visible_ticket(l3->fib));
	more |= adj_poll(l3->adj, fib_visible_ticket(l3->fib));
	return more;
}

void l3_tick(struct l3 *l3, uint64_t now)
{
	neigh_tick(l3->neigh, now);
}
