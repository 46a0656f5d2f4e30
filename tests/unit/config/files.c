// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Reads files for the tests of the configuration.
#include "tests/unit/config/files.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/config/parse.h"

char *file_text(const char *path, size_t *len)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (file == NULL)
		return NULL;
	// A delimiter that JSON text does not have: the whole file is one "line".
	ssize_t n = getdelim(&text, &size, '\0', file);
	if (n < 0 && feof(file)) {
		text[0] = '\0';
		n = 0;
	}
	fclose(file);
	if (n < 0) {
		free(text);
		return NULL;
	}
	*len = (size_t)n;
	return text;
}

struct config *config_from_text(const char *text, size_t len, struct problems *p)
{
	json_t *document = config_load_text(text, len, p);
	struct ids *ids = ids_create();
	struct config *c = NULL;

	if (document != NULL && ids != NULL)
		c = config_parse(document, ids, p);
	ids_destroy(ids);
	json_decref(document);
	return c;
}
