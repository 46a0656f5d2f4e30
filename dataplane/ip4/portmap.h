// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A map from the 65536 ports to 32-bit values, 0 meaning none: a directory of 256 blocks, with a
// leaf only for a block that is not uniform. A lookup costs two loads however many ranges there
// are. Built by the control thread, then immutable.
#pragma once

#include <stdint.h>

#include <rte_byteorder.h>

#define PORTMAP_LEAF 0x80000000u // directory entry: index of a leaf; values stay below it

struct portmap {
	uint32_t directory[256];
	uint32_t (*leaves)[256];
	uint32_t n_leaves;
};

static inline uint32_t portmap_get(const struct portmap *map, rte_be16_t port)
{
	uint16_t p = rte_be_to_cpu_16(port);
	uint32_t v = map->directory[p >> 8];

	return v & PORTMAP_LEAF ? map->leaves[v & ~PORTMAP_LEAF][p & 255] : v;
}

// Gives `value` (1..PORTMAP_LEAF-1) to first..last (host order, inclusive). -EEXIST when a port
// has a value already (the map is then partly filled: free it), -EINVAL, -ENOMEM.
int portmap_add(struct portmap *map, uint16_t first, uint16_t last, uint32_t value);
// Adds the ports that have a value to a bitmap of all ports.
void portmap_ports(const struct portmap *map, uint64_t bitmap[65536 / 64]);
void portmap_free(struct portmap *map); // the leaves; the struct is the caller's
