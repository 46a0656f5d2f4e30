// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// From a configuration to the objects of the wire protocol: one array per kind, sorted by id, every
// byte defined, so that two sets are compared by memcmp().
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/config/model.h"
#include "dataplane/api/proto.h"

struct objset_array {
	uint8_t *data; // records, each starting with its id
	size_t count;
};

struct objset {
	struct objset_array kind[OBJ_KIND_COUNT];
};

size_t objset_size(enum obj_kind kind); // of a record

// 0 or -ENOMEM.
int objset_build(const struct config *c, struct objset **out);
void objset_free(struct objset *s); // NULL is fine

// What leads from `from` (NULL: nothing) to `to`, for one kind: records to put, ids to delete. The
// caller frees put->data and *del. 0 or -ENOMEM.
struct objset_diff {
	struct objset_array put;
	uint32_t *del;
	size_t n_del;
};
int objset_diff(const struct objset *from, const struct objset *to, enum obj_kind kind,
	struct objset_diff *out);
void objset_diff_free(struct objset_diff *d);
