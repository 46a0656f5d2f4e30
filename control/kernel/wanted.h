// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a configuration wants of the kernel: addresses of mirrors, routes and rules, by mirror name,
// in a canonical order.
//
// Each uplink (a public interface with a gateway) has a table of its own: its subnets, the routes
// by its next hops, its default route, and behind these `unreachable`. Rules lead there what the
// kernel sends from an address in the uplink's subnets: the interface's own ones and the VIPs.
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/model.h"
#include "control/config/problem.h"

// Where something stands in the document. There are many, and hardly ever one is told to somebody.
struct wanted_place {
	enum {
		PLACE_ADDRESS, // /interfaces/<index>/addresses/<item>
		PLACE_GATEWAY,
		PLACE_VIP,
		PLACE_ROUTE,
	} kind;
	unsigned int index;
	unsigned int item;
};

#define WANTED_POINTER_MAX 48

struct wanted_address {
	char mirror[IFNAMSIZ];
	struct in_addr address;
	uint8_t plen;
	bool vip;
	struct wanted_place place;
};

#define UPLINK_TABLE	   20100 // table of an uplink: this and its port id
#define UPLINK_LAST_RESORT 255	 // priority of the `unreachable` that ends such a table
#define UPLINK_FALLBACK	   254	 // of a default route while its uplink is not usable

struct wanted_hop {
	char mirror[IFNAMSIZ];
	struct in_addr gateway;
	uint32_t uplink; // port id of the uplink whose default route this is, 0: not one
};

struct wanted_route {
	uint32_t table;		    // 0: main
	struct in_addr destination; // no host bits
	uint8_t plen;
	uint8_t priority; // the administrative distance
	uint8_t rank;	  // not 0: stands in for the default route of an uplink that is down
	uint8_t type;	  // enum route_type
	uint8_t n_hops;
	struct wanted_hop hops[MSG_ROUTE_HOPS];
	struct wanted_place place;
};

// What is sent from this subnet goes by the uplink of this table.
struct wanted_rule {
	struct in_addr source; // no host bits
	uint8_t plen;
	uint32_t table;
	struct wanted_place place;
};

struct wanted_uplink {
	char mirror[IFNAMSIZ];
	uint32_t port;
	struct in_addr source; // own address in the gateway's subnet
	struct monitor_config monitor;
};

struct wanted_mirror {
	char mirror[IFNAMSIZ];
	bool public;
};

struct wanted {
	struct wanted_address *addresses; // interface addresses before VIPs
	size_t n_addresses;
	// By table, destination, length, priority; one for each of these.
	struct wanted_route *routes;
	size_t n_routes;
	struct wanted_rule *rules; // by source; one for each
	size_t n_rules;
	struct wanted_mirror *mirrors;
	size_t n_mirrors;
	struct wanted_uplink *uplinks;
	size_t n_uplinks;
};

// 0; -EINVAL with problems (routes that exclude each other); -ENOMEM.
int wanted_build(const struct config *c, struct wanted **out, struct problems *p);
void wanted_free(struct wanted *w); // NULL is fine

// The JSON pointer of a place.
void wanted_pointer(const struct wanted_place *place, char text[WANTED_POINTER_MAX]);

bool wanted_same_addresses(const struct wanted *a, const struct wanted *b);
bool wanted_same_routes(const struct wanted *a, const struct wanted *b);
// Rules, and which mirrors are public.
bool wanted_same_rules(const struct wanted *a, const struct wanted *b);
