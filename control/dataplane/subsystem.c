// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Transactions of the engine on the data plane. What the data plane holds is what it confirmed
// last, kept here as objects with the generation and the boot id of that moment; when one of these
// does not match any more, the next transaction replaces everything.
//
// Generations: the revision of the configuration, unless that does not rise (an undo, a repair, a
// dry run's number taken again): then the next number. They tell transactions apart, nothing more.
#include "control/dataplane/subsystem.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "control/dataplane/devices.h"
#include "control/dataplane/objects.h"
#include "control/dataplane/pointers.h"

static const char away[] = "the data plane cannot be reached";

struct dataplane {
	struct client *client;
	struct objset *applied;	     // confirmed by the data plane; NULL: not known
	uint64_t generation;	     // of `applied`
	uint64_t boot_id;	     // that confirmed it
	struct objset *prepared;     // of the open transaction, NULL: there is none
	const struct config *naming; // configuration that problems point into, NULL: none
	const char *_Atomic degraded;
};

static void degrade(struct dataplane *d, const char *why)
{
	atomic_store(&d->degraded, why);
}

static bool in_sync(const struct dataplane *d)
{
	return d->applied != NULL && client_boot_id(d->client) == d->boot_id &&
	       client_generation(d->client) == d->generation;
}

static int send_kind(struct dataplane *d, const struct objset *from, const struct objset *to,
	enum obj_kind kind, bool deletions, struct problems *p)
{
	struct objset_diff diff;
	int rc = objset_diff(from, to, kind, &diff);

	if (rc < 0)
		return rc;
	if (deletions)
		rc = client_delete(d->client, kind, diff.del, diff.n_del, p);
	else
		rc = client_put(
			d->client, kind, diff.put.data, objset_size(kind), diff.put.count, p);
	objset_diff_free(&diff);
	return rc;
}

// Dependents are deleted before what they depend on, and put after it.
static int send_difference(
	struct dataplane *d, const struct objset *from, const struct objset *to, struct problems *p)
{
	int rc = 0;

	for (int k = OBJ_KIND_COUNT - 1; k > 0 && rc == 0; k--)
		rc = send_kind(d, from, to, (enum obj_kind)k, true, p);
	for (int k = 1; k < OBJ_KIND_COUNT && rc == 0; k++)
		rc = send_kind(d, from, to, (enum obj_kind)k, false, p);
	return rc;
}

static int count_differences(const struct objset *from, const struct objset *to)
{
	size_t n = 0;

	for (int k = 1; k < OBJ_KIND_COUNT; k++) {
		struct objset_diff diff;
		int rc = objset_diff(from, to, (enum obj_kind)k, &diff);

		if (rc < 0)
			return rc;
		n += diff.put.count + diff.n_del;
		objset_diff_free(&diff);
	}
	return n < INT32_MAX ? (int)n : INT32_MAX;
}

// Opens a transaction to `to` (taken over on success) and prepares it. The data plane stays as it
// is until commit_objects().
static int prepare_objects(struct dataplane *d, struct objset *to, bool replace, struct problems *p)
{
	int rc = client_begin(d->client, client_generation(d->client), replace, p);

	if (rc == -ESTALE && !replace) { // somebody else's transaction: nothing is known any more
		problems_clear(p);
		replace = true;
		rc = client_begin(d->client, 0, true, p);
	}
	if (rc == 0)
		rc = send_difference(d, replace ? NULL : d->applied, to, p);
	if (rc == 0)
		rc = client_prepare(d->client, p);
	if (rc < 0) {
		client_abort(d->client);
		return rc;
	}
	d->prepared = to;
	return 0;
}

static uint64_t next_generation(const struct dataplane *d, uint64_t revision)
{
	uint64_t known = client_generation(d->client);

	if (known < d->generation)
		known = d->generation;
	return revision > known ? revision : known + 1;
}

// `applied` is what the data plane has from here on; unknown when it did not say so.
static int commit_objects(struct dataplane *d, uint64_t revision, struct problems *p)
{
	uint64_t generation = next_generation(d, revision);
	int rc = client_commit(d->client, generation, p);

	if (rc < 0 && client_connected(d->client))
		return rc;
	objset_free(d->applied);
	d->applied = NULL;
	if (rc == 0) {
		d->applied = d->prepared;
		d->prepared = NULL;
		d->generation = generation;
		d->boot_id = client_boot_id(d->client);
	}
	return rc;
}

static void discard_prepared(struct dataplane *d)
{
	objset_free(d->prepared);
	d->prepared = NULL;
}

// A data plane that is not there is no refusal: its problems are replaced by `degraded`.
static int verdict(struct dataplane *d, int rc, struct problems *mine, struct problems *p)
{
	if (rc < 0 && client_connected(d->client)) {
		for (size_t i = 0; i < mine->count; i++)
			problem_add(p, mine->list[i].pointer, "%s", mine->list[i].text);
		if (mine->count == 0)
			problem_add(p, "", "data plane: out of memory");
		p->dropped += mine->dropped;
		if (p->status == 0)
			p->status = mine->status ? mine->status : 500;
	} else if (rc < 0) {
		discard_prepared(d);
		degrade(d, away);
		rc = 0;
	}
	problems_clear(mine);
	return rc;
}

