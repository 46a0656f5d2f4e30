// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libFuzzer target: text as a management plane may send it, through the parser.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/parse.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems p = { 0 };
	json_t *document = config_load_text((const char *)data, size, &p);

	if (document != NULL) {
		struct ids *ids = ids_create();
		json_t *merged = config_merge_patch(document, document);

		check(document, ids);
		check(merged, ids);
		json_decref(merged);
		ids_destroy(ids);
	} else if (p.count != 1) {
		abort();
	}
	check_texts(&p);
	problems_clear(&p);
	json_decref(document);
	return 0;
}
