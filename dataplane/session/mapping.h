// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Mappings (internal endpoint to external address and port), their peers (remote addresses that may
// send to them) and hosts (what one internal address holds of one SNAT rule), with the reference
// counts that workers and the sweeper share.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/proto.h"
#include "dataplane/session/portset.h"

// Key of a mapping or a host in the index. `domain` lies where a session key has its side, so that
// keys of different kinds are never equal.
enum mapping_domain {
	DOMAIN_PEER = 0xfd, // a remote address that a mapping has sessions with
	DOMAIN_MAPPING = 0xfe,
	DOMAIN_HOST = 0xff,
};

struct mapping_key {
	alignas(16) uint32_t addr; // internal (of a peer: remote), network order
	uint32_t rule;		   // SNAT rule id; of a peer: its mapping, slot + 1
	uint16_t port;		   // internal, network order; 0 for a host
	uint16_t epoch;		   // of the rule, low bits: what an altered rule left is not found
	uint8_t proto;		   // 0 for a host
	uint8_t domain;		   // enum mapping_domain
	uint16_t zone;		   // 0
};
static_assert(sizeof(struct mapping_key) == 16, "compared as 128 bits");

struct mapping {
	struct mapping_key key;
	uint32_t ext_addr; // network order
	uint16_t ext_port; // network order
	uint8_t filtering; // enum nat_filtering
	uint8_t pad;
	_Atomic uint32_t refs;
	uint32_t host;	  // slot + 1, holds a reference; 0: a peer
	uint32_t of;	  // of a peer: its mapping, slot + 1, holds a reference
	uint32_t portset; // number of the port set
	uint32_t epoch;	  // of the rule, in full
	uint32_t created; // tick
	uint32_t limbo;	  // slot + 1 of the next one in limbo, sweeper only
	_Atomic uint32_t next_free;
	uint16_t block; // first unit + 1 of the block that its port is in, 0: none
	uint8_t spare[6];
};
static_assert(sizeof(struct mapping) == 64, "one cache line");

#define HOST_BLOCKS PORT_BLOCKS_MAX

struct host {
	struct mapping_key key;
	_Atomic uint32_t sessions[PORT_CLASSES];
	_Atomic uint32_t refs; // one for each session and each mapping
	uint32_t pool_addr;    // RFC 4787 REQ-2: always the same external address; network order
	uint32_t pool_index;   // in the rule's pool
	uint32_t created;      // tick
	uint32_t limbo;	       // slot + 1 of the next one in limbo, sweeper only
	_Atomic uint32_t next_free;
	_Atomic uint32_t n_blocks; // or about to be claimed; each holds a reference
	_Atomic uint64_t begun;	   // tick << 32 | sessions begun in that tick

	uint32_t portset;		      // number of its address's port set
	uint32_t block_units;		      // of its rule, 0: no blocks
	_Atomic uint16_t blocks[HOST_BLOCKS]; // first unit + 1, 0: none, or HOST_BLOCK_COMING
	uint8_t spare[24];
};
static_assert(sizeof(struct host) == 128, "two cache lines");
static_assert(offsetof(struct host, portset) == 64, "only with blocks");

#define HOST_BLOCK_COMING UINT16_MAX // the place is taken by a worker that looks for a block

// References are stored plus one: 0 is dead (or a free slot), 1 is alive and unused. Only the
// sweeper turns 1 into 0.
static inline void refs_init(_Atomic uint32_t *refs, uint32_t n)
{
	atomic_store_explicit(refs, n + 1, memory_order_release);
}

// False when dead: treat as absent.
static inline bool refs_get(_Atomic uint32_t *refs)
{
	uint32_t n = atomic_load_explicit(refs, memory_order_relaxed);

	while (n != 0)
		if (atomic_compare_exchange_weak_explicit(
			    refs, &n, n + 1, memory_order_acquire, memory_order_relaxed))
			return true;
	return false;
}

// For a caller that holds a reference already.
static inline void refs_add(_Atomic uint32_t *refs)
{
	atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

static inline void refs_put(_Atomic uint32_t *refs)
{
	atomic_fetch_sub_explicit(refs, 1, memory_order_release);
}

static inline uint32_t refs_count(const _Atomic uint32_t *refs)
{
	uint32_t n = atomic_load_explicit(refs, memory_order_relaxed);

	return n == 0 ? 0 : n - 1;
}

// True when it was alive and unused, and is now dead.
static inline bool refs_kill(_Atomic uint32_t *refs)
{
	uint32_t unused = 1;

	return atomic_compare_exchange_strong_explicit(
		refs, &unused, 0, memory_order_acquire, memory_order_relaxed);
}
