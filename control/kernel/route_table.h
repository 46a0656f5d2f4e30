// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel's main table as control sees it: for each prefix the candidates in the kernel's order,
// and what the data plane was told. Knows no socket.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/kernel/nexthop.h"
#include "dataplane/api/proto.h"

struct table_route {
	in_addr_t prefix;
	uint8_t plen;
	uint32_t metric;
	uint32_t nexthop;	// object, 0: none
	bool ospf;		// its protocol
	struct table_hops hops; // as the message says: what counts while the object is not known
};

// Where a route goes among those of its metric (NLM_F_CREATE, _APPEND, _REPLACE).
enum table_place {
	TABLE_FIRST,
	TABLE_LAST,
	TABLE_REPLACE,
};

struct route_table;

// `nexthops` is borrowed. NULL on memory failure.
struct route_table *route_table_create(struct nexthops *nexthops);
void route_table_destroy(struct route_table *t);

int route_table_add(struct route_table *t, const struct table_route *r, enum table_place place);
void route_table_delete(struct route_table *t, const struct table_route *r);
// A nexthop object has changed; `gone`: the routes that name it went with it.
void route_table_nexthop(struct route_table *t, uint32_t id, bool gone);

// The kernel's table anew, in parts: begin; each route of a dump, in the dump's order; then, from
// route_table_walk() on, sweep() until it is false: what was in none of them, and was not told
// since the beginning, goes. A notification may come between, but only after all of the dump that
// is older than it: else what it says would be undone. 0 or -ENOMEM.
void route_table_read_begin(struct route_table *t);
int route_table_read(struct route_table *t, const struct table_route *r);
void route_table_walk(struct route_table *t);
bool route_table_sweep(struct route_table *t, size_t most); // looks at so many buckets

// The data plane has nothing, or nobody knows what: whatever is looked at from here on is told. A
// reading of the kernel's table looks at everything.
void route_table_forget(struct route_table *t);

// Calls emit() for each prefix that the data plane must be told of: the best route, or `del`; those
// that changed last come first. port_of() turns a netdev into a port id, 0: it is no port. 0; 1:
// `most` prefixes were told, and there may be more; a negative result of emit(), after which
// everything must be told.
struct table_report {
	size_t most;
	uint32_t (*port_of)(void *ctx, int ifindex);
	int (*emit)(void *ctx, const struct msg_route *r, const struct msg_hop *hops);
	void *ctx;
};
int route_table_report(struct route_table *t, const struct table_report *report);
// Whether the data plane has a route for r's prefix with a next hop on this port.
bool route_table_told_by(const struct route_table *t, const struct table_route *r, uint32_t port);
// Calls each() for every route of OSPF, with next hops in place of an object.
void route_table_ospf(const struct route_table *t,
	void (*each)(void *ctx, const struct table_route *r), void *ctx);
size_t route_table_told(const struct route_table *t); // prefixes that the data plane has
// An audit: begin; a reading of the kernel's table, noting what it tells meanwhile; for each route
// of the data plane route_table_audit(); after route_table_walk() the rest, what it does not have,
// while the result is 1; and after the reports the number of prefixes that had to be told although
// nobody had said anything. Those that return int: 0 or -ENOMEM.
void route_table_audit_begin(struct route_table *t);
void route_table_note(struct route_table *t, const struct table_route *r);
int route_table_audit(struct route_table *t, const struct msg_addr *prefix,
	const struct msg_route *has, const struct msg_hop *hops);
int route_table_audit_rest(struct route_table *t, size_t most); // looks at so many buckets
size_t route_table_audit_end(struct route_table *t);
// Those among the told that have fewer next hops than in the kernel: it has more than
// MSG_ROUTE_HOPS, or such without gateway beside others.
size_t route_table_cut(const struct route_table *t);
