// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libFuzzer target: text as a management plane may send it, through the parser; what differs
// between documents of any shape, and what readers get of them. A NUL ends the document; behind it
// is another one, which is the merge patch and the other side of the difference.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/diff.h"
#include "control/config/parse.h"
#include "control/config/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The API sends problems as JSON: their texts must be UTF-8, whatever the request was.
static void check_texts(const struct problems *p)
{
	for (size_t i = 0; i < p->count; i++) {
		json_t *pointer = json_string(p->list[i].pointer);
		json_t *text = json_string(p->list[i].text);

		if (pointer == NULL || text == NULL)
			abort();
		json_decref(pointer);
		json_decref(text);
	}
}

// A refusal has a problem, an acceptance none, and both are the same when asked again.
static void check(json_t *document, struct ids *ids)
{
	struct problems p = { 0 }, again = { 0 };
	struct config *c = config_parse(document, ids, &p);
	struct config *d = config_parse(document, ids, &again);

	if ((c == NULL) != (p.count > 0) || (c == NULL) != (d == NULL) || p.count != again.count)
		abort();
	check_texts(&p);
	for (size_t i = 0; i < p.count; i++)
		if (strcmp(p.list[i].text, again.list[i].text) != 0)
			abort();
	config_unref(c);
	config_unref(d);
	problems_clear(&p);
	problems_clear(&again);
}

static void check_no_secret(json_t *json)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(json, key, value)
	{
		if (secret_member(key))
			abort();
		check_no_secret(value);
	}
	json_array_foreach(json, i, value) check_no_secret(value);
}

// What a reader gets has no secret; written back, it has those that it had.
static void check_secrets(json_t *document)
{
	json_t *read = secrets_removed(document), *written = json_deep_copy(read);

	check_no_secret(read);
	if (secrets_kept(written, document) < 0)
		abort();
	json_t *again = secrets_removed(written);
	if (!json_equal(again, read))
		abort();
	json_decref(again);
	json_decref(written);
	json_decref(read);
}

static void check_diff(json_t *from, json_t *to)
{
	size_t more = 0;
	json_t *same = config_diff(from, from, &more), *diff = config_diff(from, to, &more);

	if (same == NULL || diff == NULL || json_array_size(same) > 0 ||
		json_array_size(diff) > DIFF_MAX)
		abort();
	check_no_secret(diff);
	json_decref(same);
	json_decref(diff);
}

static void check_all(json_t *document, json_t *other)
{
	struct ids *ids = ids_create();
	json_t *merged = config_merge_patch(document, other);

	check(document, ids);
	check(merged, ids);
	check_secrets(document);
	check_diff(document, other);
	json_decref(merged);
	ids_destroy(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *nul = memchr(text, '\0', size);
	size_t len = nul != NULL ? (size_t)(nul - text) : size;
	struct problems p = { 0 }, q = { 0 };
	json_t *document = config_load_text(text, len, &p), *other = NULL;

	if (nul != NULL)
		other = config_load_text(nul + 1, size - len - 1, &q);
	if (document != NULL)
		check_all(document, other != NULL ? other : document);
	else if (p.count != 1)
		abort();
	check_texts(&p);
	problems_clear(&p);
	problems_clear(&q);
	json_decref(document);
	json_decref(other);
	return 0;
}
