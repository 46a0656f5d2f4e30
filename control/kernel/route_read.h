// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel's main table as it is now, for whoever asks: read by a socket of its own, on any
// thread, beside the monitor.
#pragma once

#include "control/kernel/route_table.h"

// Calls each() for every route that the data plane should follow, in the kernel's order; `name` of
// a netdev by its index ("" when it is gone) is valid until each() returns. 0 or negative errno.
struct route_reader {
	void (*each)(struct route_reader *r, const struct table_route *route);
	const char *(*name)(const struct route_reader *r, int ifindex); // set by the call
	const void *links;
};
int kernel_routes_read(const char *netns, struct route_reader *r);
