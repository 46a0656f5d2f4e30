// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which rules a configuration change alters. A session remembers the epoch that its rule had when
// it was made; a rule that is removed or altered gets a new epoch, and the sweeper ends exactly the
// sessions that it owned. Control thread only.
#include <string.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/nat/build.h"

// Object `id` of `kind` reads differently in the two configurations, or is missing in one.
static bool object_differs(
	const struct objects *a, const struct objects *b, unsigned int kind, uint32_t id)
{
	const void *x = objects_get(a, kind, id), *y = objects_get(b, kind, id);

	if (x == NULL || y == NULL)
		return x != y;
	return memcmp(x, y, object_size(kind)) != 0;
}

// The port object matters only as far as NAT knows it: whether it exists and its role.
static bool port_differs(const struct objects *a, const struct objects *b, uint32_t id)
{
	const struct obj_port *x = objects_get(a, OBJ_PORT, id), *y = objects_get(b, OBJ_PORT, id);

	return x == NULL || y == NULL ? x != y : x->role != y->role;
}

static bool address_differs(const struct objects *a, const struct objects *b, uint32_t id)
{
	const struct obj_address *x = objects_get(a, OBJ_ADDRESS, id);

	return object_differs(a, b, OBJ_ADDRESS, id) || (x != NULL && port_differs(a, b, x->port));
}

// The first interface address of a port, 0 when it has none.
static uint32_t port_first_address(const struct objects *o, uint32_t port)
{
	for (OBJECTS_EACH(o, OBJ_ADDRESS, const struct obj_address, a))
		if (a->port == port && (a->flags & ADDRESS_INTERFACE))
			return a->id;
	return 0;
}

static bool snat_differs(const struct objects *a, const struct objects *b, uint32_t id)
{
	const struct obj_snat *s = objects_get(a, OBJ_SNAT, id);

	if (id >= LIMIT_SNAT_RULES) {
		uint32_t x = port_first_address(a, id - LIMIT_SNAT_RULES);

		return x != port_first_address(b, id - LIMIT_SNAT_RULES) ||
		       address_differs(a, b, x);
	}
	if (object_differs(a, b, OBJ_SNAT, id))
		return true;
	if (s == NULL)
		return false;
	for (unsigned int i = 0; i < s->n_pool && i < MSG_SNAT_POOL; i++)
		if (address_differs(a, b, s->pool[i]))
			return true;
	return port_differs(a, b, s->port);
}

bool nat_rule_differs(
	const struct objects *a, const struct objects *b, unsigned int kind, uint32_t id)
{
	const struct obj_port_forward *f;
	const struct obj_eip *e;

	switch (kind) {
	case OBJ_SNAT:
		return snat_differs(a, b, id);
	case OBJ_EIP:
		e = objects_get(a, OBJ_EIP, id);
		return object_differs(a, b, kind, id) ||
		       (e != NULL && address_differs(a, b, e->address));
	default:
		f = objects_get(a, OBJ_PORT_FORWARD, id);
		return object_differs(a, b, kind, id) ||
		       (f != NULL && address_differs(a, b, f->address));
	}
}

uint32_t nat_rule_epoch(const struct nat_build *b, unsigned int kind, uint32_t id)
{
	const struct rule_epochs *epochs = &b->dp->epochs;
	uint32_t now;

	if (id >= epochs->count[kind])
		return 0;
	now = atomic_load_explicit(&epochs->epoch[kind][id], memory_order_relaxed);
	return nat_rule_differs(&b->dp->objects, b->objects, kind, id) ? now + 1 : now;
}

void nat_epochs_advance(struct dataplane *dp, const struct objects *next)
{
	static const unsigned int kinds[] = { OBJ_EIP, OBJ_PORT_FORWARD, OBJ_SNAT };

	for (unsigned int k = 0; k < RTE_DIM(kinds); k++)
		for (uint32_t id = 1; id < dp->epochs.count[kinds[k]]; id++)
			if (nat_rule_differs(&dp->objects, next, kinds[k], id))
				atomic_fetch_add_explicit(
					&dp->epochs.epoch[kinds[k]][id], 1, memory_order_relaxed);
}
