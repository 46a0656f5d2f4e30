// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The objects of the applied (or of a staged) configuration, as control sent them: per kind one
// array sorted by id. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/proto.h"

struct object_table {
	uint8_t *data; // count records of object_size(kind) bytes, each starts with its id
	uint32_t count;
	uint32_t capacity;
};

struct objects {
	struct object_table table[OBJ_KIND_COUNT];
};

// Bytes of one object of a kind, 0 for an unknown kind.
size_t object_size(unsigned int kind);
// Highest id + 1 that a kind allows (main/limits.h).
uint32_t object_limit(unsigned int kind);
const char *object_kind_name(unsigned int kind);

void objects_free(struct objects *o);
// Deep copy; 0 or -ENOMEM (then `to` is empty).
int objects_copy(struct objects *to, const struct objects *from);

// Inserts or replaces. *changed tells whether anything differs. 0 or negative errno.
int objects_put(struct objects *o, unsigned int kind, const void *object, bool *changed);
// -ENOENT when there is none.
int objects_delete(struct objects *o, unsigned int kind, uint32_t id);
// NULL when there is none.
const void *objects_get(const struct objects *o, unsigned int kind, uint32_t id);

static inline const void *objects_at(const struct objects *o, unsigned int kind, uint32_t i)
{
	return o->table[kind].data + (size_t)i * object_size(kind);
}

// for (OBJECTS_EACH(o, OBJ_EIP, const struct obj_eip, e))
#define OBJECTS_EACH(o, kind, type, var)                                                           \
	type *var = (type *)(o)->table[kind].data, *var##_end = var + (o)->table[kind].count;      \
	var != var##_end;                                                                          \
	var++
