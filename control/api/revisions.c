// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The configuration's past: what was stored, what differs, the way back, and commits on trial. All
// on the commit thread, whose the store is.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/api/config.h"
#include "control/api/handlers.h"
#include "control/api/state.h"
#include "control/config/confirm.h"
#include "control/config/diff.h"
#include "control/config/secrets.h"

static uint64_t current_revision(struct request *r)
{
	struct config *now = engine_current(r->env->engine);
	uint64_t revision = now ? now->revision : 0;

	config_unref(now);
	return revision;
}

static json_t *describe(const struct revision *revision, uint64_t current)
{
	return json_pack("{s:I, s:I, s:I, s:s, s:s, s:b}", "revision", (json_int_t)revision->number,
		"time_s", (json_int_t)revision->time_s, "bytes", (json_int_t)revision->bytes,
		"author", revision->note.author, "comment", revision->note.comment, "current",
		revision->number == current);
}

void revisions_get(struct request *r)
{
	uint64_t current = current_revision(r);
	json_t *items = json_array();
	struct revision revision;
	struct page page;

	if (state_page(r, &page) < 0) {
		json_decref(items);
		return;
	}
	for (size_t i = page.offset; i < store_count(r->env->store) && state_on_page(&page, i); i++)
		if (store_describe(r->env->store, i, &revision) == 0)
			json_array_append_new(items, describe(&revision, current));
	reply_list(r, items, store_count(r->env->store));
}

// A revision by number, new reference. NULL: the reply is made.
static json_t *load(struct request *r, uint64_t number)
{
	json_t *document = NULL;

	if (store_get(r->env->store, number, &document) < 0)
		reply_problem(r, 404, "revision %llu is not stored (any more)",
			(unsigned long long)number);
	return document;
}

void revision_get(struct request *r)
{
	const char *text = r->match.param[0];
	char *end;
	uint64_t number = strtoull(text, &end, 10);
	json_t *document = NULL;

	if (text[0] < '0' || text[0] > '9' || *end != '\0')
		reply_problem(r, 404, "%s: not the number of a revision", text);
	else
		document = load(r, number);
	if (document)
		reply_json(r, 200, secrets_removed(document));
	json_decref(document);
}

int config_add_diff(json_t *body, json_t *from, json_t *to)
{
	size_t more = 0;
	json_t *changes = config_diff(from, to, &more);

	if (!changes || json_object_set_new(body, "changes", changes) < 0 ||
		json_object_set_new(body, "more_changes", json_integer((json_int_t)more)) < 0)
		return -ENOMEM;
	return 0;
}

// ?from= (the one before the current one) &to= (the current one)
void config_diff_get(struct request *r)
{
	uint64_t current = current_revision(r);
	struct revision before = { 0 };
	uint32_t from, to;
	json_t *old, *new = NULL, *body;

	(void)store_describe(r->env->store, 1, &before);
	if (request_number(r, "from", (uint32_t)before.number, UINT32_MAX, &from) < 0 ||
		request_number(r, "to", (uint32_t)current, UINT32_MAX, &to) < 0)
		return;
	old = load(r, from);
	new = old ? load(r, to) : NULL;
	if (old && new) {
		body = json_pack("{s:I, s:I}", "from", (json_int_t)from, "to", (json_int_t)to);
		if (config_add_diff(body, old, new) < 0) {
			json_decref(body);
			body = NULL;
		}
		reply_json(r, 200, body);
	}
	json_decref(old);
	json_decref(new);
}

// The body is {"revision": n}; without one, the revision before the current one.
static int rollback_target(struct request *r, uint64_t *number)
{
	struct revision before = { 0 };
	json_t *body, *wanted;

	if (r->body_len == 0) {
		if (store_describe(r->env->store, 1, &before) < 0) {
			reply_problem(r, 409, "There is no revision before the current one.");
			return -ENOENT;
		}
		*number = before.number;
		return 0;
	}
	body = config_body(r);
	if (!body)
		return -EINVAL;
	wanted = json_object_get(body, "revision");
	*number = (uint64_t)json_integer_value(wanted);
	if (!json_is_integer(wanted) || json_object_size(body) != 1 ||
		json_integer_value(wanted) < 0)
		reply_problem(
			r, 422, "The body is not {\"revision\": number}. Nothing was changed.");
	json_decref(body);
	return r->reply.status ? -EINVAL : 0;
}

// A new revision with the document of an old one. It also ends a trial.
void config_rollback(struct request *r)
{
	uint64_t number = 0;
	json_t *document = rollback_target(r, &number) == 0 ? load(r, number) : NULL;

	if (document)
		config_commit_rollback(r, document, number);
}

// The trial that runs. False: the reply is made.
static bool find_trial(struct request *r, int status, struct trial *trial)
{
	if (confirm_pending(r->env->store, current_revision(r), trial))
		return true;
	reply_problem(r, status, "No revision waits for a confirmation.");
	return false;
}

void config_trial_get(struct request *r)
{
	int64_t now = time(NULL);
	struct trial trial;

	if (find_trial(r, 404, &trial))
		reply_json(r, 200,
			json_pack("{s:I, s:I, s:I}", "revision", (json_int_t)trial.revision,
				"back_to", (json_int_t)trial.back_to, "remaining_s",
				(json_int_t)(trial.deadline > now ? trial.deadline - now : 0)));
}

void config_confirm(struct request *r)
{
	struct trial trial;
	int ret;

	if (!find_trial(r, 409, &trial))
		return;
	ret = confirm_end(r->env->store);
	if (ret < 0)
		reply_problem(r, 500, "The confirmation cannot be stored: %s.", strerror(-ret));
	else
		reply_json(r, 200, json_pack("{s:I}", "revision", (json_int_t)trial.revision));
}
