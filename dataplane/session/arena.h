// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One memory area for everything that sessions need: a memfd without pointers in it, only slots
// and offsets, so that another process can attach it. Laid out once, from the configured sizes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/session/slab.h"

#define ARENA_MAGIC	0x76724172656e6131ull
#define ARENA_SLOTS_MAX ((1u << 30) - 2) // an index entry has 30 bits for slot + 1

struct arena_conf {
	uint32_t sessions;	// 128 B each, as many mappings of 64 B, and 64 B of index
	uint32_t hosts;		// 128 B each and 21 B of index
	uint32_t nat_addresses; // 824 KiB each, resident once acquired
};

enum arena_slab {
	ARENA_SESSIONS,
	ARENA_MAPPINGS,
	ARENA_HOSTS,
	ARENA_SLABS,
};

// At offset 0. Constant after arena_create() but for the slabs' heads.
struct arena_header {
	uint64_t magic;
	uint64_t layout; // hash of the sizes and offsets of all that lies in the arena
	struct arena_conf conf;
	uint32_t n_buckets;
	uint64_t size; // bytes, the whole arena
	uint64_t seed[2];
	uint64_t buckets_off; // bytes from the start, as the next ones
	uint64_t slots_off[ARENA_SLABS];
	uint64_t portsets_off;
	uint64_t tables_off; // of the port sets; not resident until acquired
	struct slab_head slabs[ARENA_SLABS];
};

// A mapping of the arena in this process.
struct arena {
	int fd;
	bool huge;
	size_t size; // bytes mapped
	struct arena_header *header;
};

// Makes an arena, populated but for the port tables; `huge` asks for 2 MiB pages and falls back to
// normal ones (arena->huge tells). 0, -EINVAL, -ENOMEM or the errno of a system call.
int arena_create(struct arena *arena, const struct arena_conf *conf, bool huge);

// Maps an existing arena; takes a duplicate of `fd`. -EPROTO when its layout is not ours.
int arena_attach(struct arena *arena, int fd);

// Unmaps; the memory lives on while another descriptor or mapping does.
void arena_close(struct arena *arena);

// Makes `len` bytes at `off` resident, so that no worker ever takes a page fault there.
int arena_populate(const struct arena *arena, uint64_t off, uint64_t len);

static inline void *arena_at(const struct arena *arena, uint64_t off)
{
	return (char *)arena->header + off;
}
