// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What is known about each prefix, by source; the best source's adjacency goes to the FIB.
// Control thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/fib/key_table.h"

struct fib;

// Best first.
enum rib_source {
	RIB_LOCAL,     // own address
	RIB_CONNECTED, // prefix of a port, and its broadcast addresses
	RIB_ROUTE,     // from control
	RIB_NEIGHBOUR, // host route of a neighbour
	RIB_SOURCE_COUNT,
};

struct rib_entry {
	uint32_t prefix; // host order
	uint8_t plen;
	bool stale;			// RIB_ROUTE only: marked, not set since
	uint32_t adj[RIB_SOURCE_COUNT]; // 0: the source says nothing
};

struct rib_conf {
	struct fib *fib;
	uint32_t max[RIB_SOURCE_COUNT]; // entries of each source
};

struct rib {
	struct fib *fib;
	struct key_table keys;
	struct rib_entry *entries; // by slot of `keys`
	uint32_t max[RIB_SOURCE_COUNT];
	uint32_t count[RIB_SOURCE_COUNT];
	uint32_t by_length[33]; // entries with something better than a neighbour, by prefix length
	uint64_t version;	// changes of prefixes shorter than /32
};

int rib_create(const struct rib_conf *conf, struct rib **out);
void rib_destroy(struct rib *r);

// -ENOSPC: the source's limit, or the FIB is full (neighbours leave the last quarter of its tbl8 to
// the others); -EINVAL, -ENOMEM. On error nothing has changed.
int rib_set(struct rib *r, uint32_t prefix, uint8_t plen, enum rib_source source, uint32_t adj);
int rib_del(struct rib *r, uint32_t prefix, uint8_t plen, enum rib_source source); // -ENOENT

// What `source` says about exactly this prefix, 0 for nothing.
uint32_t rib_get(const struct rib *r, uint32_t prefix, uint8_t plen, enum rib_source source);

// The adjacency that `addr` would have without any host route for it (longest prefix up to /31).
uint32_t rib_covering(const struct rib *r, uint32_t addr);

// The best source of an entry.
enum rib_source rib_best(const struct rib_entry *e);

// Calls `fn` for each entry, in no order; `fn` may delete the entry that it is given.
void rib_walk(struct rib *r, void (*fn)(void *ctx, const struct rib_entry *e), void *ctx);
// The same for up to `most` entries, from a place on that the call before returned, at first 0. The
// next place, 0 at the end. An entry keeps its place.
uint32_t rib_walk_part(struct rib *r, uint32_t from, uint32_t most,
	void (*fn)(void *ctx, const struct rib_entry *e), void *ctx);
uint32_t rib_count(const struct rib *r); // entries

// Mark and sweep of RIB_ROUTE. `swept` is called for each deleted route with its adjacency.
void rib_mark(struct rib *r);
int rib_sweep(struct rib *r, void (*swept)(void *ctx, uint32_t adj), void *ctx);

const char *rib_source_name(enum rib_source source); // "address", "connected", "route", "neighbour"
