// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Routes and neighbours as records of the transaction socket. Control thread only.
#pragma once

#include "dataplane/api/proto.h"

struct l3;

// A record for each next hop of what the FIB uses, and of the hidden route from control, for up to
// `most` prefixes (0: all). In no order; `from` and the result as for rib_walk_part().
uint32_t l3_dump_routes(struct l3 *l3, uint32_t from, uint32_t most,
	void (*emit)(void *ctx, const struct dump_route *r), void *ctx);
// `held` is left 0: workers hold packets, not this table.
void l3_dump_neighbours(
	const struct l3 *l3, void (*emit)(void *ctx, const struct dump_neighbour *r), void *ctx);
