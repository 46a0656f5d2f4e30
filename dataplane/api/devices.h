// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Inventory of the NICs on PCI that ports can be made of: those that are bound to a driver for user
// space. Control thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/api/proto.h"

#define DEVICES_SYSFS "/sys/bus/pci/devices"

// Whether `name` in `folder` (DEVICES_SYSFS but in tests) is a NIC bound to a driver for user
// space; if so, its address and driver are in *out, the rest of which is zero.
bool device_usable(const char *folder, const char *name, struct dump_device *out);

// Opens the device unless it is open and reads its MAC address. It stays open, stopped, until a
// port takes it. A device that cannot be opened has no MAC address.
void device_read_mac(struct dump_device *device);

// Calls `emit` for each of them; `in_use` tells whether a port has the address. 0 or negative
// errno.
int devices_each(void (*emit)(void *ctx, const struct dump_device *device),
	bool (*in_use)(void *ctx, const char *address), void *ctx);
