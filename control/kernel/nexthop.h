// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel's nexthop objects, which routes name by id (zebra's do): next hops, blackholes, and
// groups of next hops. They change and vanish without a word about the routes that use them.
// Commit thread only.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "dataplane/api/proto.h"

struct table_hop {
	in_addr_t gateway; // 0: on-link
	int ifindex;
	uint16_t weight;
	bool down; // the kernel says that its link is dead
};

// Where a route leads.
struct table_hops {
	uint8_t type; // enum route_type
	uint8_t n;    // unicast: at least 1
	bool more;    // the kernel has more of them: these carry the traffic
	struct table_hop hop[MSG_ROUTE_HOPS];
};

struct nexthops;

struct nexthops *nexthops_create(void); // NULL on memory failure
void nexthops_destroy(struct nexthops *n);
void nexthops_clear(struct nexthops *n);

// The object that an RTM_NEWNEXTHOP or RTM_DELNEXTHOP is about; -ENOENT: none that IPv4 routes
// name.
int nexthops_message_id(const struct nlmsghdr *h, uint32_t *id);
// Takes such a message, of a dump or a notification. 0 or -ENOMEM.
int nexthops_message(struct nexthops *n, const struct nlmsghdr *h);

// Where a route by object `id` leads; its hops once each, with the weights that groups give them.
// -ENOENT: unknown, or a group without members. Notes that the object is used.
int nexthops_resolve(struct nexthops *n, uint32_t id, struct table_hops *out);

// Whether routes were resolved by object `id`, itself or in a group; else a change of it changes
// nothing.
bool nexthops_used(struct nexthops *n, uint32_t id);
// Whether object `user` is `id`, or a group with it.
bool nexthops_involve(struct nexthops *n, uint32_t user, uint32_t id);
