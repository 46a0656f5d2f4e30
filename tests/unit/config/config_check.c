// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// config-check FILE...: prints what the validator says of each file, as JSON, for schema_test.py.
// {"<file>": [{"pointer": ..., "text": ...}, ...], ...}; an empty list is a good file.
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/config/files.h"

static json_t *check(const char *path)
{
	struct problems p = { 0 };
	json_t *list = json_array();
	size_t len = 0;
	char *text = file_text(path, &len);

	if (text == NULL)
		problem_add(&p, "", "cannot be read");
	else
		config_unref(config_from_text(text, len, &p));
	for (size_t i = 0; i < p.count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "pointer", p.list[i].pointer,
						    "text", p.list[i].text));
	problems_clear(&p);
	free(text);
	return list;
}

int main(int argc, char **argv)
{
	json_t *result = json_object();

	for (int i = 1; i < argc; i++)
		json_object_set_new(result, argv[i], check(argv[i]));
	int err = json_dumpf(result, stdout, JSON_INDENT(1));
	json_decref(result);
	return err < 0 || argc < 2;
}
