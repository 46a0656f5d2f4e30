// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What route_table.c keeps, for its parts in other files.
#pragma once

#include "control/kernel/route_table.h"

struct candidate {
	struct candidate *next;
	uint32_t metric;
	uint32_t nexthop;
	uint32_t reading; // the last one in which the kernel had it
	uint8_t type;
	uint8_t n_hops;
	bool more;
	bool ospf;
	struct table_hop hops[];
};

struct told {
	uint32_t telling; // of another one than the table's: nobody knows what the data plane has
	uint32_t audit;	  // that was under way when it was told
	bool unsure;	  // the data plane has something else: it is told again
	uint8_t type;
	uint8_t n_hops;
	bool cut;
	struct msg_hop hops[];
};

struct prefix {
	struct prefix *next;	   // in its bucket
	struct prefix *next_dirty; // in the list of those to look at
	struct candidate *candidates;
	struct told *told; // NULL: the data plane has none
	in_addr_t address;
	uint8_t plen;
	bool dirty;
	bool surprise;	// why it is dirty: what was found, not what the kernel said
	uint32_t seen;	// number of the audit that found it in the data plane
	uint32_t noted; // and of that in which the kernel told of it
};

struct route_table {
	struct nexthops *nexthops;
	struct prefix **buckets;
	size_t n_buckets, max_buckets;
	size_t base; // n_buckets is at least that, and less than twice as many
	size_t count, told, cut;
	size_t emitted;	  // since the start
	uint32_t telling; // of everything, anew
	uint32_t reading; // of the kernel's table
	uint32_t audit;	  // the last one
	bool auditing;
	size_t at;    // bucket of the walk that is under way
	size_t drift; // prefixes told in this audit by surprise
	struct prefix *dirty;
};

// route_hash.c: prefixes by address and length. create() does not look whether there is one.
int prefixes_init(struct route_table *t); // 0 or -1
struct prefix *prefix_find(const struct route_table *t, in_addr_t address, uint8_t plen);
struct prefix *prefix_create(struct route_table *t, in_addr_t address, uint8_t plen);
void prefix_remove(struct route_table *t, struct prefix *x); // has no candidates, was not told

// The next report looks at it.
void prefix_touch(struct route_table *t, struct prefix *x);
// The same, because of a difference that nothing explains yet.
void prefix_surprise(struct route_table *t, struct prefix *x);

// The candidates of a prefix: those of a metric are in the kernel's order.
struct candidate *candidate_create(const struct route_table *t, const struct table_route *r);
struct candidate **candidate_find(struct prefix *x, const struct table_route *r); // the link to it
void candidate_unlink(struct candidate **at);

// Whether the data plane has what it was told; it keeps hops in an order of its own, and those that
// were named twice once.
bool route_as_told(
	const struct told *told, const struct msg_route *has, const struct msg_hop *hops);

// The best route of a prefix: the first candidate in the order of metrics that has a live next hop;
// when none has, the first one; `del` when there is none at all. *cut: it has more next hops.
struct msg_route route_best(const struct route_table *t, const struct prefix *x,
	const struct table_report *report, struct msg_hop hops[MSG_ROUTE_HOPS], bool *cut);
