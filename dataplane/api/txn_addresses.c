// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Differences of own addresses between the applied and the staged configuration. Control thread
// only.
#include "dataplane/api/txn_addresses.h"

#include <errno.h>
#include <string.h>

#include "dataplane/api/txn.h"
#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"

static int address_add(struct dataplane *dp, const struct obj_address *a)
{
	rte_be32_t addr;
	int rc;

	memcpy(&addr, a->addr.bytes, sizeof(addr));
	rc = connected_add(dp->l3, a->port, addr, a->addr.plen);
	if (rc < 0)
		return rc;
	rc = local_add(dp->l3, a->port, addr, a->id);
	if (rc < 0)
		connected_del(dp->l3, a->port, addr, a->addr.plen);
	return rc;
}

static void address_remove(struct dataplane *dp, const struct obj_address *a)
{
	rte_be32_t addr;

	memcpy(&addr, a->addr.bytes, sizeof(addr));
	local_del(dp->l3, addr);
	connected_del(dp->l3, a->port, addr, a->addr.plen);
}

// The same in both configurations; so is its port then, which cannot be replaced.
static bool address_stays(const struct objects *other, const struct obj_address *a)
{
	const void *b = objects_get(other, OBJ_ADDRESS, a->id);

	return b != NULL && memcmp(a, b, sizeof(*a)) == 0;
}

// Adds the addresses of `from` that `other` lacks, all or none.
static int add_all(struct dataplane *dp, struct txn *t, const struct objects *from,
	const struct objects *other)
{
	for (OBJECTS_EACH(from, OBJ_ADDRESS, const struct obj_address, a)) {
		int rc = address_stays(other, a) ? 0 : address_add(dp, a);

		if (rc == 0)
			continue;
		txn_error(&t->errors, OBJ_ADDRESS, a->id, "addr", rc,
			"cannot enter it into the FIB: %s", strerror(-rc));
		for (OBJECTS_EACH(from, OBJ_ADDRESS, const struct obj_address, b)) {
			if (b == a)
				break;
			if (!address_stays(other, b))
				address_remove(dp, b);
		}
		return rc;
	}
	return 0;
}

static void remove_all(struct dataplane *dp, const struct txn *t)
{
	for (OBJECTS_EACH(&dp->objects, OBJ_ADDRESS, const struct obj_address, a))
		if (!address_stays(&t->staged, a))
			address_remove(dp, a);
}

int txn_addresses_add(struct dataplane *dp, struct txn *t)
{
	uint32_t errors = t->errors.count;
	int rc = add_all(dp, t, &t->staged, &dp->objects);

	t->addresses_removed = false;
	if (rc != -EEXIST)
		return rc;
	// Something moves: the old place is given up first.
	t->errors.count = errors;
	remove_all(dp, t);
	rc = add_all(dp, t, &t->staged, &dp->objects);
	if (rc == 0)
		t->addresses_removed = true;
	else
		add_all(dp, t, &dp->objects, &t->staged);
	return rc;
}

void txn_addresses_remove(struct dataplane *dp, struct txn *t)
{
	if (!t->addresses_removed)
		remove_all(dp, t);
}
