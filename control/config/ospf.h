// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the two files that parse `ospf` share. Internal to the parser.
#pragma once

#include "control/config/context.h"
#include "dataplane/main/limits.h"

#define OSPF_HELLO_DEFAULT 10 // seconds; RFC 2328 C.3
#define OSPF_DEAD_DEFAULT  40

struct ospf_parse {
	struct parse *ps;
	uint32_t hello_interval_s; // of interfaces that do not say their own
	uint32_t dead_interval_s;
	bool in_area[LIMIT_PORTS];   // by interface: it is in an area
	bool area_read[LIMIT_PORTS]; // by position: its id is known
};

// Reads hello_interval_s and dead_interval_s, which keep what they have when they are not there.
// False, reported: one is bad, or they do not fit each other.
bool ospf_parse_intervals(
	const struct reader *r, uint32_t *hello_interval_s, uint32_t *dead_interval_s);

// Reads `authentication` of an area or an interface; untouched when it is not there. No problem
// repeats a key.
void ospf_parse_authentication(const struct reader *r, struct ospf_authentication *out);

// Reads `interfaces` of an area. `authentication` is the area's.
void ospf_parse_interfaces(struct ospf_parse *op, const struct reader *r,
	struct ospf_area_config *area, const struct ospf_authentication *authentication);
