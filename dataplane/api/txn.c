// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The transaction engine. Order of a commit: ports into the FIB layer, connected prefixes and own
// addresses added, FIB visible to every worker, then the flip of the set with its ports and poll
// list, then removals; what was replaced is freed after a grace period.
#include "dataplane/api/txn.h"

#include <errno.h>
#include <string.h>

#include "dataplane/api/txn_addresses.h"
#include "dataplane/api/txn_ports.h"
#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"

int txn_begin(struct dataplane *dp, struct txn *t, uint64_t base, bool replace)
{
	const struct set *set = atomic_load_explicit(&dp->set, memory_order_relaxed);

	if (t->state != TXN_IDLE)
		return -EBUSY;
	t->errors.count = t->errors.truncated = 0;
	if (!replace && base != set->generation)
		return txn_error(&t->errors, 0, 0, "base", -ESTALE, "applied is generation %llu",
			(unsigned long long)set->generation);
	t->changed = 0;
	if (replace) {
		memset(&t->staged, 0, sizeof(t->staged));
		t->changed = UINT32_MAX;
	} else if (objects_copy(&t->staged, &dp->objects) < 0) {
		return -ENOMEM;
	}
	t->state = TXN_OPEN;
	return 0;
}

int txn_put(struct txn *t, unsigned int kind, const void *objects, uint32_t count)
{
	const uint8_t *o = objects;

	if (t->state != TXN_OPEN)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++, o += object_size(kind)) {
		bool changed;
		int rc = objects_put(&t->staged, kind, o, &changed);
		uint32_t id;

		memcpy(&id, o, sizeof(id));
		if (rc < 0)
			return txn_error(&t->errors, kind, id, "id", rc,
				rc == -ERANGE ? "id is not below %u" : "cannot store it (%u)",
				object_limit(kind));
		t->changed |= changed ? 1u << kind : 0;
	}
	return 0;
}

int txn_delete(struct txn *t, unsigned int kind, const uint32_t *ids, uint32_t count)
{
	if (t->state != TXN_OPEN)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++) {
		if (objects_delete(&t->staged, kind, ids[i]) < 0)
			return txn_error(&t->errors, kind, ids[i], "id", -ENOENT, "no such %s",
				object_kind_name(kind));
		t->changed |= 1u << kind;
	}
	return 0;
}

static void txn_discard(struct dataplane *dp, struct txn *t)
{
	for (unsigned int i = 0; i < SECTION_COUNT; i++) {
		section_unref(dp, t->built[i]);
		t->built[i] = NULL;
	}
	txn_ports_discard(dp, t);
}

static int check_addresses(struct txn *t)
{
	int rc = 0;

	for (OBJECTS_EACH(&t->staged, OBJ_ADDRESS, const struct obj_address, a))
		if (objects_get(&t->staged, OBJ_PORT, a->port) == NULL || a->addr.plen > 32 ||
			a->addr.plen == 0)
			rc = txn_error(&t->errors, OBJ_ADDRESS, a->id, "port", -EINVAL,
				"no such port, or impossible prefix length");
	return rc;
}

static int build_sections(struct dataplane *dp, struct txn *t)
{
	int rc = 0;

	for (unsigned int i = 0; i < SECTION_COUNT; i++) {
		int one;

		if ((section_ops[i]->kinds & t->changed) == 0)
			continue;
		one = section_ops[i]->build(dp, &t->staged, &t->built[i], &t->errors);
		rc = rc == 0 ? one : rc;
	}
	return rc;
}

int txn_prepare(struct dataplane *dp, struct txn *t)
{
	int rc;

	if (t->state != TXN_OPEN)
		return -EINVAL;
	t->errors.count = t->errors.truncated = 0;
	rc = check_addresses(t);
	if (rc == 0)
		rc = build_sections(dp, t);
	if (rc == 0)
		rc = txn_ports_prepare(dp, t);
	if (rc < 0) {
		txn_discard(dp, t);
		return rc;
	}
	t->state = TXN_PREPARED;
	return 0;
}

int txn_commit(struct dataplane *dp, struct txn *t, uint64_t generation)
{
	const struct set *set = atomic_load_explicit(&dp->set, memory_order_relaxed);
	uint64_t version = l3_version(dp->l3);
	int rc;

	if (t->state != TXN_PREPARED)
		return -EINVAL;
	if (generation <= set->generation)
		return txn_error(&t->errors, 0, 0, "generation", -EINVAL,
			"not above the applied one, %llu", (unsigned long long)set->generation);
	t->next = set_copy(set, generation);
	if (t->next == NULL)
		return -ENOMEM;
	rc = txn_ports_register(dp, t);
	if (rc == 0)
		rc = txn_addresses_add(dp, t);
	if (rc < 0) {
		txn_ports_unregister(dp, t);
		set_free(dp, t->next);
		t->next = NULL;
		return rc;
	}
	t->ticket = l3_ticket(dp->l3);
	t->version = l3_version(dp->l3) != version ? l3_version(dp->l3) : 0;
	t->state = TXN_ADDING;
	return 0;
}

void txn_abort(struct dataplane *dp, struct txn *t)
{
	if (t->state != TXN_OPEN && t->state != TXN_PREPARED)
		return;
	txn_discard(dp, t);
	objects_free(&t->staged);
	t->state = TXN_IDLE;
}

static void destroy_set(struct dataplane *dp, void *set)
{
	set_free(dp, set);
}

// Everything is in place: one pointer decides.
static void txn_flip(struct dataplane *dp, struct txn *t)
{
	const struct set *old = atomic_load_explicit(&dp->set, memory_order_relaxed);

	for (unsigned int i = 0; i < SECTION_COUNT; i++) {
		struct section *built = t->built[i];

		if (built == NULL)
			continue;
		if (section_ops[i]->activate != NULL)
			section_ops[i]->activate(dp, &t->staged, old->section[i], built);
		set_replace(dp, t->next, built);
		t->built[i] = NULL;
	}
	txn_ports_replace(t);
	atomic_store_explicit(&dp->set, t->next, memory_order_release);
	// The grace periods begin behind the flip: until then workers take up the old ones.
	dataplane_retire(dp, destroy_set, (void *)(uintptr_t)old);
	txn_ports_retire(dp, t);
	__atomic_store_n(&dp->stats->process.generation, t->next->generation, __ATOMIC_RELAXED);
	t->next = NULL;
}

// Where a prefix has another port, host routes by the old one must be gone: a rule of the new
// configuration would lead to another network's host.
static bool additions_visible(struct dataplane *dp, struct txn *t)
{
	if (t->version != 0) {
		if (!l3_followed(dp->l3, t->version))
			return false;
		t->version = 0;
		t->ticket = l3_ticket(dp->l3);
	}
	return l3_visible(dp->l3, t->ticket);
}

bool txn_poll(struct dataplane *dp, struct txn *t)
{
	if (t->state == TXN_DRAINING && dp->garbage == NULL) {
		t->state = TXN_IDLE;
		return true;
	}
	if (t->state != TXN_ADDING || !additions_visible(dp, t))
		return false;
	txn_flip(dp, t);
	txn_addresses_remove(dp, t);
	txn_ports_unregister_old(dp, t);
	objects_free(&dp->objects);
	dp->objects = t->staged;
	memset(&t->staged, 0, sizeof(t->staged));
	t->state = TXN_DRAINING;
	dataplane_kick_sweeper(dp);
	return false;
}
