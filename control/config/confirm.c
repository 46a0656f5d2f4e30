// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The trial is a small file beside the revisions. Its deadline is wall-clock time, the only one
// that a restart of the machine keeps.
#include "control/config/confirm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NOTE "trial.json"

static bool read_trial(const struct store *s, struct trial *out)
{
	json_t *note = store_read_note(s, NOTE);

	if (note == NULL)
		return false;
	out->revision = (uint64_t)json_integer_value(json_object_get(note, "revision"));
	out->back_to = (uint64_t)json_integer_value(json_object_get(note, "back_to"));
	out->deadline = json_integer_value(json_object_get(note, "deadline"));
	json_decref(note);
	return true;
}

bool confirm_pending(struct store *s, uint64_t current, struct trial *out)
{
	if (!read_trial(s, out))
		return false;
	if (out->revision == current)
		return true;
	(void)confirm_end(s); // one that stays behind says nothing about another revision
	return false;
}

int confirm_begin(struct store *s, uint64_t revision, uint64_t back_to, uint32_t seconds)
{
	json_t *note = json_pack("{s:I, s:I, s:I}", "revision", (json_int_t)revision, "back_to",
		(json_int_t)back_to, "deadline", (json_int_t)time(NULL) + seconds);
	int err = note != NULL ? store_note(s, NOTE, note) : -ENOMEM;

	json_decref(note);
	return err;
}

int confirm_end(struct store *s)
{
	return store_note(s, NOTE, NULL);
}

static int go_back(
	struct engine *e, const struct store *s, const struct trial *trial, struct problems *p)
{
	struct revision_note note = { .author = "vrouter-control" };
	struct commit commit = { .note = &note };
	uint64_t revision;
	int err = store_get(s, trial->back_to, &commit.document);

	if (err < 0) {
		problem_add(p, "", "revision %" PRIu64 " cannot be read", trial->back_to);
		return err;
	}
	snprintf(note.comment, sizeof(note.comment),
		"revision %" PRIu64 " was not confirmed: back to %" PRIu64, trial->revision,
		trial->back_to);
	err = engine_commit(e, &commit, &revision, p);
	json_decref(commit.document);
	return err;
}

int confirm_check(struct engine *e, struct store *s, struct problems *p)
{
	struct config *now = engine_current(e);
	uint64_t current = now != NULL ? now->revision : 0;
	struct trial trial;

	config_unref(now);
	if (!confirm_pending(s, current, &trial) || time(NULL) < trial.deadline)
		return 0;
	int err = go_back(e, s, &trial, p);
	return err == 0 ? confirm_end(s) : err;
}
