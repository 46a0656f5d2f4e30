// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// An rte_hash from 64-bit keys to slots, for the control thread's tables: the owner
// keeps its records in an array of its own, indexed by slot. Seeded: hosts on the wire choose keys.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rte_hash;

#define KEY_TABLE_BULK 32

struct key_table {
	struct rte_hash *hash;
	uint32_t capacity;
	uint32_t slots; // size of the owner's array: slots are below it
};

int key_table_init(struct key_table *t, uint32_t capacity); // 0 or -ENOMEM
void key_table_fini(struct key_table *t);

int32_t key_table_find(const struct key_table *t, uint64_t key); // slot or -ENOENT
// The slots of n keys, 1 to KEY_TABLE_BULK.
void key_table_find_bulk(
	const struct key_table *t, const uint64_t *keys, uint32_t n, int32_t *slots);
int32_t key_table_add(struct key_table *t, uint64_t key); // slot (old or new) or -ENOSPC
int32_t key_table_del(struct key_table *t, uint64_t key); // the slot it had or -ENOENT
uint32_t key_table_count(const struct key_table *t);

static inline uint64_t key_of_prefix(uint32_t prefix_host_order, uint8_t plen)
{
	return (uint64_t)prefix_host_order << 8 | plen;
}

static inline uint32_t prefix_mask(uint8_t plen)
{
	return plen ? UINT32_MAX << (32 - plen) : 0;
}
