// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a configuration wants of the kernel: addresses of mirrors and routes, by mirror name, in a
// canonical order.
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/model.h"
#include "control/config/problem.h"

struct wanted_address {
	char mirror[IFNAMSIZ];
	struct in_addr address;
	uint8_t plen;
	bool vip;
	char pointer[48]; // where it stands in the document
};

struct wanted_hop {
	char mirror[IFNAMSIZ];
	struct in_addr gateway;
};

struct wanted_route {
	struct in_addr destination; // no host bits
	uint8_t plen;
	uint8_t priority; // the administrative distance
	uint8_t type;	  // enum route_type
	uint8_t n_hops;
	struct wanted_hop hops[MSG_ROUTE_HOPS];
	char pointer[48];
};

struct wanted {
	struct wanted_address *addresses; // interface addresses before VIPs
	size_t n_addresses;
	struct wanted_route *routes; // by destination, length, priority; one for each of these
	size_t n_routes;
};

// 0; -EINVAL with problems (routes that exclude each other); -ENOMEM.
int wanted_build(const struct config *c, struct wanted **out, struct problems *p);
void wanted_free(struct wanted *w); // NULL is fine

bool wanted_same_addresses(const struct wanted *a, const struct wanted *b);
bool wanted_same_routes(const struct wanted *a, const struct wanted *b);
