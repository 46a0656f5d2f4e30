// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The IPv4 forwarding table: two DIR-24-8 used left-right. Workers look up in the active one
// without a lock. The control thread queues changes; fib_poll() applies a batch to the idle one,
// flips, polls a grace period and replays the batch on the other one. Nothing ever waits.
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "dataplane/fib/dir24.h"
#include "dataplane/main/limits.h"

struct rte_rcu_qsbr;
struct fib_writer;

#define FIB_BUCKETS 1024 // generations, by the /24 of the destination
#define FIB_INDICES (LIMIT_ADJACENCIES + LIMIT_ECMP_GROUPS) // what a prefix may lead to

// One of the two tables. The default route stays outside: where no entry is, take default_adj.
struct fib_side {
	struct dir24 table;
	uint32_t default_adj; // written only while the side is idle
};

struct fib {
	alignas(64) _Atomic(const struct fib_side *) active;
	struct fib_writer *writer; // control thread only
	// Bumped after a flip that changed what destinations of the bucket look up.
	alignas(64) _Atomic uint16_t generation[FIB_BUCKETS];
};

// Worker side.

static inline uint32_t fib_bucket(uint32_t dst_host_order)
{
	uint32_t net = dst_host_order >> 8;

	// Up to 1024 neighbouring /24 fall into different buckets.
	return (net ^ net >> 10 ^ net >> 20) % FIB_BUCKETS;
}

// The generation of a destination's bucket, for whoever caches the result of a lookup. Read it
// BEFORE the lookup: the control thread flips first and bumps second, so a result cached under a
// generation is at least as new as that generation, and a stale one never matches. (Read after the
// lookup, a flip and bump in between would stamp an old result with the new generation.) A cache
// entry that sleeps for exactly 65536 changes of its bucket is not noticed.
static inline uint16_t fib_generation(const struct fib *f, rte_be32_t dst)
{
	uint32_t bucket = fib_bucket(rte_be_to_cpu_32(dst));

	return atomic_load_explicit(&f->generation[bucket], memory_order_acquire);
}

// Adjacency or group indices (ecmp.h) of n destinations (host order); ADJ_INDEX_NO_ROUTE where no
// route matches.
static inline void fib_lookup_bulk(
	const struct fib *f, const uint32_t *dst_host_order, uint32_t *adj, unsigned int n)
{
	const struct fib_side *s = atomic_load_explicit(&f->active, memory_order_acquire);

	dir24_lookup(&s->table, dst_host_order, adj, n, s->default_adj);
}

static inline uint32_t fib_lookup(const struct fib *f, rte_be32_t dst)
{
	uint32_t host = rte_be_to_cpu_32(dst), adj;

	fib_lookup_bulk(f, &host, &adj, 1);
	return adj;
}

// Control side.

struct fib_conf {
	uint32_t max_routes; // prefixes, the default route included
	uint32_t tbl8;	     // /24 networks with longer prefixes in them, 1 KiB each
	struct rte_rcu_qsbr *qsbr;
	int socket; // NUMA node of the memory, SOCKET_ID_ANY for any
};

struct fib_usage {
	uint32_t routes, max_routes;
	uint32_t tbl8, max_tbl8;
	uint64_t backlog; // queued operations that are not yet in both tables
	uint64_t errors;  // operations that found no place in a table: always 0
};

// 0 or -ENOMEM, -EINVAL.
int fib_create(const struct fib_conf *conf, struct fib **out);
void fib_destroy(struct fib *f); // no worker uses it any more

// Queues "prefix goes to adjacency or group `adj`" (not 0). Capacity is reserved here: -ENOSPC
// means that nothing was queued; what was queued fits both tables. Bits of the prefix beyond its
// length are ignored. -EINVAL, -ENOSPC, -ENOMEM.
int fib_set(struct fib *f, uint32_t prefix_host_order, uint8_t plen, uint32_t adj);
int fib_del(struct fib *f, uint32_t prefix_host_order, uint8_t plen); // -ENOENT, -ENOMEM
// Whether setting that prefix would take one more tbl8.
bool fib_needs_tbl8(const struct fib *f, uint32_t prefix_host_order, uint8_t plen);

// One bounded step; true while there is something left to do (call again soon: at once, or after
// about a millisecond when it waits for the workers).
bool fib_poll(struct fib *f);

// A ticket stands for everything queued so far. Visible: it is in the active table, generations
// are bumped, and no worker can still hold the result of an older lookup on its stack.
uint64_t fib_ticket(const struct fib *f);
bool fib_visible(const struct fib *f, uint64_t ticket);
uint64_t fib_visible_ticket(const struct fib *f); // the newest visible one
bool fib_idle(const struct fib *f);		  // both tables are equal, nothing queued
void fib_usage(const struct fib *f, struct fib_usage *out);
