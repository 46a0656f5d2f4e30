// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which position of a list has a name: a hash table that borrows the names. Zeroed it is empty.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct name_slot {
	const char *name; // NULL: free
	uint32_t hash;
	uint32_t position;
};

struct name_index {
	struct name_slot *slots;
	size_t n_slots; // 0 or a power of two
	size_t n_names;
};

// The position of `name`, -1 when it is not there.
int name_index_find(const struct name_index *index, const char *name);
// Enters a name, which must stay until it is cleared. 0, -ENOMEM, or -EEXIST: it is there already,
// with *position.
int name_index_add(struct name_index *index, const char *name, uint32_t *position);
void name_index_clear(struct name_index *index); // keeps the memory for the next names
void name_index_free(struct name_index *index);