// The objects of `c`, with the devices that its interfaces name. Devices of ports that the data
// plane has do not change under it.
static int build(
	struct dataplane *d, const struct config *c, struct objset **out, struct problems *p)
{
	struct objset *set;
	int rc = objset_build(c, &set);

	if (rc < 0)
		return rc;
	rc = devices_resolve(d->client, c, in_sync(d) ? d->applied : NULL, set, p);
	if (rc < 0) {
		objset_free(set);
		return rc;
	}
	*out = set;
	return 0;
}

static int prepare(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct problems mine = { 0 };
	struct dataplane *d = ctx;
	struct objset *wanted;
	int rc;

	discard_prepared(d);
	rc = build(d, to, &wanted, &mine);
	if (rc < 0)
		return verdict(d, rc, &mine, p);
	if (from != NULL && in_sync(d) && count_differences(d->applied, wanted) == 0) {
		objset_free(wanted);
		degrade(d, NULL);
		return 0;
	}
	d->naming = to;
	rc = prepare_objects(d, wanted, from == NULL || !in_sync(d), &mine);
	d->naming = NULL;
	if (rc < 0)
		objset_free(wanted);
	return verdict(d, rc, &mine, p);
}

static int apply(void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct problems mine = { 0 };
	struct dataplane *d = ctx;
	int rc;

	if (d->prepared == NULL)
		return 0; // nothing differs, or degraded
	d->naming = to;
	rc = commit_objects(d, to->revision, &mine);
	d->naming = NULL;
	if (rc == 0)
		degrade(d, NULL);
	return verdict(d, rc, &mine, p);
}

// Outside of a commit: straight to `to`.
static int transact(struct dataplane *d, const struct config *to)
{
	struct problems mine = { 0 };
	struct objset *wanted;
	int rc = build(d, to, &wanted, &mine);

	if (rc == 0) {
		rc = prepare_objects(d, wanted, !in_sync(d), &mine);
		if (rc < 0)
			objset_free(wanted);
	}
	if (rc == 0)
		rc = commit_objects(d, to->revision, &mine);
	if (rc < 0) {
		client_abort(d->client);
		discard_prepared(d);
	}
	degrade(d, rc == 0			 ? NULL
		   : client_connected(d->client) ? "the data plane refused to be repaired"
						 : away);
	problems_clear(&mine);
	return rc;
}

static void undo(void *ctx, const struct config *from, const struct config *to, bool applied)
{
	struct dataplane *d = ctx;

	if (d->prepared != NULL) {
		client_abort(d->client);
		discard_prepared(d);
	} else if (applied && from != NULL && client_connected(d->client)) {
		transact(d, from); // a failure is left to compare()
	}
}

static int compare(void *ctx, const struct config *now, bool repair)
{
	struct problems mine = { 0 };
	struct dataplane *d = ctx;
	struct objset *wanted;
	int differences = 1, rc;

	if (!client_connected(d->client)) {
		degrade(d, away);
		return -ENOTCONN;
	}
	if (in_sync(d)) {
		rc = build(d, now, &wanted, &mine);
		problems_clear(&mine);
		if (rc < 0)
			return rc;
		differences = count_differences(d->applied, wanted);
		objset_free(wanted);
	}
	if (differences == 0)
		degrade(d, NULL);
	if (differences <= 0 || !repair)
		return differences;
	rc = transact(d, now);
	return rc < 0 ? rc : differences;
}

static const char *degraded(void *ctx)
{
	struct dataplane *d = ctx;

	return client_connected(d->client) ? atomic_load(&d->degraded) : away;
}

static void pointer(
	void *ctx, enum obj_kind kind, uint32_t id, const char *field, char *out, size_t size)
{
	struct dataplane *d = ctx;

	if (d->naming != NULL)
		object_pointer(d->naming, kind, id, field, out, size);
}

struct dataplane *dataplane_create(struct client *client)
{
	struct dataplane *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->client = client;
	client_set_namer(client, &(struct client_namer){ .pointer = pointer, .ctx = d });
	return d;
}

void dataplane_destroy(struct dataplane *d)
{
	if (d == NULL)
		return;
	client_set_namer(d->client, &(struct client_namer){ 0 });
	objset_free(d->applied);
	discard_prepared(d);
	free(d);
}

struct subsystem dataplane_subsystem(struct dataplane *d)
{
	return (struct subsystem){
		.name = "dataplane",
		.ctx = d,
		.prepare = prepare,
		.apply = apply,
		.undo = undo,
		.compare = compare,
		.degraded = degraded,
	};
}
