// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Open addressing, linear probing, at most half full.
#include "control/config/name_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64

// Eight characters at a time: multiply, fold. Names that collide on purpose only slow down the
// commit of the administrator who chose them: the limits on the lists bound it.
static uint32_t hash_of(const char *name)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	size_t len = strlen(name);
	uint64_t hash = len;

	while (len > 0) {
		size_t n = len < sizeof(hash) ? len : sizeof(hash);
		uint64_t word = 0;

		memcpy(&word, name, n);
		hash = (hash ^ word) * odd;
		hash ^= hash >> 32;
		name += n;
		len -= n;
	}
	return (uint32_t)hash;
}

// The slot of the name, or the free one where it belongs.
static struct name_slot *slot_of(const struct name_index *index, const char *name, uint32_t hash)
{
	size_t mask = index->n_slots - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct name_slot *slot = &index->slots[i];

		if (slot->name == NULL || (slot->hash == hash && strcmp(slot->name, name) == 0))
			return slot;
	}
}

int name_index_find(const struct name_index *index, const char *name)
{
	if (index->n_names == 0)
		return -1;
	const struct name_slot *slot = slot_of(index, name, hash_of(name));

	return slot->name != NULL ? (int)slot->position : -1;
}

static int grow(struct name_index *index)
{
	struct name_index grown = {
		.n_slots = index->n_slots > 0 ? 2 * index->n_slots : SLOTS_MIN,
		.n_names = index->n_names,
	};

	grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
	if (grown.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < index->n_slots; i++) {
		const struct name_slot *slot = &index->slots[i];

		if (slot->name != NULL)
			*slot_of(&grown, slot->name, slot->hash) = *slot;
	}
	free(index->slots);
	*index = grown;
	return 0;
}

int name_index_add(struct name_index *index, const char *name, uint32_t *position)
{
	uint32_t hash = hash_of(name);
	struct name_slot *slot;

	if (2 * (index->n_names + 1) > index->n_slots && grow(index) < 0)
		return -ENOMEM;
	slot = slot_of(index, name, hash);
	if (slot->name != NULL) {
		*position = slot->position;
		return -EEXIST;
	}
	*slot = (struct name_slot){ name, hash, *position };
	index->n_names++;
	return 0;
}

void name_index_clear(struct name_index *index)
{
	if (index->n_names > 0)
		memset(index->slots, 0, index->n_slots * sizeof(*index->slots));
	index->n_names = 0;
}

void name_index_free(struct name_index *index)
{
	free(index->slots);
	*index = (struct name_index){ 0 };
}
