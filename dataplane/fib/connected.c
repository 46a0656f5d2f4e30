// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Connected prefixes, counted, and own addresses.
#include "dataplane/fib/connected.h"

#include <errno.h>
#include <stdlib.h>

#include "dataplane/fib/l3.h"

#define SHARED_PORT LIMIT_PORTS // of broadcast addresses

int connected_init(struct connected *c, uint32_t max)
{
	int err = key_table_init(&c->keys, max);

	if (err)
		return err;
	c->entries = calloc(c->keys.slots, sizeof(*c->entries));
	return c->entries ? 0 : -ENOMEM;
}

void connected_fini(struct connected *c)
{
	key_table_fini(&c->keys);
	free(c->entries);
}

static int ref(struct l3 *l3, uint16_t port, uint32_t prefix, uint8_t plen, uint32_t adj)
{
	struct connected *c = &l3->connected;
	int32_t slot = key_table_find(&c->keys, key_of_prefix(prefix, plen));

	if (slot >= 0) {
		if (c->entries[slot].port != port)
			return -EEXIST;
		c->entries[slot].count++;
		return 0;
	}
	slot = key_table_add(&c->keys, key_of_prefix(prefix, plen));
	if (slot < 0)
		return -ENOSPC;

	int err = rib_set(l3->rib, prefix, plen, RIB_CONNECTED, adj);

	if (err)
		(void)key_table_del(&c->keys, key_of_prefix(prefix, plen));
	else
		c->entries[slot] = (struct connected_entry){ port, 1, prefix, plen };
	return err;
}

static int unref(struct l3 *l3, uint16_t port, uint32_t prefix, uint8_t plen)
{
	struct connected *c = &l3->connected;
	int32_t slot = key_table_find(&c->keys, key_of_prefix(prefix, plen));

	if (slot < 0 || c->entries[slot].port != port)
		return -ENOENT;
	if (c->entries[slot].count > 1) {
		c->entries[slot].count--;
		return 0;
	}

	int err = rib_del(l3->rib, prefix, plen, RIB_CONNECTED);

	if (err)
		return err;
	c->entries[slot] = (struct connected_entry){ 0 };
	(void)key_table_del(&c->keys, key_of_prefix(prefix, plen));
	return 0;
}

// RFC 3021: /31 has no broadcast addresses.
static bool has_broadcast(uint8_t plen)
{
	return plen <= 30;
}

int connected_add(struct l3 *l3, uint16_t port, rte_be32_t prefix, uint8_t plen)
{
	const struct adj_port *p = adj_port(l3->adj, port);

	if (!p)
		return -ENODEV;
	if (plen > 32)
		return -EINVAL;
	if (plen == 32)
		return 0;

	uint32_t first = rte_be_to_cpu_32(prefix) & prefix_mask(plen);
	uint32_t last = first | ~prefix_mask(plen);
	int err = ref(l3, port, first, plen, p->glean);

	if (err || !has_broadcast(plen))
		return err;
	err = ref(l3, SHARED_PORT, first, 32, ADJ_INDEX_BROADCAST);
	if (!err) {
		err = ref(l3, SHARED_PORT, last, 32, ADJ_INDEX_BROADCAST);
		if (err)
			(void)unref(l3, SHARED_PORT, first, 32);
	}
	if (err)
		(void)unref(l3, port, first, plen);
	return err;
}

int connected_del(struct l3 *l3, uint16_t port, rte_be32_t prefix, uint8_t plen)
{
	if (plen > 32)
		return -ENOENT;
	if (plen == 32)
		return 0;

	uint32_t first = rte_be_to_cpu_32(prefix) & prefix_mask(plen);
	int err = unref(l3, port, first, plen);

	if (err || !has_broadcast(plen))
		return err;
	err = unref(l3, SHARED_PORT, first, 32);
	return err ? err : unref(l3, SHARED_PORT, first | ~prefix_mask(plen), 32);
}

void connected_port_clear(struct l3 *l3, uint16_t port)
{
	struct connected *c = &l3->connected;

	for (uint32_t i = 0; i < c->keys.slots; i++) {
		struct connected_entry e = c->entries[i];

		if (e.port != port)
			continue;
		for (; e.count > 0; e.count--)
			(void)connected_del(l3, port, rte_cpu_to_be_32(e.prefix), e.plen);
	}
}

int local_add(struct l3 *l3, uint16_t port, rte_be32_t addr, uint32_t address_id)
{
	uint32_t host = rte_be_to_cpu_32(addr), adj;

	if (rib_get(l3->rib, host, 32, RIB_LOCAL))
		return -EEXIST;

	int err = adj_alloc(l3->adj, ADJ_LOCAL, port, addr, address_id, &adj);

	if (err)
		return err;
	err = rib_set(l3->rib, host, 32, RIB_LOCAL, adj);
	if (err)
		adj_free(l3->adj, adj, 0);
	return err;
}

int local_del(struct l3 *l3, rte_be32_t addr)
{
	uint32_t host = rte_be_to_cpu_32(addr);
	uint32_t adj = rib_get(l3->rib, host, 32, RIB_LOCAL);

	if (adj == 0)
		return -ENOENT;

	int err = rib_del(l3->rib, host, 32, RIB_LOCAL);

	if (!err)
		adj_free(l3->adj, adj, fib_ticket(l3->fib));
	return err;
}
