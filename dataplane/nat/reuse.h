// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Endpoint-dependent ports (RFC 7857 3): one port serves many flows, as long as their reply tuples
// differ. Nothing is claimed but the reply's key in the index, so this only proposes ports.
#pragma once

#include "dataplane/nat/blocks.h"

#define NAT_REUSE_BATCH	  32 // ports whose keys are looked up together
#define NAT_REUSE_BATCHES 2  // tried for one flow, beside its own port

// A walk over the ports of a host from a random place, each once, in large steps.
struct nat_reuse {
	const struct session_table *t;
	const struct nat_ports *ports;
	enum port_class class;
	uint32_t next, left; // of port_ranges_at()
};

// Whether a flow may have the port: in the ranges, not reserved, and not of a mapping that takes
// packets from endpoints that it has not sent to: they could be this flow's replies.
bool nat_reusable(const struct session_table *t, const struct nat_ports *ports,
	enum port_class class, uint16_t port);

void nat_reuse_start(struct nat_reuse *r, const struct session_table *t,
	const struct nat_ports *ports, enum port_class class, struct nat_worker *w);

// The next ports, in network order, for which `key` (with the port as its dport) is not in the
// index now. Looks at NAT_REUSE_BATCH ports; their number may be 0.
unsigned nat_reuse_next(
	struct nat_reuse *r, struct session_key key, uint16_t ports[NAT_REUSE_BATCH]);
