// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// An rte_hash from 64-bit keys to slots, see key_table.h.
#include "dataplane/fib/key_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_memory.h>
#include <rte_random.h>

int key_table_init(struct key_table *t, uint32_t capacity)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters p = {
		.name = name,
		.entries = RTE_MAX(capacity, 64u),
		.key_len = sizeof(uint64_t),
		.hash_func = rte_jhash,
		.hash_func_init_val = (uint32_t)rte_rand(),
		.socket_id = SOCKET_ID_ANY,
		// Without it a key may find no place in a table that is not full.
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	// rte_hash wants a name that is unique in the process.
	snprintf(name, sizeof(name), "kt-%" PRIxPTR, (uintptr_t)t);
	t->hash = rte_hash_create(&p);
	t->capacity = capacity;
	t->slots = p.entries;
	return t->hash ? 0 : -ENOMEM;
}

void key_table_fini(struct key_table *t)
{
	rte_hash_free(t->hash);
	t->hash = NULL;
}

int32_t key_table_find(const struct key_table *t, uint64_t key)
{
	return rte_hash_lookup(t->hash, &key);
}

void key_table_find_bulk(
	const struct key_table *t, const uint64_t *keys, uint32_t n, int32_t *slots)
{
	const void *at[KEY_TABLE_BULK];

	for (uint32_t i = 0; i < n; i++)
		at[i] = &keys[i];
	(void)rte_hash_lookup_bulk(t->hash, at, n, slots); // fails for bad arguments only
}

int32_t key_table_add(struct key_table *t, uint64_t key)
{
	if (key_table_count(t) >= t->capacity)
		return key_table_find(t, key) < 0 ? -ENOSPC : key_table_find(t, key);
	return rte_hash_add_key(t->hash, &key);
}

int32_t key_table_del(struct key_table *t, uint64_t key)
{
	return rte_hash_del_key(t->hash, &key);
}

uint32_t key_table_count(const struct key_table *t)
{
	return (uint32_t)rte_hash_count(t->hash);
}
