// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A file of the store: its name, its two lines of JSON (what is told about the revision, then the
// document with its ids), and how it gets onto the disk. `dir` is the store's directory.
#pragma once

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "control/config/store.h"

#define NAME_DIGITS  12
#define NAME_SIZE    (NAME_DIGITS + sizeof(".json"))
#define TEMPORARY    ".tmp" // the suffix of a file that is being written; one at a time
#define REVISION_MAX UINT64_C(999999999999)

void file_name(uint64_t revision, char name[NAME_SIZE]);
uint64_t name_revision(const char *name); // of a file of ours, 0 when the name is not one

FILE *file_open(int dir, const char *name); // NULL: it is not there
// The first line, NULL when it is not that of this revision. The reader is then at the second one.
json_t *file_head(FILE *in, uint64_t revision);
json_t *file_load(int dir, uint64_t revision); // "document" and "ids"; NULL: not whole

// Both lines, malloc'd; NULL: out of memory. `note` may be NULL.
char *file_lines(
	uint64_t revision, json_t *document, json_t *ids, const struct revision_note *note);

// Puts the text under its final name, durably, or removes every trace of it. 0 or negative errno.
int file_publish(int dir, const char *name, const char *data, size_t len);
