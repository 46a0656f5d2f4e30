// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The NAT log as a subsystem of the engine.
#pragma once

#include "control/config/engine.h"
#include "control/dataplane/client.h"

struct natlog;

struct natlog *natlog_create(struct client *client); // NULL on memory failure
void natlog_destroy(struct natlog *n);		     // NULL is fine
struct subsystem natlog_subsystem(struct natlog *n);
