// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The stored configuration: one directory, one file per revision, each written to a temporary
// name, fsynced, renamed and the directory fsynced, so that a power cut leaves a whole revision or
// none. Holds the ids that objects got (ids.h). Commit thread only.
#pragma once

#include <stdint.h>

#include <jansson.h>

struct store;

// Opens (and makes, mode 0700) the directory and removes what a power cut left in it. 0 or negative
// errno; -EBUSY: another process has it open.
int store_open(const char *directory, struct store **out);
void store_close(struct store *s);

// The newest whole revision: document and ids (new references), 0 or -ENOENT when there is none.
int store_load(struct store *s, uint64_t *revision, json_t **document, json_t **ids);

// The highest revision number that the directory has seen, whole or not; 0: none. New revisions are
// above it.
uint64_t store_last(const struct store *s);

// Durable when it returns 0. Negative errno leaves the previous revision in force.
int store_save(struct store *s, uint64_t revision, json_t *document, json_t *ids);
