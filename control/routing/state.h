// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What FRR says of OSPF, in control's words. Each call runs vtysh, some tens of milliseconds, at
// most its deadline: not for the commit thread. Members that FRR does not give are null.
#pragma once

#include <jansson.h>

#include "control/config/model.h"
#include "control/routing/vtysh.h"

// {"running", "router_id", "areas", "interfaces", "neighbours", "problems"}. `now` (may be NULL) is
// the running configuration. "running" is false when ospfd does not answer. NULL on memory failure.
json_t *ospf_state(const struct vtysh *v, const struct config *now);

// The routes that OSPF gave to zebra, one entry a prefix. 0 with a new reference, or negative
// errno: zebra does not answer.
int ospf_routes(const struct vtysh *v, json_t **out);

// What zebra chose, {prefix: {"type", "protocol", "next_hops": [{"address", "interface",
// "installed"}]}}, of routes that are not connected. The same.
int zebra_routes(const struct vtysh *v, json_t **out);
