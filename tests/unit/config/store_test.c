// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The store: what was saved is what is loaded, also after files were cut, left over or lost.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/config/store.h"
#include "tests/unit/config/directory.h"

static int save_with(struct store *s, uint64_t revision, const struct revision_note *note)
{
	json_t *document = json_pack("{s:I}", "n", (json_int_t)revision);
	json_t *ids = json_object();
	int err = store_save(s, revision, document, ids, note);

	json_decref(document);
	json_decref(ids);
	return err;
}

static int save(struct store *s, uint64_t revision)
{
	return save_with(s, revision, NULL);
}

// The revision that a process that starts now finds, 0: none.
static uint64_t loaded(const char *path)
{
	json_t *document = NULL, *ids = NULL;
	struct store *s = NULL;
	uint64_t revision = 0;

	assert_int_equal(store_open(path, &s), 0);
	int err = store_load(s, &revision, &document, &ids);
	if (err == 0)
		assert_int_equal(json_integer_value(json_object_get(document, "n")), revision);
	else
		assert_int_equal(err, -ENOENT);
	json_decref(document);
	json_decref(ids);
	store_close(s);
	return revision;
}

static void write_text(const char *directory, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void saved_is_loaded(void **state)
{
	const char *path = *state;
	struct store *s = NULL;
	struct stat st;

	assert_int_equal(loaded(path), 0);
	assert_int_equal(store_open(path, &s), 0);
	assert_int_equal(store_last(s), 0);
	assert_int_equal(save(s, 1), 0);
	assert_int_equal(save(s, 2), 0);
	assert_int_equal(save(s, 10), 0);
	assert_int_equal(store_last(s), 10);
	store_close(s);
	assert_int_equal(loaded(path), 10);
	char file[256];
	snprintf(file, sizeof(file), "%s/000000000010.json", path);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600); // it holds secrets
}

static void directory_is_private(void **state)
{
	char path[256];
	struct store *s = NULL;
	struct stat st;

	snprintf(path, sizeof(path), "%s/new", (const char *)*state);
	assert_int_equal(store_open(path, &s), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	store_close(s);
	snprintf(path, sizeof(path), "%s/no/parent", (const char *)*state);
	assert_int_equal(store_open(path, &s), -ENOENT);
}

static void cut_files_are_skipped(void **state)
{
	static const char *const bad[] = { "", "{\"revi", "{\"revision\":3}\n",
		"{\"revision\":3}\n{\"document\":{\"n\":3},\"id",
		"{\"revision\":4}\n{\"document\":{\"n\":3},\"ids\":{}}",
		"{\"revision\":3}\n{\"document\":[],\"ids\":{}}",
		"{\"document\":{\"n\":3},\"ids\":{}}\n{\"revision\":3}" };
	const char *path = *state;
	struct store *s = NULL;

	assert_int_equal(store_open(path, &s), 0);
	assert_int_equal(save(s, 1), 0);
	assert_int_equal(save(s, 2), 0);
	store_close(s);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_text(path, "000000000003.json", bad[i]);
		assert_int_equal(loaded(path), 2);
	}
	// A new revision does not take the number of the bad one.
	assert_int_equal(store_open(path, &s), 0);
	assert_int_equal(store_last(s), 3);
	assert_int_equal(save(s, 4), 0);
	store_close(s);
	assert_int_equal(loaded(path), 4);
}

static void left_overs_are_removed(void **state)
{
	const char *path = *state;
	char file[256];

	write_text(path, "000000000007.json.tmp", "{");
	write_text(path, "README", "not ours");
	write_text(path, "7.json", "not ours");
	assert_int_equal(loaded(path), 0);
	snprintf(file, sizeof(file), "%s/000000000007.json.tmp", path);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(directory_count(path), 2);
}

static bool is_there(const char *path, const char *name)
{
	char file[256];

	snprintf(file, sizeof(file), "%s/%s", path, name);
	return access(file, F_OK) == 0;
}

static void old_revisions_are_removed(void **state)
{
	const char *path = *state;
	struct store *s = NULL;

	assert_int_equal(store_open(path, &s), 0);
	for (uint64_t i = 1; i <= STORE_REVISIONS + 5; i++)
		assert_int_equal(save(s, i), 0);
	assert_int_equal(store_count(s), STORE_REVISIONS);
	store_close(s);
	assert_int_equal(directory_count(path), STORE_REVISIONS);
	assert_false(is_there(path, "000000000005.json"));
	assert_true(is_there(path, "000000000006.json"));
	assert_int_equal(loaded(path), STORE_REVISIONS + 5);
}

