// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Reading and writing the files of the store. A file is never changed in place. JSON that was cut
// does not parse, so no checksum is needed to see that a file is whole.
#include "control/config/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 4096 // bytes of a file's first line: every text in it escaped

void file_name(uint64_t revision, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%0*" PRIu64 ".json", NAME_DIGITS, revision % (REVISION_MAX + 1));
}

// The revision of a file of ours, 0 when the name is not one.
uint64_t name_revision(const char *name)
{
	if (strlen(name) != NAME_SIZE - 1 || strcmp(name + NAME_DIGITS, ".json") != 0 ||
		strspn(name, "0123456789") != NAME_DIGITS)
		return 0;
	return strtoull(name, NULL, 10);
}

FILE *file_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd >= 0 && in == NULL)
		close(fd);
	return in;
}

// The first line, NULL when it is not that of this revision.
json_t *file_head(FILE *in, uint64_t revision)
{
	char line[HEAD_MAX];
	json_t *head = fgets(line, sizeof(line), in) != NULL ? json_loads(line, 0, NULL) : NULL;

	if (json_integer_value(json_object_get(head, "revision")) == (json_int_t)revision)
		return head;
	json_decref(head);
	return NULL;
}

json_t *file_load(int dir, uint64_t revision)
{
	char name[NAME_SIZE];

	file_name(revision, name);
	FILE *in = file_open(dir, name);
	if (in == NULL)
		return NULL;
	json_t *head = file_head(in, revision);
	json_t *body = head != NULL ? json_loadf(in, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_decref(head);
	fclose(in);
	if (json_is_object(json_object_get(body, "document")) &&
		json_is_object(json_object_get(body, "ids")))
		return body;
	json_decref(body);
	return NULL;
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

static int write_file(int dir, const char *name, const char *data, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

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
int file_publish(int dir, const char *name, const char *data, size_t len)
{
	char temporary[NAME_MAX + 1];

	snprintf(temporary, sizeof(temporary), "%s%s", name, TEMPORARY);
	int err = write_file(dir, temporary, data, len);
	if (err == 0 && renameat(dir, temporary, dir, name) < 0)
		err = -errno;
	if (err < 0) {
		(void)unlinkat(dir, temporary, 0);
		return err;
	}
	if (fsync(dir) == 0)
		return 0;
	err = -errno;
	(void)unlinkat(dir, name, 0);
	return err;
}

// A text that was cut in the middle of a character, or never was UTF-8, is no reason to refuse.
static json_t *text_or_empty(const char *text)
{
	json_t *json = json_string(text);

	return json != NULL ? json : json_string("");
}

// Both lines, malloc'd; NULL: out of memory.
char *file_lines(uint64_t revision, json_t *document, json_t *ids, const struct revision_note *note)
{
	static const struct revision_note nobody;
	const struct revision_note *n = note != NULL ? note : &nobody;
	json_t *head = json_pack("{s:I, s:I, s:o, s:o}", "revision", (json_int_t)revision, "time_s",
		(json_int_t)time(NULL), "author", text_or_empty(n->author), "comment",
		text_or_empty(n->comment));
	json_t *body = json_pack("{s:O, s:O}", "document", document, "ids", ids);
	char *first = head != NULL ? json_dumps(head, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	char *second = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	char *text = NULL;

	if (first == NULL || second == NULL || asprintf(&text, "%s\n%s", first, second) < 0)
		text = NULL;
	free(first);
	free(second);
	json_decref(head);
	json_decref(body);
	return text;
}
