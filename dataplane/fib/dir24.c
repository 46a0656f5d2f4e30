// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The writer of a DIR-24-8. Everything about one prefix is in its own range of entries: those of
// its length are its own, shorter ones it covers, longer ones cover it.
#include "dataplane/fib/dir24.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#define TBL24_ENTRIES (1u << 24)
#define TBL8_ENTRIES  256u
#define ALIGNMENT     64

int dir24_init(struct dir24 *t, uint32_t n_tbl8, int socket)
{
	t->tbl24 =
		rte_zmalloc_socket("dir24", TBL24_ENTRIES * sizeof(*t->tbl24), ALIGNMENT, socket);
	t->tbl8 = rte_zmalloc_socket(
		"dir8", (size_t)n_tbl8 * TBL8_ENTRIES * sizeof(*t->tbl8), ALIGNMENT, socket);
	t->spare = rte_malloc_socket("dir8-spare", n_tbl8 * sizeof(*t->spare), 0, socket);
	if (t->tbl24 == NULL || t->tbl8 == NULL || t->spare == NULL) {
		dir24_fini(t);
		return -ENOMEM;
	}
	t->n_tbl8 = t->n_spare = n_tbl8;
	for (uint32_t i = 0; i < n_tbl8; i++)
		t->spare[i] = n_tbl8 - 1 - i;
	return 0;
}

void dir24_fini(struct dir24 *t)
{
	rte_free(t->tbl24);
	rte_free(t->tbl8);
	rte_free(t->spare);
	*t = (struct dir24){ 0 };
}

static uint8_t length_of(uint32_t entry)
{
	return (uint8_t)(entry >> DIR24_VALUE_BITS);
}

static uint32_t *table_of(const struct dir24 *t, uint32_t entry)
{
	return &t->tbl8[dir24_value(entry) * (size_t)TBL8_ENTRIES];
}

// Entries of prefixes up to this length, and where there is none, become `entry`.
static void cover(uint32_t *at, uint32_t n, uint32_t entry)
{
	for (uint32_t i = 0; i < n; i++)
		if (length_of(at[i]) <= length_of(entry))
			at[i] = entry;
}

// Entries of prefixes of this length become `entry`.
static void uncover(uint32_t *at, uint32_t n, uint8_t plen, uint32_t entry)
{
	for (uint32_t i = 0; i < n; i++)
		if (length_of(at[i]) == plen)
			at[i] = entry;
}

// The table of a /24. NULL: there is none left.
static uint32_t *extend(struct dir24 *t, uint32_t *at)
{
	uint32_t *table;

	if ((*at & DIR24_EXTENDED) != 0)
		return table_of(t, *at);
	if (t->n_spare == 0)
		return NULL;
	t->n_spare--;
	table = table_of(t, t->spare[t->n_spare]);
	for (uint32_t i = 0; i < TBL8_ENTRIES; i++)
		table[i] = *at;
	*at = DIR24_EXTENDED | t->spare[t->n_spare];
	return table;
}

// Without longer prefixes, all of a /24 is one entry again.
static void shrink(struct dir24 *t, uint32_t *at)
{
	const uint32_t *table = table_of(t, *at);

	for (uint32_t i = 0; i < TBL8_ENTRIES; i++)
		if (length_of(table[i]) > 24)
			return;
	t->spare[t->n_spare++] = dir24_value(*at);
	*at = table[0];
}

int dir24_set(struct dir24 *t, uint32_t prefix, uint8_t plen, uint32_t value)
{
	uint32_t *at = &t->tbl24[prefix >> 8], entry = dir24_entry(plen, value);

	if (plen > 24) {
		uint32_t *table = extend(t, at);

		if (table == NULL)
			return -ENOSPC;
		cover(&table[prefix & UINT8_MAX], 1u << (32 - plen), entry);
		return 0;
	}
	for (uint32_t n = 1u << (24 - plen); n > 0; n--, at++)
		if ((*at & DIR24_EXTENDED) != 0)
			cover(table_of(t, *at), TBL8_ENTRIES, entry);
		else
			cover(at, 1, entry);
	return 0;
}

void dir24_del(struct dir24 *t, uint32_t prefix, uint8_t plen, uint32_t covering)
{
	uint32_t *at = &t->tbl24[prefix >> 8];

	if (plen > 24) {
		if ((*at & DIR24_EXTENDED) == 0)
			return;
		uncover(&table_of(t, *at)[prefix & UINT8_MAX], 1u << (32 - plen), plen, covering);
		shrink(t, at);
		return;
	}
	for (uint32_t n = 1u << (24 - plen); n > 0; n--, at++)
		if ((*at & DIR24_EXTENDED) != 0)
			uncover(table_of(t, *at), TBL8_ENTRIES, plen, covering);
		else
			uncover(at, 1, plen, covering);
}
