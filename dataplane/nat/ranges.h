// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The ports of an external address that SNAT may take.
#pragma once

#include "dataplane/session/portset.h"

#define NAT_PORT_FIRST 1024 // well-known ports stay with their services

// The ports of [first, last] that are left: from NAT_PORT_FIRST on, and on an interface's own
// address not those that the kernel uses itself. In order and apart; their number, 0 when none is
// left.
uint32_t nat_port_ranges(
	bool interface, uint16_t first, uint16_t last, struct port_range out[PORT_RANGES_MAX]);

// Whether a port is in any of such ranges.
bool nat_port_usable(bool interface, uint16_t port);
