// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// FRR as a subsystem: what ospfd is told, through vtysh, and whether it is there. Control never
// starts it. Commit thread only, but for degraded(), routing_counters() and routing_vtysh().
#pragma once

#include <stdint.h>

#include "control/config/engine.h"
#include "control/main/jobs.h"
#include "control/routing/vtysh.h"

struct routing;

struct routing_counters {
	uint64_t repairs;  // lines that audits put right
	uint64_t restarts; // times that ospfd came (back) and was configured
};

// `vtysh` and `socket_dir` are borrowed, as `jobs` is. NULL on memory failure.
struct routing *routing_create(const char *vtysh, const char *socket_dir, struct jobs *jobs);
void routing_destroy(struct routing *r); // NULL is fine

struct subsystem routing_subsystem(struct routing *r);

// Of ospfd, when its routes are to be held: see absence.h. `ctx` is the struct routing.
uint64_t routing_absence(void *ctx);

void routing_counters(const struct routing *r, struct routing_counters *out); // any thread
const struct vtysh *routing_vtysh(const struct routing *r);		      // any thread
