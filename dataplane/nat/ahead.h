// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The new flows of a burst, before their sessions are made one by one: finds for all of them what
// creation will touch and starts loading it, so that the cache misses of different flows overlap.
// Nothing is claimed or changed, and creation relies on none of it: an earlier flow of the burst,
// or another worker, may take what is found here.
#pragma once

#include "dataplane/nat/create.h"

#define NAT_AHEAD 64 // flows at once

struct nat_ahead {
	// As in the flow's request to come.
	struct session_key key;
	const struct nat_source *snat;
	uint32_t dst;
	uint16_t dport;
	uint8_t reply_side;

	// Set by nat_ahead(), valid until the worker's next quiescent state.
	uint16_t start;	  // host order: from where on to look for a free port
	uint16_t port;	  // host order: that was free, 0: none found
	uint32_t host;	  // index entry, 0: none found
	uint32_t mapping; // the same
};

// n <= NAT_AHEAD.
void nat_ahead(struct session_table *t, struct nat_worker *w, struct nat_ahead *flows, unsigned n);
