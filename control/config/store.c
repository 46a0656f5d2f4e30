// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The stored configuration: files "000000000042.json" in one directory, the newest whole one
// counts. A file is never changed in place. JSON that was cut does not parse, so no checksum is
// needed to see that a file is whole.
#include "control/config/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#define REVISIONS_KEPT 100
#define NAME_DIGITS    12
#define NAME_SIZE      (NAME_DIGITS + sizeof(".json"))
#define TEMPORARY      ".tmp" // the suffix of a file that is being written; one at a time
#define REVISION_MAX   UINT64_C(999999999999)

struct store {
	int dir;
	uint64_t *revisions; // of the files, ascending
	size_t count;
	size_t capacity;
};

static void file_name(uint64_t revision, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%0*" PRIu64 ".json", NAME_DIGITS, revision % (REVISION_MAX + 1));
}

// The revision of a file of ours, 0 when the name is not one.
static uint64_t name_revision(const char *name)
{
	if (strlen(name) != NAME_SIZE - 1 || strcmp(name + NAME_DIGITS, ".json") != 0 ||
		strspn(name, "0123456789") != NAME_DIGITS)
		return 0;
	return strtoull(name, NULL, 10);
}

static int remember(struct store *s, uint64_t revision)
{
	if (s->count == s->capacity) {
		size_t capacity = s->capacity == 0 ? 2 * REVISIONS_KEPT : 2 * s->capacity;
		uint64_t *more = reallocarray(s->revisions, capacity, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		s->revisions = more;
		s->capacity = capacity;
	}
	s->revisions[s->count++] = revision;
	return 0;
}

// The old ones go; that one stays behind does no harm, the next commit tries again.
static void trim(struct store *s)
{
	size_t kept = 0, surplus = s->count > REVISIONS_KEPT ? s->count - REVISIONS_KEPT : 0;

	for (size_t i = 0; i < s->count; i++) {
		char name[NAME_SIZE];

		file_name(s->revisions[i], name);
		if (i < surplus && (unlinkat(s->dir, name, 0) == 0 || errno == ENOENT))
			continue;
		s->revisions[kept++] = s->revisions[i];
	}
	s->count = kept;
}

static int order_revisions(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int scan(struct store *s)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int err = 0;

	if (dir == NULL) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (err == 0 && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		uint64_t revision = name_revision(name);
		size_t len = strlen(name);

		if (revision != 0)
			err = remember(s, revision);
		else if (len > strlen(TEMPORARY) &&
			 strcmp(name + len - strlen(TEMPORARY), TEMPORARY) == 0)
			(void)unlinkat(s->dir, name, 0); // of a commit that a power cut ended
	}
	closedir(dir);
	if (s->count > 0)
		qsort(s->revisions, s->count, sizeof(*s->revisions), order_revisions);
	trim(s);
	return err;
}

int store_open(const char *directory, struct store **out)
{
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return -errno;
	struct store *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	int err = 0;
	s->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	// Two processes that number revisions in one directory would overwrite each other's.
	if (s->dir < 0 || flock(s->dir, LOCK_EX | LOCK_NB) < 0)
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (err == 0)
		err = scan(s);
	if (err < 0) {
		store_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->dir >= 0)
		close(s->dir);
	free(s->revisions);
	free(s);
}

static json_t *load_file(const struct store *s, uint64_t revision)
{
	char name[NAME_SIZE];
	json_error_t error;

	file_name(revision, name);
	int fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	json_t *file = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
	close(fd);
	bool whole =
		json_integer_value(json_object_get(file, "revision")) == (json_int_t)revision &&
		json_is_object(json_object_get(file, "document")) &&
		json_is_object(json_object_get(file, "ids"));
	if (whole)
		return file;
	json_decref(file);
	return NULL;
}

int store_load(struct store *s, uint64_t *revision, json_t **document, json_t **ids)
{
	for (size_t i = s->count; i > 0; i--) {
		json_t *file = load_file(s, s->revisions[i - 1]);

		if (file == NULL) {
			fprintf(stderr,
				SD_WARNING "store: revision %" PRIu64 " is not whole, skipped\n",
				s->revisions[i - 1]);
			continue;
		}
		*revision = s->revisions[i - 1];
		*document = json_incref(json_object_get(file, "document"));
		*ids = json_incref(json_object_get(file, "ids"));
		json_decref(file);
		return 0;
	}
	return -ENOENT;
}

uint64_t store_last(const struct store *s)
{
	return s->count > 0 ? s->revisions[s->count - 1] : 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int write_file(const struct store *s, const char *name, const char *data, size_t len)
{
	int fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int err = write_all(fd, data, len);
	if (err == 0 && fsync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	return err;
}

// Puts the text under its final name, durably, or removes every trace of it.
static int publish(const struct store *s, const char *name, const char *data, size_t len)
{
	char temporary[NAME_SIZE + sizeof(TEMPORARY)];

	snprintf(temporary, sizeof(temporary), "%s%s", name, TEMPORARY);
	int err = write_file(s, temporary, data, len);
	if (err == 0 && renameat(s->dir, temporary, s->dir, name) < 0)
		err = -errno;
	if (err < 0) {
		(void)unlinkat(s->dir, temporary, 0);
		return err;
	}
	if (fsync(s->dir) == 0)
		return 0;
	err = -errno;
	(void)unlinkat(s->dir, name, 0);
	return err;
}

int store_save(struct store *s, uint64_t revision, json_t *document, json_t *ids)
{
	char name[NAME_SIZE];

	if (revision == 0 || revision > REVISION_MAX)
		return -ERANGE;
	json_t *file = json_pack("{s:I, s:O, s:O}", "revision", (json_int_t)revision, "document",
		document, "ids", ids);
	char *text = file != NULL ? json_dumps(file, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
	json_decref(file);
	if (text == NULL)
		return -ENOMEM;
	file_name(revision, name);
	int err = publish(s, name, text, strlen(text));
	free(text);
	if (err == 0 && (s->count == 0 || s->revisions[s->count - 1] < revision))
		err = remember(s, revision);
	if (err == 0)
		trim(s);
	return err;
}
