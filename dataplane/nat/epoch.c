// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which rules a configuration change alters. A session remembers the epoch that its rule had when
// it was made; a rule whose sessions are all over gets a new epoch, and the sweeper ends exactly
// the sessions that it owned. Control thread only.
#include <string.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/nat/build.h"

static uint32_t id_at(const struct object_table *t, uint32_t i, size_t size)
{
	uint32_t id = UINT32_MAX;

	if (i < t->count)
		memcpy(&id, t->data + i * size, sizeof(id));
	return id;
}

// Whether an altered object goes on: its sessions are judged one by one (ending.c).
typedef bool (*goes_on)(const void *old, const void *new);

// Objects of a kind that read differently in the two configurations, or are missing in one.
static void compare_kind(const struct objects *a, const struct objects *b, unsigned int kind,
	goes_on on, uint8_t *changed)
{
	const struct object_table *x = &a->table[kind], *y = &b->table[kind];
	size_t size = object_size(kind);

	for (uint32_t i = 0, j = 0; i < x->count || j < y->count;) {
		uint32_t of_x = id_at(x, i, size), of_y = id_at(y, j, size);

		if (of_x != of_y)
			changed[RTE_MIN(of_x, of_y)] = NAT_OVER;
		else if (memcmp(x->data + i * size, y->data + j * size, size) != 0)
			changed[of_x] =
				on(x->data + i * size, y->data + j * size) ? NAT_ALTERED : NAT_OVER;
		i += of_x <= of_y;
		j += of_y <= of_x;
	}
}

// The port object matters only as far as NAT knows it: whether it exists and its role.
static void compare_ports(const struct objects *a, const struct objects *b, uint8_t *changed)
{
	for (uint32_t id = 0; id < LIMIT_PORTS; id++) {
		const struct obj_port *x = objects_get(a, OBJ_PORT, id);
		const struct obj_port *y = objects_get(b, OBJ_PORT, id);

		if (x == NULL || y == NULL ? x != y : x->role != y->role)
			changed[id] = NAT_OVER;
	}
}

static bool always(const void *old, const void *new)
{
	(void)old;
	(void)new;
	return true;
}

// Every session through it is translated in another way.
static bool never(const void *old, const void *new)
{
	(void)old;
	(void)new;
	return false;
}

// Where its flows leave, who may send to their ports, and whether these are in a block, is agreed
// when a mapping is made.
static bool snat_goes_on(const void *old, const void *new)
{
	const struct obj_snat *x = old, *y = new;

	return x->port == y->port && x->mapping == y->mapping && x->filtering == y->filtering &&
	       x->port_block_size == y->port_block_size;
}

// The first interface address of each port, 0 when it has none.
static void first_addresses(const struct objects *o, uint32_t *first)
{
	memset(first, 0, LIMIT_PORTS * sizeof(*first));
	for (OBJECTS_EACH(o, OBJ_ADDRESS, const struct obj_address, a))
		if (a->port < LIMIT_PORTS && first[a->port] == 0 && (a->flags & ADDRESS_INTERFACE))
			first[a->port] = a->id;
}

static void compare_inbound(
	const struct objects *a, const struct objects *b, struct nat_changes *out)
{
	uint32_t x[LIMIT_PORTS], y[LIMIT_PORTS];

	first_addresses(a, x);
	first_addresses(b, y);
	for (uint32_t port = 0; port < LIMIT_PORTS; port++)
		if (x[port] != y[port] || out->address[x[port]] != 0)
			out->snat[NAT_INBOUND_RULE(port)] = NAT_OVER;
}

// Rules that stay as they are, but name what changed: Only `a` was checked: what its objects name
// is there.
static void compare_named(const struct objects *a, const uint8_t *ports, struct nat_changes *out)
{
	for (OBJECTS_EACH(a, OBJ_ADDRESS, const struct obj_address, x))
		out->address[x->id] = ports[x->port] | (out->address[x->id] != 0 ? NAT_ALTERED : 0);
	for (OBJECTS_EACH(a, OBJ_EIP, const struct obj_eip, e))
		if (out->address[e->address] != 0)
			out->eip[e->id] = NAT_OVER;
	for (OBJECTS_EACH(a, OBJ_PORT_FORWARD, const struct obj_port_forward, f))
		out->forward[f->id] |= out->address[f->address];
	for (OBJECTS_EACH(a, OBJ_SNAT, const struct obj_snat, s)) {
		out->snat[s->id] |= ports[s->port];
		for (unsigned int i = 0; i < s->n_pool; i++)
			out->snat[s->id] |= out->address[s->pool[i]];
	}
}

void nat_compare(const struct objects *a, const struct objects *b, struct nat_changes *out)
{
	uint8_t ports[LIMIT_PORTS] = { 0 };

	memset(out, 0, sizeof(*out));
	compare_ports(a, b, ports);
	compare_kind(a, b, OBJ_ADDRESS, always, out->address);
	compare_kind(a, b, OBJ_SERVICE, always, out->service);
	compare_kind(a, b, OBJ_EIP, never, out->eip);
	compare_kind(a, b, OBJ_PORT_FORWARD, always, out->forward);
	compare_kind(a, b, OBJ_SNAT, snat_goes_on, out->snat);
	compare_named(a, ports, out);
	compare_inbound(a, b, out);
}

static bool rule_over(const struct nat_changes *changes, unsigned int kind, uint32_t id)
{
	switch (kind) {
	case OBJ_SNAT:
		return changes->snat[id] == NAT_OVER;
	case OBJ_EIP:
		return changes->eip[id] == NAT_OVER;
	default:
		return changes->forward[id] == NAT_OVER;
	}
}

uint32_t nat_rule_epoch(const struct nat_build *b, unsigned int kind, uint32_t id)
{
	const struct rule_epochs *epochs = &b->dp->epochs;
	uint32_t now;

	if (id >= epochs->count[kind])
		return 0;
	now = atomic_load_explicit(&epochs->epoch[kind][id], memory_order_relaxed);
	return rule_over(b->changes, kind, id) ? now + 1 : now;
}

void nat_epochs_advance(struct dataplane *dp, const struct nat_changes *changes)
{
	static const unsigned int kinds[] = { OBJ_EIP, OBJ_PORT_FORWARD, OBJ_SNAT };

	for (unsigned int k = 0; k < RTE_DIM(kinds); k++)
		for (uint32_t id = 1; id < dp->epochs.count[kinds[k]]; id++)
			if (rule_over(changes, kinds[k], id))
				atomic_fetch_add_explicit(
					&dp->epochs.epoch[kinds[k]][id], 1, memory_order_relaxed);
}
