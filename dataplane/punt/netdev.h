// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Reading and changing one netdev by routing netlink. Control thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mnl_socket;

struct netdev {
	unsigned int ifindex;
	unsigned int flags; // IFF_UP ...
	unsigned int mtu;
	uint8_t mac[6];
};

// 0, -ENODEV, or another negative errno.
int netdev_get(struct mnl_socket *nl, const char *name, struct netdev *out);

enum netdev_state {
	NETDEV_KEEP,
	NETDEV_UP,
	NETDEV_DOWN,
};

// What to change; zero means keep.
struct netdev_change {
	int netns_fd; // move it there; 0: stay
	const char *name;
	const uint8_t *mac;
	unsigned int mtu;
	enum netdev_state state;
	uint8_t operstate; // IF_OPER_*, RFC 2863
};

// Applied in the order of the fields; on failure those before it may be done. 0, or negative errno
// with the kernel's own words, if it has any, else strerror's, in `err`.
int netdev_change(struct mnl_socket *nl, unsigned int ifindex, const struct netdev_change *change,
	char *err, size_t errlen);
