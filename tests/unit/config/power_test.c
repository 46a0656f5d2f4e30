// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Power cuts: the store is left after each of its system calls, in each state that the disk may be
// in then. What was acknowledged is there; what was not is whole or absent.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/config/store.h"
#include "tests/unit/config/directory.h"
#include "tests/unit/config/disk.h"

#define SAVES	 3
#define NOTE	 "trial.json"
#define NO_CALL	 SIZE_MAX
#define NAME_FMT "%s/%012u.json"

#define DIRECTORY_SIZE 256
#define PATH_SIZE      512

// What one run of the store was told: how many calls had been made when each save was acknowledged.
struct history {
	bool acknowledged[SAVES + 1]; // by revision
	size_t calls[SAVES + 1];
	size_t noted; // calls when the note was stored, NO_CALL: it was refused
	size_t end;
};

static json_t *document_of(uint64_t revision)
{
	return json_pack("{s:I, s:s}", "n", (json_int_t)revision, "text", "something to be cut");
}

static int save(struct store *s, uint64_t revision)
{
	json_t *document = document_of(revision), *ids = json_object();
	int err = store_save(s, revision, document, ids, NULL);

	json_decref(document);
	json_decref(ids);
	return err;
}

// Saves all revisions and a note, noting the calls; the one at `fail` fails.
static void run(const char *path, size_t fail, struct history *h)
{
	json_t *note = json_pack("{s:s}", "note", "something");
	struct store *s = NULL;

	memset(h, 0, sizeof(*h));
	disk_forget();
	assert_int_equal(store_open(path, &s), 0);
	if (fail != NO_CALL)
		disk_fail(fail, EIO);
	disk_record(true);
	for (uint64_t i = 1; i <= SAVES; i++) {
		int err = save(s, i);

		if (err != 0)
			assert_int_equal(err, -EIO);
		h->acknowledged[i] = err == 0;
		h->calls[i] = disk_calls();
	}
	h->noted = store_note(s, NOTE, note) == 0 ? disk_calls() : NO_CALL;
	h->end = disk_calls();
	disk_record(false);
	json_decref(note);
	store_close(s);
}

static void empty(const char *path)
{
	char file[PATH_SIZE];

	for (unsigned int i = 1; i <= SAVES; i++) {
		snprintf(file, sizeof(file), NAME_FMT, path, i);
		(void)unlink(file);
	}
	snprintf(file, sizeof(file), "%s/%s", path, NOTE);
	(void)unlink(file);
	snprintf(file, sizeof(file), "%s/lock", path);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(directory_count(path), 0);
}

// Whole, absent, or (cut) not to be had; never something else under its number.
static bool is_whole(const struct store *s, uint64_t revision)
{
	json_t *document = NULL, *wanted = document_of(revision);
	int err = store_get(s, revision, &document);

	if (err == 0)
		assert_true(json_equal(document, wanted));
	else
		assert_int_equal(err, -ENOENT);
	json_decref(document);
	json_decref(wanted);
	return err == 0;
}

static uint64_t loaded(struct store *s)
{
	json_t *document = NULL, *ids = NULL;
	uint64_t revision = 0;

	if (store_load(s, &revision, &document, &ids) == 0)
		assert_int_equal(json_integer_value(json_object_get(document, "n")), revision);
	json_decref(document);
	json_decref(ids);
	return revision;
}

static void assert_survived(const char *path, const struct history *h, size_t calls)
{
	struct store *s = NULL;
	uint64_t newest = 0;

	assert_int_equal(store_open(path, &s), 0);
	for (uint64_t i = 1; i <= SAVES; i++) {
		bool whole = is_whole(s, i);

		if (h->acknowledged[i] && h->calls[i] <= calls)
			assert_true(whole);
		if (whole)
			newest = i;
	}
	assert_int_equal(loaded(s), newest);
	json_t *note = store_read_note(s, NOTE);
	if (h->noted != NO_CALL && h->noted <= calls)
		assert_non_null(json_object_get(note, "note"));
	json_decref(note);
	// The store works on, above everything that it has seen.
	assert_int_equal(save(s, SAVES + 1), 0);
	assert_int_equal(loaded(s), SAVES + 1);
	store_close(s);
	char file[PATH_SIZE];
	snprintf(file, sizeof(file), NAME_FMT, path, SAVES + 1);
	assert_int_equal(unlink(file), 0);
}

// Every state of the disk after each call from the `first` on. The number of them.
static unsigned int cut_everywhere(const char *path, const struct history *h, size_t first)
{
	unsigned int n = 0;

	for (size_t calls = first; calls <= h->end; calls++) {
		unsigned int unsure = disk_unsure_names(calls);

		assert_in_range(unsure, 0, 8);
		for (uint32_t names = 0; names < 1u << unsure; names++) {
			for (unsigned int halves = 0; halves <= 2; halves++, n++) {
				disk_restore(&(struct disk_state){ calls, names, halves }, path);
				assert_survived(path, h, calls);
				empty(path);
			}
		}
	}
	return n;
}

static void after_power(const char *path, char after[static DIRECTORY_SIZE])
{
	snprintf(after, DIRECTORY_SIZE, "%s/after", path);
	assert_int_equal(mkdir(after, 0700), 0);
}

static void every_cut_leaves_what_was_acknowledged(void **state)
{
	const char *path = *state;
	struct history h;
	char after[DIRECTORY_SIZE];

	run(path, NO_CALL, &h);
	for (unsigned int i = 1; i <= SAVES; i++)
		assert_true(h.acknowledged[i]);
	assert_int_not_equal(h.noted, NO_CALL);
	after_power(path, after);
	assert_in_range(cut_everywhere(after, &h, 0), 100, 10000);
	disk_forget();
}

// The disk says no once, at each call in turn, and the power goes some time later.
static void a_refused_revision_is_whole_or_absent(void **state)
{
	const char *path = *state;
	char saved[DIRECTORY_SIZE], after[DIRECTORY_SIZE];
	bool failed = true;

	after_power(path, after);
	snprintf(saved, sizeof(saved), "%s/saved", path);
	for (size_t fail = 0; failed; fail++) {
		struct history h;

		assert_int_equal(mkdir(saved, 0700), 0);
		run(saved, fail, &h);
		failed = disk_failed();
		empty(saved);
		assert_int_equal(rmdir(saved), 0);
		unsigned int refused = h.noted == NO_CALL;
		for (unsigned int i = 1; i <= SAVES; i++)
			refused += !h.acknowledged[i];
		assert_int_equal(refused, failed);
		cut_everywhere(after, &h, fail > 0 ? fail - 1 : 0);
	}
	disk_forget();
}

// Room is made only when the new revision is sure to be there.
static void old_revisions_go_last(void **state)
{
	const char *path = *state;
	struct store *s = NULL;
	char file[PATH_SIZE];

	for (unsigned int i = 1; i <= STORE_REVISIONS; i++) {
		snprintf(file, sizeof(file), NAME_FMT, path, i);
		FILE *out = fopen(file, "w");
		assert_non_null(out);
		fclose(out);
	}
	disk_forget();
	assert_int_equal(store_open(path, &s), 0);
	disk_record(true);
	assert_int_equal(save(s, STORE_REVISIONS + 1), 0);
	disk_record(false);
	store_close(s);
	assert_int_equal(directory_count(path), STORE_REVISIONS);
	assert_false(disk_removed_early());
	disk_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_cut_leaves_what_was_acknowledged, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			a_refused_revision_is_whole_or_absent, directory_make, directory_remove),
		cmocka_unit_test_setup_teardown(
			old_revisions_go_last, directory_make, directory_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
