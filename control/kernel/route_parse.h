// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// RTM_NEWROUTE and RTM_DELROUTE as routes of the table.
#pragma once

#include <stdbool.h>

#include <libmnl/libmnl.h>

#include "control/kernel/route_table.h"

// Whether the message is about a route that the data plane follows: unicast, blackhole,
// unreachable and prohibit routes of the main table. Connected routes (protocol kernel) it makes
// itself, from its addresses.
bool route_parse(const struct nlmsghdr *h, struct table_route *r);
