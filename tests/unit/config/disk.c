// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The calls are a list. A file is known by the number of the call that made it; names are played
// from the start each time.
#include "tests/unit/config/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALLS_MAX 256
#define NAMES_MAX 16 // in the directory at a time
#define TEXT_MAX  64
#define FDS_MAX	  1024

enum kind { CREATE, WRITE, SYNC_FILE, RENAME, UNLINK, SYNC_NAMES };

struct call {
	enum kind kind;
	size_t file; // index of its CREATE, for RENAME the file that gets the name
	char name[TEXT_MAX], to[TEXT_MAX];
	char *bytes;
	size_t len;
};

struct entry {
	char name[TEXT_MAX];
	size_t file;
};

static struct call calls[CALLS_MAX];
static size_t n_calls, fail_in, file_of_fd[FDS_MAX]; // 0: not a file of ours, else index + 1
static int fail_error;
static bool recording, failed;

int __real_openat64(int dir, const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t len);
int __real_renameat(int from, const char *name, int to, const char *other);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_openat64(int dir, const char *name, int flags, ...);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_fsync(int fd);
int __wrap_renameat(int from, const char *name, int to, const char *other);
int __wrap_unlinkat(int dir, const char *name, int flags);

void disk_forget(void)
{
	for (size_t i = 0; i < n_calls; i++)
		free(calls[i].bytes);
	memset(calls, 0, sizeof(calls));
	memset(file_of_fd, 0, sizeof(file_of_fd));
	n_calls = 0;
	fail_error = 0;
	failed = false;
}

void disk_record(bool on)
{
	recording = on;
}

void disk_fail(size_t nth, int error)
{
	fail_in = nth;
	fail_error = error;
	failed = false;
}

bool disk_failed(void)
{
	return failed;
}

size_t disk_calls(void)
{
	return n_calls;
}

static bool fails_now(void)
{
	if (!recording || fail_error == 0 || fail_in-- > 0)
		return false;
	errno = fail_error;
	fail_error = 0;
	failed = true;
	return true;
}

static struct call *note(enum kind kind, const char *name)
{
	if (n_calls == CALLS_MAX)
		abort(); // the test is larger than what it was written for
	struct call *c = &calls[n_calls++];

