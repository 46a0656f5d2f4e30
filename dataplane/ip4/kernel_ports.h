// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ports that the kernel of the mirrors' namespace uses for its own connections
// (net.ipv4.ip_local_port_range there). SNAT never takes them on an interface address.
#pragma once

#define KERNEL_PORT_FIRST 10240
#define KERNEL_PORT_LAST  32767
