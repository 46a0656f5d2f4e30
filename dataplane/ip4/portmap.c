// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Building of port maps. Control thread only.
#include "dataplane/ip4/portmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Turns a uniform block into a leaf.
static int block_split(struct portmap *map, unsigned int block)
{
	uint32_t value = map->directory[block];
	uint32_t(*leaves)[256];

	if (value & PORTMAP_LEAF)
		return 0;
	leaves = realloc(map->leaves, (map->n_leaves + 1) * sizeof(*leaves));
	if (leaves == NULL)
		return -ENOMEM;
	map->leaves = leaves;
	for (unsigned int i = 0; i < 256; i++)
		leaves[map->n_leaves][i] = value;
	map->directory[block] = PORTMAP_LEAF | map->n_leaves++;
	return 0;
}

static int block_fill(struct portmap *map, unsigned int block, unsigned int low, unsigned int high,
	uint32_t value)
{
	uint32_t *leaf;
	int rc;

	if (low == 0 && high == 255 && map->directory[block] == 0) {
		map->directory[block] = value;
		return 0;
	}
	rc = block_split(map, block);
	if (rc < 0)
		return rc;
	leaf = map->leaves[map->directory[block] & ~PORTMAP_LEAF];
	for (unsigned int i = low; i <= high; i++) {
		if (leaf[i] != 0)
			return -EEXIST;
		leaf[i] = value;
	}
	return 0;
}

int portmap_add(struct portmap *map, uint16_t first, uint16_t last, uint32_t value)
{
	if (first > last || value == 0 || value >= PORTMAP_LEAF)
		return -EINVAL;
	for (unsigned int block = first >> 8; block <= (unsigned int)last >> 8; block++) {
		unsigned int low = block == first >> 8 ? first & 255 : 0;
		unsigned int high = block == (unsigned int)last >> 8 ? last & 255 : 255;
		int rc = block_fill(map, block, low, high, value);

		if (rc < 0)
			return rc;
	}
	return 0;
}

void portmap_ports(const struct portmap *map, uint64_t bitmap[65536 / 64])
{
	for (unsigned int block = 0; block < 256; block++) {
		uint32_t value = map->directory[block];
		uint64_t *words = &bitmap[block * 4];

		if ((value & PORTMAP_LEAF) == 0) {
			if (value != 0)
				memset(words, 0xff, 256 / 8);
			continue;
		}
		for (unsigned int i = 0; i < 256; i++)
			if (map->leaves[value & ~PORTMAP_LEAF][i] != 0)
				words[i / 64] |= 1ull << i % 64;
	}
}

void portmap_free(struct portmap *map)
{
	free(map->leaves);
	memset(map, 0, sizeof(*map));
}
