// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// For injection_test.py: documents on standard input, one a line; for each one a line with what FRR
// would be told, as a JSON string, or null when the validator refuses the document.
#include <stdio.h>
#include <stdlib.h>

#include "control/routing/render.h"
#include "tests/unit/config/files.h"

static json_t *rendered(const struct config *c)
{
	struct frr_lines lines = { 0 };
	char *text = ospf_render(c, &lines) == 0 ? frr_lines_text(&lines) : NULL;
	json_t *json = json_string(text);

	frr_lines_clear(&lines);
	free(text);
	return json;
}

// 0, or -1 when there is nothing to say: no memory, or a text that is not UTF-8.
static int check(const char *text, size_t len)
{
	struct problems p = { 0 };
	struct config *c = config_from_text(text, len, &p);
	json_t *said = c != NULL ? rendered(c) : json_null();
	int ret = said == NULL ? -1 : json_dumpf(said, stdout, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

	putchar('\n');
	json_decref(said);
	config_unref(c);
	problems_clear(&p);
	return ret;
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	for (ssize_t len; ret == 0 && (len = getline(&line, &size, stdin)) > 0;)
		ret = check(line, (size_t)len);
	free(line);
	return ret != 0;
}
