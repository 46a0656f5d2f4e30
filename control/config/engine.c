// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The transaction engine. Knows no subsystem by name.
#include "control/config/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/parse.h"
#include "control/config/store.h"

struct engine {
	const struct subsystem *subsystems;
	unsigned int count;
	struct store *store;
	pthread_mutex_t lock;	 // guards the pointer `current`, which other threads read
	struct config *current;	 // NULL before the first
	struct ids *ids;	 // of `current`
	bool applied;		 // the subsystems accepted `current`; else their state is not known
	struct timings *timings; // of the commit that is under way, NULL: nobody asks
};

struct engine *engine_create(
	const struct subsystem *subsystems, unsigned int count, struct store *store)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->ids = ids_create();
	if (e->ids == NULL || pthread_mutex_init(&e->lock, NULL) != 0) {
		ids_destroy(e->ids);
		free(e);
		return NULL;
	}
	e->subsystems = subsystems;
	e->count = count;
	e->store = store;
	return e;
}

void engine_destroy(struct engine *e)
{
	if (e == NULL)
		return;
	config_unref(e->current);
	ids_destroy(e->ids);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

struct config *engine_current(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	struct config *c = e->current != NULL ? config_ref(e->current) : NULL;
	pthread_mutex_unlock(&e->lock);
	return c;
}

// Takes over `c` and `ids`.
static void publish(struct engine *e, struct config *c, struct ids *ids)
{
	struct config *old = e->current;

	pthread_mutex_lock(&e->lock);
	e->current = c;
	pthread_mutex_unlock(&e->lock);
	ids_destroy(e->ids);
	e->ids = ids;
	config_unref(old);
}

// What the subsystems run, NULL when that is not known.
static const struct config *running(const struct engine *e)
{
	return e->applied ? e->current : NULL;
}

// A refusal always leaves with a problem and a status.
static int refused(
	const struct subsystem *s, int err, size_t before, int status, struct problems *p)
{
	if (p->count + p->dropped == before)
		problem_add(p, "", "%s: %s", s->name, strerror(-err));
	if (p->status == 0)
		p->status = status;
	return err;
}

static int prepare_one(const struct engine *e, const struct subsystem *s, const struct config *from,
	const struct config *to, struct problems *p)
{
	size_t before = p->count + p->dropped;
	uint64_t begin = timings_now();
	int err = s->prepare(s->ctx, from, to, p);

	timings_add(e->timings, "prepare", s->name, begin);
	return err < 0 ? refused(s, err, before, 422, p) : 0;
}

static int apply_one(const struct engine *e, const struct subsystem *s, const struct config *from,
	const struct config *to, struct problems *p)
{
	size_t before = p->count + p->dropped;
	uint64_t begin = timings_now();
	int err = s->apply(s->ctx, from, to, p);

	timings_add(e->timings, "apply", s->name, begin);
	return err < 0 ? refused(s, err, before, 500, p) : 0;
}

// In reverse order: of the first `prepared` subsystems, the first `applied` were applied.
static void undo_all(const struct engine *e, const struct config *from, const struct config *to,
	unsigned int prepared, unsigned int applied)
{
	for (unsigned int i = prepared; i > 0; i--) {
		const struct subsystem *s = &e->subsystems[i - 1];

		s->undo(s->ctx, from, to, i - 1 < applied);
	}
}

static int prepare_all(const struct engine *e, const struct config *from, const struct config *to,
	struct problems *p)
{
	for (unsigned int i = 0; i < e->count; i++) {
		int err = prepare_one(e, &e->subsystems[i], from, to, p);

		if (err < 0) {
			undo_all(e, from, to, i, 0);
			return err;
		}
	}
	return 0;
}

// After prepare_all(). Everything is undone when it fails.
static int apply_all(const struct engine *e, const struct config *from, const struct config *to,
	struct problems *p)
{
	for (unsigned int i = 0; i < e->count; i++) {
		int err = apply_one(e, &e->subsystems[i], from, to, p);

		if (err < 0) {
			undo_all(e, from, to, e->count, i);
			return err;
		}
	}
	return 0;
}

static int save(const struct engine *e, const struct config *to, const struct ids *ids,
	const struct revision_note *note, struct problems *p)
{
	uint64_t begin = timings_now();
	json_t *json = ids_to_json(ids);
	int err = json != NULL ? store_save(e->store, to->revision, to->document, json, note)
			       : -ENOMEM;

	json_decref(json);
	timings_add(e->timings, "store", "", begin);
	if (err < 0) {
		problem_add(p, "", "the configuration cannot be stored: %s", strerror(-err));
		p->status = 500;
	}
	return err;
}

static int transact(const struct engine *e, const struct config *to, const struct ids *ids,
	const struct commit *commit, struct problems *p)
{
	const struct config *from = running(e);
	int err = prepare_all(e, from, to, p);

	if (err < 0)
		return err;
	if (commit->dry_run) {
		undo_all(e, from, to, e->count, 0);
		return 0;
	}
	err = apply_all(e, from, to, p);
	if (err < 0)
		return err;
	err = save(e, to, ids, commit->note, p);
	if (err < 0)
		undo_all(e, from, to, e->count, e->count);
	return err;
}

// Above every number in the store: also above those that could not be restored.
uint64_t engine_next_revision(const struct engine *e)
{
	uint64_t last = store_last(e->store), now = e->current != NULL ? e->current->revision : 0;

	return (last > now ? last : now) + 1;
}

static int check_match(uint64_t if_match, uint64_t now, struct problems *p)
{
	if (if_match == 0 || if_match == now)
		return 0;
	problem_add(p, "", "the current revision is %" PRIu64 ", not %" PRIu64, now, if_match);
	p->status = 412;
	return -ESTALE;
}

// Most changes make a list longer or shorter, which is seen before a walk over all that is equal.
static bool same_lengths(json_t *a, json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach(
		a, key, value) if (json_array_size(value) !=
				   json_array_size(json_object_get(b, key))) return false;
	return true;
}

// Whether nothing is to be done.
static bool is_current(const struct engine *e, json_t *document)
{
	uint64_t begin = timings_now();
	bool same = e->applied && same_lengths(document, e->current->document) &&
		    json_equal(document, e->current->document);

	timings_add(e->timings, "compare", "", begin);
	return same;
}

static struct config *validate(
	const struct engine *e, json_t *document, struct ids *ids, struct problems *p)
{
	uint64_t begin = timings_now();
	struct config *to = config_parse(document, ids, p);

	timings_add(e->timings, "validate", "", begin);
	return to;
}

// A document that differs from the running one.
static int commit_changed(
	struct engine *e, const struct commit *commit, uint64_t *revision, struct problems *p)
{
	struct ids *ids = ids_copy(e->ids);

	if (ids == NULL) {
		problem_add(p, "", "out of memory");
		p->status = 500;
		return -ENOMEM;
	}
	struct config *to = validate(e, commit->document, ids, p);
	int err = to != NULL ? 0 : -EINVAL;
	if (err == 0) {
		to->revision = engine_next_revision(e);
		err = transact(e, to, ids, commit, p);
	}
	if (err == 0)
		problems_copy(p, &to->warnings);
	if (err < 0 || commit->dry_run) {
		config_unref(to);
		ids_destroy(ids);
		return err;
	}
	publish(e, to, ids);
	e->applied = true;
	*revision = to->revision;
	return 0;
}

int engine_commit(
	struct engine *e, const struct commit *commit, uint64_t *revision, struct problems *p)
{
	uint64_t now = e->current != NULL ? e->current->revision : 0;
	int err = check_match(commit->if_match, now, p);

	if (err < 0)
		return err;
	*revision = now;
	e->timings = commit->timings;
	if (is_current(e, commit->document))
		problems_copy(p, &e->current->warnings);
	else
		err = commit_changed(e, commit, revision, p);
	e->timings = NULL;
	return err;
}

// Prepares and applies the current configuration with nothing known about the world.
static int apply_current(struct engine *e, struct problems *p)
{
	int err = prepare_all(e, NULL, e->current, p);

	if (err == 0)
		err = apply_all(e, NULL, e->current, p);
	e->applied = err == 0;
	return err;
}

// Takes over the references.
static int adopt(struct engine *e, uint64_t revision, json_t *document, json_t *stored_ids,
	struct problems *p)
{
	struct ids *ids = ids_from_json(stored_ids);
	struct config *c = ids != NULL ? config_parse(document, ids, p) : NULL;

	json_decref(document);
	json_decref(stored_ids);
	if (c == NULL) {
		if (ids == NULL) {
			problem_add(p, "", "the ids of stored revision %" PRIu64 " are malformed",
				revision);
			p->status = 500;
		}
		ids_destroy(ids);
		return -EINVAL;
	}
	c->revision = revision;
	publish(e, c, ids);
	return 0;
}

int engine_restore(struct engine *e, struct problems *p)
{
	json_t *document = NULL, *ids = NULL;
	uint64_t revision = 0;
	int err = store_load(e->store, &revision, &document, &ids);

	if (err == -ENOENT)
		return 0;
	if (err == 0)
		err = adopt(e, revision, document, ids, p);
	return err < 0 ? err : apply_current(e, p);
}

// A subsystem that was out of reach knows nothing any more: all of the configuration anew.
static int apply_again(struct engine *e, const struct subsystem *s, struct problems *p)
{
	int err = prepare_one(e, s, NULL, e->current, p);

	if (err < 0)
		return err;
	err = apply_one(e, s, NULL, e->current, p);
	if (err < 0)
		s->undo(s->ctx, NULL, e->current, false);
	return err;
}

static int repair(struct engine *e, const struct subsystem *s, struct problems *p)
{
	size_t before = p->count + p->dropped;
	int err = s->compare != NULL ? s->compare(s->ctx, e->current, true) : 0;

	return err < 0 ? refused(s, err, before, 503, p) : 0;
}

int engine_reconcile(struct engine *e, struct problems *p)
{
	int result = 0;

	if (e->current == NULL)
		return 0;
	if (!e->applied)
		return apply_current(e, p);
	for (unsigned int i = 0; i < e->count; i++) {
		const struct subsystem *s = &e->subsystems[i];
		bool degraded = s->degraded != NULL && s->degraded(s->ctx) != NULL;
		int err = degraded ? apply_again(e, s, p) : repair(e, s, p);

		if (err < 0 && result == 0)
			result = err;
	}
	return result;
}
