// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What AF_XDP ports need besides the driver: the XDP program, the netdev in the state that the
// driver wants, and devices of removed ports. DPDK 22.11 leaks the socket of a device that it
// closes, and the next one on that netdev is refused: so such a device is parked, and used again
// when a port of the same netdev comes. A parked socket takes frames until it is full, then they
// are dropped: nothing is forwarded. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dataplane/api/proto.h"

// Frames lie in a page with two headers in front; the far end of a veth obeys, too.
#define XDP_MTU_MAX 3506

struct netdev;
struct port_env;

// A device of the driver. It belongs to its port, or to the list of those that are parked.
struct xdp_device {
	SLIST_ENTRY(xdp_device) next;
	char netdev[MSG_NAME_MAX];
	unsigned int ifindex; // another one: the netdev was replaced, the device is dead
	uint16_t ethdev;
	bool broken; // half set up; closing it would corrupt memory in the driver
};

struct xdp {
	int program; // memfd with the object file, for the driver
	int control; // socket for ioctls on netdevs
	SLIST_HEAD(, xdp_device) parked;
};

// 0 or negative errno.
int xdp_create(struct xdp **out);
// Closes what is parked; no port is left. NULL is fine.
void xdp_destroy(struct xdp *x);

// Makes the port's netdev the port's alone: refuses one that the kernel uses, sets MTU, MAC and
// up, and reads it into `dev`. 0, or negative errno with a text.
int xdp_netdev_prepare(const struct port_env *env, const struct obj_port *conf, struct netdev *dev,
	char *err, size_t errlen);
int xdp_netdev_set_mtu(const char *name, uint16_t mtu, char *err, size_t errlen);
// Whether the netdev, still the same, has a carrier.
bool xdp_netdev_running(const struct xdp *x, const struct xdp_device *d);

// Detaches what an earlier process left on the netdev, having tried that our program can be
// attached. 0, or negative errno with a text.
int xdp_program_clear(unsigned int ifindex, const char *name, char *err, size_t errlen);

void xdp_park(struct xdp *x, struct xdp_device *d);
// The parked device of the netdev, which is the caller's then, or NULL.
struct xdp_device *xdp_unpark(struct xdp *x, const char *netdev);
