// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Two TAP ports with a host each, and a loop in place of workers that forwards between two ports or
// between a port and its mirror.
#pragma once

#include "dataplane/punt/netdev.h"
#include "tests/unit/port/lab.h"

#define LOWER_UP (1u << 16) // IFF_LOWER_UP of linux/if.h, which clashes with net/if.h

extern const struct obj_port conf_a; // eth0 in NS_A, mirror "pa"
extern const struct obj_port conf_b; // eth0 in NS_B, mirror "pb"

void host_address(const char *netns, const char *address);
void host_addresses(void); // 10.9.0.10 in NS_A, 10.9.0.11 in NS_B, both /24

// Looks a netdev up; the result must be `expect`, 0 or a negative errno.
void find_netdev(const char *netns, const char *name, struct netdev *dev, int expect);

void forward(struct port *from, struct port *to);
// Forwards (b NULL: punts) until the command ends. Whether it ended well and in time.
bool forward_while(struct port *a, struct port *b, pid_t pid);
