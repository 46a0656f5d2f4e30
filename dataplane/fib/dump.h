// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Routes and neighbours as records of the transaction socket. Control thread only.
#pragma once

#include "dataplane/api/proto.h"

struct l3;

// One record per prefix: what the FIB uses. In no order.
void l3_dump_routes(struct l3 *l3, void (*emit)(void *ctx, const struct dump_route *r), void *ctx);
// `held` is left 0: workers hold packets, not this table.
void l3_dump_neighbours(
	const struct l3 *l3, void (*emit)(void *ctx, const struct dump_neighbour *r), void *ctx);
