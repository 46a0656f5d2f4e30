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
	uint8_t type;
	uint8_t n_hops;
	bool more;
	bool ospf;
	struct table_hop hops[];
};

struct told {
	bool unsure; // the data plane has something else: it is told again
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
	bool seen;  // by the audit that is under way
	bool noted; // the kernel has told of it since the audit began
};

struct route_table {
	struct nexthops *nexthops;
	struct prefix **buckets;
	size_t n_buckets, count, told, cut;
	size_t emitted; // since the start
	bool auditing;
	size_t drift; // prefixes told since the audit began of which the kernel said nothing
	struct prefix *dirty;
};

// Whether the data plane has what it was told; it keeps hops in an order of its own, and those that
// were named twice once.
bool route_as_told(
	const struct told *told, const struct msg_route *has, const struct msg_hop *hops);

// The best route of a prefix: the first candidate in the order of metrics that has a live next hop;
// when none has, the first one; `del` when there is none at all. *cut: it has more next hops.
struct msg_route route_best(const struct route_table *t, const struct prefix *x,
	const struct table_report *report, struct msg_hop hops[MSG_ROUTE_HOPS], bool *cut);