	c->kind = kind;
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

static void note_bytes(int fd, const void *data, size_t len)
{
	struct call *c = note(WRITE, "");

	c->file = file_of_fd[fd] - 1;
	c->bytes = malloc(len);
	if (c->bytes == NULL)
		abort();
	memcpy(c->bytes, data, len);
	c->len = len;
}

static struct entry *find(struct entry *list, const char *name)
{
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static void set_name(struct entry *list, const char *name, size_t file)
{
	struct entry *e = find(list, name);

	if (e == NULL)
		e = find(list, "");
	if (e == NULL)
		abort();
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->file = file;
}

static void remove_name(struct entry *list, const char *name)
{
	struct entry *e = find(list, name);

	if (e != NULL && name[0] != '\0')
		memset(e, 0, sizeof(*e));
}

static bool changes_names(const struct call *c)
{
	return c->kind == CREATE || c->kind == RENAME || c->kind == UNLINK;
}

static void change_names(struct entry *list, const struct call *c, size_t index)
{
	if (c->kind == CREATE)
		set_name(list, c->name, index);
	else
		remove_name(list, c->name);
	if (c->kind == RENAME)
		set_name(list, c->to, c->file);
}

// Index after the last sync of the names within the first `count` calls.
static size_t sure_until(size_t count)
{
	while (count > 0 && calls[count - 1].kind != SYNC_NAMES)
		count--;
	return count;
}

unsigned int disk_unsure_names(size_t count)
{
	unsigned int n = 0;

	for (size_t i = sure_until(count); i < count; i++)
		n += changes_names(&calls[i]);
	return n;
}

static bool unsure_rename(size_t count, const char *but)
{
	for (size_t i = sure_until(count); i < count; i++)
		if (calls[i].kind == RENAME && strcmp(calls[i].to, but) != 0)
			return true;
	return false;
}

bool disk_removed_early(void)
{
	for (size_t i = 0; i < n_calls; i++)
		if (calls[i].kind == UNLINK && unsure_rename(i, calls[i].name))
			return true;
	return false;
}

static void play_names(const struct disk_state *s, struct entry *list)
{
	size_t sure = sure_until(s->calls);
	unsigned int unsure = 0;

	for (size_t i = 0; i < s->calls; i++)
		if (changes_names(&calls[i]) && (i < sure || (s->names >> unsure++ & 1)))
			change_names(list, &calls[i], i);
}

static bool synced_later(size_t file, size_t from, size_t until)
{
	for (size_t i = from; i < until; i++)
		if (calls[i].kind == SYNC_FILE && calls[i].file == file)
			return true;
	return false;
}

static void restore_file(const struct disk_state *s, int dir, const char *name, size_t file)
{
	int fd = __real_openat64(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		abort();
	for (size_t i = file; i < s->calls; i++) {
		const struct call *c = &calls[i];
		size_t len = c->len;

		if (c->kind != WRITE || c->file != file)
			continue;
		if (!synced_later(file, i, s->calls))
			len = len * s->halves / 2;
		if (__real_write(fd, c->bytes, len) != (ssize_t)len)
			abort();
	}
	close(fd);
}

void disk_restore(const struct disk_state *s, const char *path)
{
	struct entry list[NAMES_MAX] = { 0 };
	int dir = open(path, O_RDONLY | O_DIRECTORY);

	if (dir < 0)
		abort();
	play_names(s, list);
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (list[i].name[0] != '\0')
			restore_file(s, dir, list[i].name, list[i].file);
	close(dir);
}

int __wrap_openat64(int dir, const char *name, int flags, ...)
{
	va_list more;

	va_start(more, flags);
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
	va_end(more);
	if (!recording || (flags & O_CREAT) == 0)
		return __real_openat64(dir, name, flags, mode);
	if (fails_now())
		return -1;
	int fd = __real_openat64(dir, name, flags, mode);
	if (fd < 0 || fd >= FDS_MAX)
		abort();
	note(CREATE, name); // always a new file here: nothing else has the name
	file_of_fd[fd] = n_calls;
	return fd;
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (!recording || fd >= FDS_MAX || file_of_fd[fd] == 0)
		return __real_write(fd, data, len);
	if (fails_now()) {
		note_bytes(fd, data, len / 2);
		return -1;
	}
	note_bytes(fd, data, len);
	return __real_write(fd, data, len);
}

static bool is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

int __wrap_fsync(int fd)
{
	if (!recording)
		return 0; // the power cuts are ours alone
	if (fails_now())
		return -1;
	if (is_directory(fd))
		note(SYNC_NAMES, "");
	else
		note(SYNC_FILE, "")->file = file_of_fd[fd] - 1;
	return 0;
}

// The file that has the name now.
static size_t named(const char *name)
{
	struct disk_state all = { .calls = n_calls, .names = UINT32_MAX };
	struct entry list[NAMES_MAX] = { 0 };

	play_names(&all, list);
	const struct entry *e = find(list, name);
	if (e == NULL)
		abort();
	return e->file;
}

int __wrap_renameat(int from, const char *name, int to, const char *other)
{
	if (!recording)
		return __real_renameat(from, name, to, other);
	if (fails_now())
		return -1;
	size_t file = named(name);
	struct call *c = note(RENAME, name);
	c->file = file;
	snprintf(c->to, sizeof(c->to), "%s", other);
	return __real_renameat(from, name, to, other);
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
	if (!recording)
		return __real_unlinkat(dir, name, flags);
	if (fails_now())
		return -1;
	if (__real_unlinkat(dir, name, flags) < 0)
		return -1;
	note(UNLINK, name);
	return 0;
}
