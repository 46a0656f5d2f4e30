// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// From JSON text to a document, and from a document to a validated configuration. Reentrant: any
// thread, as long as `ids` and `p` are the caller's.
#pragma once

#include "control/config/ids.h"
#include "control/config/model.h"
#include "control/config/problem.h"

#define CONFIG_TEXT_MAX (16u << 20) // bytes of JSON text

// Reads JSON text: duplicate keys, more than CONFIG_TEXT_MAX bytes and NUL characters are refused.
// New reference; NULL with a problem that names line and column.
json_t *config_load_text(const char *text, size_t len, struct problems *p);

// Parses and validates `document`, of which the configuration keeps a reference: from here on it,
// and every part that another document shares with it, is never changed. Every error that can be
// found is reported, not only the first. Ids come from `ids`, which then holds exactly the names of
// this document; it is unchanged when the document is bad. NULL with problems when the document is
// bad.
struct config *config_parse(json_t *document, struct ids *ids, struct problems *p);

// RFC 7396 merge patch: a new document (new reference), NULL on memory failure.
json_t *config_merge_patch(json_t *document, json_t *patch);
