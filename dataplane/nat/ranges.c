// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A range less the kernel's.
#include "dataplane/nat/ranges.h"

#include "dataplane/ip4/kernel_ports.h"

bool nat_port_usable(bool interface, uint16_t port)
{
	return port >= NAT_PORT_FIRST &&
	       !(interface && port >= KERNEL_PORT_FIRST && port <= KERNEL_PORT_LAST);
}

uint32_t nat_port_ranges(
	bool interface, uint16_t first, uint16_t last, struct port_range out[PORT_RANGES_MAX])
{
	uint32_t n = 0;

	if (first < NAT_PORT_FIRST)
		first = NAT_PORT_FIRST;
	if (last < first)
		return 0;
	if (!interface || last < KERNEL_PORT_FIRST || first > KERNEL_PORT_LAST) {
		out[n++] = (struct port_range){ first, last };
		return n;
	}
	if (first < KERNEL_PORT_FIRST)
		out[n++] = (struct port_range){ first, KERNEL_PORT_FIRST - 1 };
	if (last > KERNEL_PORT_LAST)
		out[n++] = (struct port_range){ KERNEL_PORT_LAST + 1, last };
	return n;
}
