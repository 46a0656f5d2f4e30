// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The data plane as a subsystem of the engine: each commit becomes one transaction that carries the
// difference between what the data plane confirmed last and the new configuration; everything is
// sent when that is not known (first contact, restarted data plane, foreign generation).
// Commit thread only, except degraded().
#pragma once

#include "control/config/engine.h"
#include "control/dataplane/client.h"

struct dataplane;

// `client` is borrowed. NULL on memory failure.
struct dataplane *dataplane_create(struct client *client);
void dataplane_destroy(struct dataplane *d);

struct subsystem dataplane_subsystem(struct dataplane *d);
