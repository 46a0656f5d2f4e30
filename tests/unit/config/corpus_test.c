// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Runs the corpus and the examples through the validator: good files are accepted, each bad one
// gets exactly the problems that corpus/manifest.json lists, in any order.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/config/files.h"

// Runs one file; the caller frees `c` and clears `p`.
static struct config *run(const char *path, struct problems *p)
{
	size_t len = 0;
	char *text = file_text(path, &len);

	assert_non_null(text);
	struct config *c = config_from_text(text, len, p);
	free(text);
	return c;
}

static void print_problems(const char *path, const struct problems *p)
{
	for (size_t i = 0; i < p->count; i++)
		print_error("%s: %s: %s\n", path, p->list[i].pointer, p->list[i].text);
}

static unsigned int accept_directory(const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	unsigned int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		struct problems p = { 0 };
		char path[512];

		if (strstr(entry->d_name, ".json") == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		struct config *c = run(path, &p);
		print_problems(path, &p);
		assert_non_null(c);
		config_unref(c);
		problems_clear(&p);
		n++;
	}
	closedir(dir);
	return n;
}

static void good_files_are_accepted(void **state)
{
	assert_true(accept_directory(CORPUS "/good") >= 10);
}

static void examples_are_accepted(void **state)
{
	assert_true(accept_directory(EXAMPLES) >= 2);
}

static bool has_problem(const struct problems *p, const char *pointer, const char *text)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->list[i].pointer, pointer) == 0 &&
			strstr(p->list[i].text, text) != NULL)
			return true;
	return false;
}

// Returns whether file and expectation agree; prints when they do not.
static bool refuse(const char *name, json_t *expected)
{
	struct problems p = { 0 };
	char path[512];
	size_t i;
	json_t *problem;

	snprintf(path, sizeof(path), CORPUS "/bad/%s.json", name);
	struct config *c = run(path, &p);
	bool agree = c == NULL && p.status >= 400 && p.dropped == 0 &&
		     p.count == json_array_size(expected);
	json_array_foreach(expected, i, problem)
	{
		const char *pointer = json_string_value(json_object_get(problem, "pointer"));
		const char *text = json_string_value(json_object_get(problem, "text"));

		if (!has_problem(&p, pointer, text)) {
			print_error("%s: not said: %s: %s\n", name, pointer, text);
			agree = false;
		}
	}
	if (!agree)
		print_problems(name, &p);
	config_unref(c);
	problems_clear(&p);
	return agree;
}

static void bad_files_are_refused(void **state)
{
	json_t *manifest = json_load_file(CORPUS "/manifest.json", JSON_REJECT_DUPLICATES, NULL);
	const char *name;
	json_t *entry;
	unsigned int disagree = 0;

	assert_non_null(manifest);
	assert_true(json_object_size(manifest) >= 60);
	json_object_foreach(manifest, name, entry) disagree +=
		!refuse(name, json_object_get(entry, "problems"));
	json_decref(manifest);
	assert_int_equal(disagree, 0);
}

static void manifest_names_every_bad_file(void **state)
{
	json_t *manifest = json_load_file(CORPUS "/manifest.json", 0, NULL);
	DIR *dir = opendir(CORPUS "/bad");
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char name[256];
		size_t len = strlen(entry->d_name);

		if (len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len - 5, entry->d_name);
		if (json_object_get(manifest, name) == NULL)
			fail_msg("%s is not in the manifest", name);
	}
	closedir(dir);
	json_decref(manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_files_are_accepted),
		cmocka_unit_test(examples_are_accepted),
		cmocka_unit_test(bad_files_are_refused),
		cmocka_unit_test(manifest_names_every_bad_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
