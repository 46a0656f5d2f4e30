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

#include "dataplane/api/proto.h"

struct table_hop {
	in_addr_t gateway; // 0: on-link
	int ifindex;
	uint16_t weight;
	bool down; // the kernel says that its link is dead
};

struct table_route {
	in_addr_t prefix;
	uint8_t plen;
	uint8_t type;	// enum route_type
	uint8_t n_hops; // unicast: at least 1
	uint32_t metric;
	struct table_hop hops[MSG_ROUTE_HOPS];
};

// Where a route goes among those of its metric (NLM_F_CREATE, _APPEND, _REPLACE).
enum table_place {
	TABLE_FIRST,
	TABLE_LAST,
	TABLE_REPLACE,
};

struct route_table;

struct route_table *route_table_create(void); // NULL on memory failure
void route_table_destroy(struct route_table *t);

int route_table_add(struct route_table *t, const struct table_route *r, enum table_place place);
void route_table_delete(struct route_table *t, const struct table_route *r);
void route_table_clear(struct route_table *t); // forgets the routes, not what was told
void route_table_touch(struct route_table *t); // looks at every prefix again at the next report

// Calls emit() for each prefix that the data plane must be told of: the best route, or `del`. With
// `full`, for every prefix that has a route. port_of() turns a netdev into a port id, 0: it is no
// port. A negative result of emit() ends it and is returned; a full report must follow.
struct table_report {
	bool full;
	uint32_t (*port_of)(void *ctx, int ifindex);
	int (*emit)(void *ctx, const struct msg_route *r, const struct msg_hop *hops);
	void *ctx;
};
int route_table_report(struct route_table *t, const struct table_report *report);
// Whether the data plane has a route for r's prefix with a next hop on this port.
bool route_table_told_by(const struct route_table *t, const struct table_route *r, uint32_t port);
size_t route_table_told(const struct route_table *t); // prefixes that the data plane has
