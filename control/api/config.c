// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The configuration as one document: read, replace, patch. The entity tag is the revision.
#include "control/api/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/config/parse.h"
#include "control/config/secrets.h"

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
	json_t *body = config_load_text(r->body ? r->body : "", r->body_len, &p);

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

static void reply_committed(struct request *r, int status, uint64_t revision, bool changed,
	bool dry_run, const struct problems *warnings)
{
	json_t *body = json_pack("{s:I, s:b, s:o}", "revision", (json_int_t)revision, "changed",
		changed, "warnings", problems_json(warnings));

	if (dry_run)
		json_object_set_new(body, "dry_run", json_true());
	reply_json(r, dry_run ? 200 : status, body);
	r->reply.etag = revision;
	r->reply.has_etag = true;
}

// This thread is the only one that commits: `now` stays the current one until engine_commit().
static void commit_over(
	struct request *r, const struct config *now, json_t *document, int status, bool dry_run)
{
	bool changed = !now || !json_equal(now->document, document);
	uint64_t revision = now ? now->revision : 0;
	struct problems p = { 0 };
	int ret;

	ret = engine_commit(r->env->engine, document, revision, dry_run, &revision, &p);
	if (ret < 0)
		reply_problems(r, ret, &p);
	else
		reply_committed(r, status, revision, changed, dry_run, &p);
	problems_clear(&p);
}

void config_commit(struct request *r, json_t *document, int status)
{
	struct config *now = engine_current(r->env->engine);
	bool dry_run;

	if (!document || secrets_kept(document, now ? now->document : NULL) < 0)
		reply_problem(r, 500, "out of memory");
	else if (request_flag(r, "dry_run", &dry_run) == 0 && precondition_holds(r, now))
		commit_over(r, now, document, status, dry_run);
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
