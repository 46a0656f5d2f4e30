// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The stored configuration: one directory, one file per revision, each written to a temporary
// name, fsynced, renamed and the directory fsynced, so that a power cut leaves a whole revision or
// none. Holds the ids that objects got (ids.h). The oldest go when there are more than
// STORE_REVISIONS, or more than STORE_BYTES in all; the newest two stay. Commit thread only.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define STORE_REVISIONS	  1000
#define STORE_BYTES	  (64u << 20)
#define STORE_AUTHOR_MAX  64  // with the final NUL
#define STORE_COMMENT_MAX 256 // with the final NUL

struct store;

// What is told about a revision beside its document. Longer texts are cut.
struct revision_note {
	char author[STORE_AUTHOR_MAX];
	char comment[STORE_COMMENT_MAX];
};

struct revision {
	uint64_t number;
	uint64_t bytes; // of its file
	int64_t time_s; // since the epoch, when it was stored
	struct revision_note note;
};

// Opens (and makes, mode 0700) the directory and removes what a power cut left in it. 0 or negative
// errno; -EBUSY: another process has it open.
int store_open(const char *directory, struct store **out);
void store_close(struct store *s);

// The newest whole revision: document and ids (new references), 0 or -ENOENT when there is none.
int store_load(struct store *s, uint64_t *revision, json_t **document, json_t **ids);

// The highest revision number that the directory has seen, whole or not; 0: none. New revisions are
// above it.
uint64_t store_last(const struct store *s);

// Durable when it returns 0. Negative errno leaves the previous revision in force. `note` may be
// NULL.
int store_save(struct store *s, uint64_t revision, json_t *document, json_t *ids,
	const struct revision_note *note);

// Revisions that are kept, and the `nth` of them from the newest (0). -ENOENT: its file is gone or
// not whole.
size_t store_count(const struct store *s);
int store_describe(const struct store *s, size_t nth, struct revision *out);
// The document of one (new reference), 0 being the appliance without configuration. -ENOENT.
int store_get(const struct store *s, uint64_t revision, json_t **document);

// A small text beside the revisions, as durable as they are. `text` NULL removes it. Reading gives
// a new text, NULL: there is none.
int store_note(struct store *s, const char *name, json_t *text);
json_t *store_read_note(const struct store *s, const char *name);
