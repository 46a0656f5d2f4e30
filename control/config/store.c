// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The stored configuration: files "000000000042.json" in one directory, the newest whole one
// counts. A lock on the file "lock" keeps another process out.
#include "control/config/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "control/config/model.h"
#include "control/config/store_file.h"

#define NEWEST_KEPT 2 // whatever their size: the current one and the one before

struct file {
	uint64_t revision;
	uint64_t bytes;
};

struct store {
	int dir;
	int lock;	    // its descriptor is all that this process opens of the file
	struct file *files; // ascending
	size_t count;
	size_t capacity;
	uint64_t bytes; // of all
};

static int make_room(struct store *s)
{
	size_t capacity = s->capacity == 0 ? 64 : 2 * s->capacity;
	struct file *more;

	if (s->count < s->capacity)
		return 0;
	more = reallocarray(s->files, capacity, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	s->files = more;
	s->capacity = capacity;
	return 0;
}

static int remember(struct store *s, uint64_t revision, uint64_t bytes)
{
	if (make_room(s) < 0)
		return -ENOMEM;
	s->files[s->count++] = (struct file){ revision, bytes };
	s->bytes += bytes;
	return 0;
}

static bool is_surplus(const struct store *s, size_t gone)
{
	size_t left = s->count - gone;

	return left > NEWEST_KEPT && (left > STORE_REVISIONS || s->bytes > STORE_BYTES);
}

// The old ones go; that one stays behind does no harm, the next commit tries again.
static void trim(struct store *s)
{
	size_t gone = 0;

	while (is_surplus(s, gone)) {
		char name[NAME_SIZE];

		file_name(s->files[gone].revision, name);
		if (unlinkat(s->dir, name, 0) < 0 && errno != ENOENT)
			break;
		s->bytes -= s->files[gone++].bytes;
	}
	if (gone == 0)
		return;
	s->count -= gone;
	memmove(s->files, s->files + gone, s->count * sizeof(*s->files));
}

static int order_files(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return (x->revision > y->revision) - (x->revision < y->revision);
}

static int remember_file(struct store *s, const char *name, uint64_t revision)
{
	struct stat st;

	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return remember(s, revision, (uint64_t)st.st_size);
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
			err = remember_file(s, name, revision);
		else if (len > strlen(TEMPORARY) &&
			 strcmp(name + len - strlen(TEMPORARY), TEMPORARY) == 0)
			(void)unlinkat(s->dir, name, 0); // of a commit that a power cut ended
	}
	closedir(dir);
	if (s->count > 0)
		qsort(s->files, s->count, sizeof(*s->files), order_files);
	trim(s);
	return err;
}

// Two processes that number revisions in one directory would overwrite each other's. A lock of the
// process, not of the descriptor: a child that has not come to its exec() yet when this process is
// killed has a copy of the descriptor, and would keep the next one from starting.
static int keep_others_out(struct store *s)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return -errno;
	if (fcntl(s->lock, F_SETLK, &whole) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

int store_open(const char *directory, struct store **out)
{
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return -errno;
	struct store *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	int err = 0;
	s->lock = -1;
	s->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		err = -errno;
	if (err == 0)
		err = keep_others_out(s);
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
	if (s->lock >= 0)
		close(s->lock);
	if (s->dir >= 0)
		close(s->dir);
	free(s->files);
	free(s);
}

int store_load(struct store *s, uint64_t *revision, json_t **document, json_t **ids)
{
	for (size_t i = s->count; i > 0; i--) {
		json_t *file = file_load(s->dir, s->files[i - 1].revision);

		if (file == NULL) {
			fprintf(stderr,
				SD_WARNING "store: revision %" PRIu64 " is not whole, skipped\n",
				s->files[i - 1].revision);
			continue;
		}
		*revision = s->files[i - 1].revision;
		*document = json_incref(json_object_get(file, "document"));
		*ids = json_incref(json_object_get(file, "ids"));
		json_decref(file);
		return 0;
	}
	return -ENOENT;
}

int store_get(const struct store *s, uint64_t revision, json_t **document)
{
	json_t *file;

	if (revision == 0) {
		*document = json_pack("{s:i}", "version", CONFIG_VERSION);
		return *document != NULL ? 0 : -ENOMEM;
	}
	file = file_load(s->dir, revision);
	if (file == NULL)
		return -ENOENT;
	*document = json_incref(json_object_get(file, "document"));
	json_decref(file);
	return 0;
}

size_t store_count(const struct store *s)
{
	return s->count;
}

static void copy_text(char *to, size_t size, json_t *head, const char *key)
{
	const char *text = json_string_value(json_object_get(head, key));

	snprintf(to, size, "%s", text != NULL ? text : "");
}

int store_describe(const struct store *s, size_t nth, struct revision *out)
{
	const struct file *file = nth < s->count ? &s->files[s->count - 1 - nth] : NULL;
	char name[NAME_SIZE];

	if (file == NULL)
		return -ENOENT;
	file_name(file->revision, name);
	FILE *in = file_open(s->dir, name);
	json_t *head = in != NULL ? file_head(in, file->revision) : NULL;
	if (in != NULL)
		fclose(in);
	if (head == NULL)
		return -ENOENT;
	*out = (struct revision){ .number = file->revision, .bytes = file->bytes };
	out->time_s = json_integer_value(json_object_get(head, "time_s"));
	copy_text(out->note.author, sizeof(out->note.author), head, "author");
	copy_text(out->note.comment, sizeof(out->note.comment), head, "comment");
	json_decref(head);
	return 0;
}

uint64_t store_last(const struct store *s)
{
	return s->count > 0 ? s->files[s->count - 1].revision : 0;
}

int store_save(struct store *s, uint64_t revision, json_t *document, json_t *ids,
	const struct revision_note *note)
{
	char name[NAME_SIZE];

	if (revision == 0 || revision > REVISION_MAX)
		return -ERANGE;
	if (make_room(s) < 0) // before it is on the disk, where the next start would find it
		return -ENOMEM;
	char *text = file_lines(revision, document, ids, note);
	if (text == NULL)
		return -ENOMEM;
	size_t bytes = strlen(text);
	file_name(revision, name);
	int err = file_publish(s->dir, name, text, bytes);
	free(text);
	if (err == 0 && store_last(s) < revision)
		err = remember(s, revision, bytes);
	if (err == 0)
		trim(s);
	return err;
}

int store_note(struct store *s, const char *name, json_t *text)
{
	if (text == NULL) {
		if (unlinkat(s->dir, name, 0) < 0)
			return errno == ENOENT ? 0 : -errno;
		return fsync(s->dir) < 0 ? -errno : 0;
	}
	char *line = json_dumps(text, JSON_COMPACT);
	int err = line != NULL ? file_publish(s->dir, name, line, strlen(line)) : -ENOMEM;
	free(line);
	return err;
}

json_t *store_read_note(const struct store *s, const char *name)
{
	FILE *in = file_open(s->dir, name);
	json_t *text = in != NULL ? json_loadf(in, 0, NULL) : NULL;

	if (in != NULL)
		fclose(in);
	return text;
}
