// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The configuration as one document: read, replace, patch. The entity tag is the revision.
#include "control/api/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/config/confirm.h"
#include "control/config/parse.h"
#include "control/config/secrets.h"
#include "control/main/log.h"

json_t *config_copy_document(const struct config *now)
{
	json_t *copy, *value;
	const char *key;

	if (!now)
		return json_pack("{s:i}", "version", CONFIG_VERSION);
	copy = json_copy(now->document);
	json_object_foreach(now->document, key, value)
	{
		if (json_is_array(value) && json_object_set_new(copy, key, json_copy(value)) < 0) {
			json_decref(copy);
			return NULL;
		}
	}
	return copy;
}

void config_get(struct request *r)
{
	struct config *now = engine_current(r->env->engine);

	reply_json(r, 200, now ? secrets_removed(now->document) : config_copy_document(NULL));
	r->reply.etag = now ? now->revision : 0;
	r->reply.has_etag = true;
	config_unref(now);
}

json_t *config_body(struct request *r)
{
	struct problems p = { 0 };
	uint64_t begin = timings_now();
	json_t *body = config_load_text(r->body ? r->body : "", r->body_len, &p);

	timings_add(&r->timings, "read", "", begin);
	if (!body) {
		p.status = p.status ? p.status : 400;
		reply_problems(r, -EINVAL, &p);
	}
	problems_clear(&p);
	return body;
}

// One strong entity tag, with or without quotes; what is not a revision of ours matches nothing.
static bool tag_matches(const char *tag, uint64_t revision)
{
	bool quoted = tag[0] == '"';
	unsigned long long value;
	char *end;

	tag += quoted;
	errno = 0;
	value = strtoull(tag, &end, 10);
	if (!isdigit((unsigned char)tag[0]) || errno || value != revision)
		return false;
	end += quoted && *end == '"';
	return *end == '\0' && (!quoted || end[-1] == '"');
}

static bool precondition_holds(struct request *r, const struct config *now)
{
	uint64_t revision = now ? now->revision : 0;

	if (!r->if_match || (now && strcmp(r->if_match, "*") == 0) ||
		tag_matches(r->if_match, revision))
		return true;
	reply_problem(r, 412, "If-Match %s: the current revision is \"%llu\". Nothing was changed.",
		r->if_match, (unsigned long long)revision);
	r->reply.etag = revision;
	r->reply.has_etag = true;
	return false;
}

// One commit on its way.
struct attempt {
	json_t *document;
	const struct config *now; // NULL: none
	int status;		  // of the reply when it succeeds
	bool dry_run;
	bool ends_trial;    // a way back: needs no confirmation of what it leaves
	uint32_t confirm_s; // on trial for so long, 0: for good
	struct revision_note note;
};

static void reply_committed(struct request *r, const struct attempt *a, uint64_t revision,
	const struct problems *warnings)
{
	bool changed = !a->now || !json_equal(a->now->document, a->document);
	json_t *body = json_pack("{s:I, s:b, s:o}", "revision", (json_int_t)revision, "changed",
		changed, "warnings", problems_json(warnings));

	if (a->dry_run) {
		json_t *from = a->now ? json_incref(a->now->document) : config_copy_document(NULL);

		json_object_set_new(body, "dry_run", json_true());
		(void)config_add_diff(body, from, a->document);
		json_decref(from);
	}
	if (a->confirm_s && changed && !a->dry_run)
		json_object_set_new(body, "confirm_within_s", json_integer(a->confirm_s));
	reply_json(r, a->dry_run ? 200 : a->status, body);
	r->reply.etag = revision;
	r->reply.has_etag = true;
}

static void log_timings(const struct request *r, int ret, uint64_t revision)
{
	char text[TIMINGS_TEXT];

	timings_text(&r->timings, text);
	if (ret < 0)
		log_info("commit refused after %s", text);
	else
		log_info("commit: revision %llu in %s", (unsigned long long)revision, text);
}

