// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// DIR-24-8: a table with an entry for each /24, and tables of 256 entries for those /24 that have
// longer prefixes in them. An entry knows the length of the prefix that it is of, so that a change
// needs no trie: it writes over what is shorter. One writer; readers are the caller's matter.
#pragma once

#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#define DIR24_VALUE_BITS 24
#define DIR24_EXTENDED	 (1u << 31) // the value is the number of a table of 256

struct dir24 {
	uint32_t *tbl24; // 64 MiB
	uint32_t *tbl8;	 // 1 KiB for each of n_tbl8
	uint32_t *spare; // those that are not in use
	uint32_t n_spare, n_tbl8;
};

// An entry: of a prefix of 1 to 32 bits, with a value that is not 0. 0: no prefix.
static inline uint32_t dir24_entry(uint8_t plen, uint32_t value)
{
	return (uint32_t)plen << DIR24_VALUE_BITS | value;
}

static inline uint32_t dir24_value(uint32_t entry)
{
	return entry & ((1u << DIR24_VALUE_BITS) - 1);
}

// The values of n addresses (host order), `none` where no prefix is. The loads of a burst do not
// wait for each other.
static inline void dir24_lookup(const struct dir24 *t, const uint32_t *address, uint32_t *values,
	unsigned int n, uint32_t none)
{
	for (unsigned int i = 0; i < n; i++)
		values[i] = t->tbl24[address[i] >> 8];
	for (unsigned int i = 0; i < n; i++) {
		uint32_t entry = values[i], value;

		if (unlikely((entry & DIR24_EXTENDED) != 0))
			entry = t->tbl8[dir24_value(entry) << 8 | (address[i] & UINT8_MAX)];
		value = dir24_value(entry);
		values[i] = value != 0 ? value : none;
	}
}

// Before dir24_set() or dir24_del().
static inline void dir24_prefetch(const struct dir24 *t, uint32_t prefix)
{
	rte_prefetch0(&t->tbl24[prefix >> 8]);
}

// `n_tbl8` of 256 entries, at most 2^24. 0 or -ENOMEM.
int dir24_init(struct dir24 *t, uint32_t n_tbl8, int socket);
void dir24_fini(struct dir24 *t);

// The prefix, of 1 to 32 bits, without others behind them. 0; -ENOSPC: it is longer than /24, and
// no table is left. `cover` is the entry of the longest prefix that covers it, 0: none does.
int dir24_set(struct dir24 *t, uint32_t prefix, uint8_t plen, uint32_t value);
void dir24_del(struct dir24 *t, uint32_t prefix, uint8_t plen, uint32_t cover);
