// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Stable 32-bit ids of named objects. An object keeps its id while its name exists in successive
// revisions. The data plane's sessions name rules by these ids, so a freed id rests as long as it
// can: ids are given out upwards from the last one and wrap around at the limit. Only when no other
// is free does a revision give the id of a name that it drops to one that it adds; the data plane
// then sees an object that changed, and ends its sessions.
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "dataplane/api/proto.h"

#define IDS_MAX 16384 // ids of a kind are below this

// (enum obj_kind, name) -> id. It and its copies belong to one thread.
struct ids;

struct ids *ids_create(void);
struct ids *ids_from_json(json_t *object); // as ids_to_json() wrote it; NULL: malformed or memory
struct ids *ids_copy(const struct ids *ids);
json_t *ids_to_json(const struct ids *ids); // new reference
void ids_destroy(struct ids *ids);

// One revision: ids_begin(); ids_keep() for all of its names; ids_get() for those that were new;
// ids_sweep(), which forgets every name not asked for since ids_begin().
void ids_begin(struct ids *ids);
uint32_t ids_keep(struct ids *ids, enum obj_kind kind, const char *name); // its id, 0: new
// The id of `name`, allocated (1 to `limit` - 1) when new. 0: none is free, or memory.
uint32_t ids_get(struct ids *ids, enum obj_kind kind, const char *name, uint32_t limit);
void ids_sweep(struct ids *ids);