// This thread is the only one that commits: `now` stays the current one until engine_commit().
static void commit_over(struct request *r, const struct attempt *a)
{
	uint64_t revision = a->now ? a->now->revision : 0;
	struct commit commit = { .document = a->document,
		.if_match = revision,
		.dry_run = a->dry_run,
		.note = &a->note,
		.timings = &r->timings };
	struct problems p = { 0 };
	int ret;

	ret = engine_commit(r->env->engine, &commit, &revision, &p);
	log_timings(r, ret, revision);
	if (ret < 0)
		reply_problems(r, ret, &p);
	else
		reply_committed(r, a, revision, &p);
	problems_clear(&p);
}

// The trial is on the disk before what is on trial.
static void commit_on_trial(struct request *r, const struct attempt *a)
{
	uint64_t next = engine_next_revision(r->env->engine);
	int ret = confirm_begin(r->env->store, next, a->now ? a->now->revision : 0, a->confirm_s);
	struct config *after;

	if (ret < 0) {
		reply_problem(r, 500, "The trial cannot be stored: %s. Nothing was changed.",
			strerror(-ret));
		return;
	}
	commit_over(r, a);
	after = engine_current(r->env->engine);
	if (!after || after->revision != next)
		(void)confirm_end(r->env->store);
	config_unref(after);
}

static bool trial_allows(struct request *r, const struct attempt *a)
{
	struct trial trial;

	if (a->dry_run || !a->now || !confirm_pending(r->env->store, a->now->revision, &trial))
		return true;
	if (a->ends_trial)
		return true;
	reply_problem(r, 409,
		"Revision %llu waits for its confirmation: confirm it or roll it back first. "
		"Nothing was changed.",
		(unsigned long long)a->now->revision);
	return false;
}

static int read_options(struct request *r, struct attempt *a)
{
	const char *comment = request_arg(r, "comment");

	snprintf(a->note.author, sizeof(a->note.author), "%s", r->peer);
	if (comment)
		snprintf(a->note.comment, sizeof(a->note.comment), "%s", comment);
	if (request_flag(r, "dry_run", &a->dry_run) < 0)
		return -EINVAL;
	return request_number(r, "confirm", 0, CONFIRM_SECONDS_MAX, &a->confirm_s);
}

static void attempt_commit(struct request *r, struct attempt *a)
{
	if (!precondition_holds(r, a->now) || !trial_allows(r, a))
		return;
	if (a->confirm_s && !a->dry_run)
		commit_on_trial(r, a);
	else
		commit_over(r, a);
}

void config_commit(struct request *r, json_t *document, int status)
{
	struct config *now = engine_current(r->env->engine);
	struct attempt a = { .document = document, .now = now, .status = status };

	if (!document || secrets_kept(document, now ? now->document : NULL) < 0)
		reply_problem(r, 500, "out of memory");
	else if (read_options(r, &a) == 0)
		attempt_commit(r, &a);
	json_decref(document);
	config_unref(now);
}

void config_commit_rollback(struct request *r, json_t *document, uint64_t number)
{
	struct config *now = engine_current(r->env->engine);
	struct attempt a = { .document = document, .now = now, .status = 200, .ends_trial = true };

	if (read_options(r, &a) == 0) {
		if (!a.note.comment[0])
			snprintf(a.note.comment, sizeof(a.note.comment), "back to revision %llu",
				(unsigned long long)number);
		attempt_commit(r, &a);
	}
	json_decref(document);
	config_unref(now);
}

void config_put(struct request *r)
{
	json_t *document = config_body(r);

	if (document)
		config_commit(r, document, 200);
}

void config_patch(struct request *r)
{
	json_t *patch = config_body(r);
	struct config *now = engine_current(r->env->engine);
	json_t *document = now ? json_incref(now->document) : config_copy_document(NULL);

	if (patch)
		config_commit(r, document ? config_merge_patch(document, patch) : NULL, 200);
	json_decref(document);
	json_decref(patch);
	config_unref(now);
}