// Documents of 20 MiB: three fit, a fourth one takes the place of the first.
static void revisions_have_a_size_in_all(void **state)
{
	const char *path = *state;
	size_t size = 20 << 20;
	char *text = malloc(size + 1);
	json_t *document, *ids = json_object();
	struct store *s = NULL;

	memset(text, 'x', size);
	text[size] = '\0';
	document = json_pack("{s:s}", "text", text);
	assert_int_equal(store_open(path, &s), 0);
	for (uint64_t i = 1; i <= 4; i++)
		assert_int_equal(store_save(s, i, document, ids, NULL), 0);
	assert_int_equal(store_count(s), 3);
	assert_false(is_there(path, "000000000001.json"));
	store_close(s);
	// The sizes are known again after a restart.
	assert_int_equal(store_open(path, &s), 0);
	assert_int_equal(store_save(s, 5, document, ids, NULL), 0);
	assert_int_equal(store_count(s), 3);
	store_close(s);
	// Two revisions stay, however large they are.
	json_decref(document);
	free(text);
	text = malloc(2 * size + 1);
	memset(text, 'x', 2 * size);
	text[2 * size] = '\0';
	document = json_pack("{s:s}", "text", text);
	assert_int_equal(store_open(path, &s), 0);
	for (uint64_t i = 6; i <= 8; i++)
		assert_int_equal(store_save(s, i, document, ids, NULL), 0);
	assert_int_equal(store_count(s), 2);
	store_close(s);
	json_decref(document);
	json_decref(ids);
	free(text);
}

// Whoever committed may have any name and say anything: the file stays two lines.
static void what_is_told_comes_back(void **state)
{
	struct revision_note note = { .author = "uid 0" };
	struct revision told;
	struct store *s = NULL;
	json_t *document = NULL;

	memset(note.comment, '\n', sizeof(note.comment) - 1);
	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_describe(s, 0, &told), -ENOENT);
	assert_int_equal(save_with(s, 1, &note), 0);
	strcpy(note.comment, "\xff\xfe"); // not UTF-8
	assert_int_equal(save_with(s, 2, &note), 0);
	store_close(s);
	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(store_count(s), 2);
	assert_int_equal(store_describe(s, 0, &told), 0);
	assert_int_equal(told.number, 2);
	assert_string_equal(told.note.author, "uid 0");
	assert_string_equal(told.note.comment, "");
	assert_true(told.bytes > 0 && told.time_s > 1700000000);
	assert_int_equal(store_describe(s, 1, &told), 0);
	assert_int_equal(told.number, 1);
	assert_int_equal(strlen(told.note.comment), STORE_COMMENT_MAX - 1);
	assert_int_equal(store_get(s, 1, &document), 0);
	assert_int_equal(json_integer_value(json_object_get(document, "n")), 1);
	assert_int_equal(store_get(s, 3, &document), -ENOENT);
	json_decref(document);
	store_close(s);
}

// What another process gets that opens the store now.
static int open_elsewhere(const char *path)
{
	struct store *s = NULL;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(-store_open(path, &s));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void one_process_at_a_time(void **state)
{
	struct store *s = NULL;

	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(open_elsewhere(*state), -EBUSY);
	store_close(s);
	assert_int_equal(open_elsewhere(*state), 0);
}

// A process that was killed while it started a program: the child has its descriptors until exec().
static void a_child_of_the_last_process_keeps_nobody_out(void **state)
{
	struct store *s = NULL;
	int wait[2];
	pid_t pid;
	char c;

	assert_int_equal(store_open(*state, &s), 0);
	assert_int_equal(pipe(wait), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(wait[1]);
		_exit((int)read(wait[0], &c, 1));
	}
	store_close(s);
	assert_int_equal(open_elsewhere(*state), 0);
	close(wait[1]);
	close(wait[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_failed_save_leaves_the_previous(void **state)
{
	const char *path = *state;
	char blocked[256];
	struct store *s = NULL;

	assert_int_equal(store_open(path, &s), 0);
	assert_int_equal(save(s, 1), 0);
	// A directory in the place of the file: the rename fails.
	snprintf(blocked, sizeof(blocked), "%s/000000000002.json", path);
	assert_int_equal(mkdir(blocked, 0700), 0);
	assert_int_equal(save(s, 2), -EISDIR);
	assert_int_equal(store_last(s), 1);
	assert_int_equal(save(s, 0), -ERANGE);
	store_close(s);
	assert_int_equal(rmdir(blocked), 0);
	assert_int_equal(loaded(path), 1);
	assert_int_equal(directory_count(path), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(saved_is_loaded, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			directory_is_private, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			cut_files_are_skipped, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			left_overs_are_removed, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			old_revisions_are_removed, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			revisions_have_a_size_in_all, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			what_is_told_comes_back, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			one_process_at_a_time, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(a_child_of_the_last_process_keeps_nobody_out,
			directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			a_failed_save_leaves_the_previous, directory_make, directory_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
