// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Interfaces that name their NIC by its MAC address: which device on PCI it is, the data plane
// knows.
#pragma once

#include "control/config/model.h"
#include "control/config/problem.h"
#include "control/dataplane/client.h"
#include "control/dataplane/objects.h"

// Completes the ports of `set` that have no driver, made of `c`: from `known` (NULL: nothing) where
// a port has the MAC address already, else from the data plane's inventory. 0, or negative errno:
// -EINVAL with a problem for each interface whose device does not exist.
int devices_resolve(struct client *client, const struct config *c, const struct objset *known,
	struct objset *set, struct problems *p);
