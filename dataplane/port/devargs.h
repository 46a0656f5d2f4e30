// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// DPDK device arguments from a port's configuration. They are made here and nowhere else: an
// address from the configuration is checked so that it can be nothing but an address.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/api/proto.h"

#define DEVARGS_MAX 256

// A netdev name of the kernel without anything special to DPDK.
bool devargs_netdev_ok(const char *name);
// An absolute path that is no more than a path.
bool devargs_path_ok(const char *path);
// A PCI address in full, "0000:00:05.0".
bool devargs_pci_ok(const char *address);

// Splits the address of a TAP port, "netdev@namespace". False when it is not one.
bool devargs_split_tap(const char *address, char netdev[MSG_NAME_MAX], char netns[64]);

// The arguments of a port that DPDK drives, and the name of its device in `name`. 0, or negative
// errno with a text: -EINVAL (bad address), -ENOTSUP (no such driver here).
int devargs_build(const struct obj_port *conf, char name[64], char args[DEVARGS_MAX], char *err,
	size_t errlen);
