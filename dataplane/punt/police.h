// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Policing of packets to the kernel: a token bucket per port and class, each worker with its share
// of the rate, so that a flood of one kind at one port leaves the others alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/proto.h"
#include "dataplane/main/limits.h"

// Buckets in virtual scheduling form (GCRA, ITU-T I.371): one word says when the bucket is full.
struct police {
	uint64_t cost[PUNT_CLASS_COUNT];	      // of a packet, TSC cycles
	uint64_t depth[PUNT_CLASS_COUNT];	      // of the bucket, TSC cycles
	uint64_t full[LIMIT_PORTS][PUNT_CLASS_COUNT]; // TSC at which the bucket is full again
};

// State of one worker of `workers`; NULL on memory failure. Freed with police_destroy().
struct police *police_create(unsigned int workers, uint64_t tsc_hz);
void police_destroy(struct police *p);

// Whether a packet may go to the kernel at `tsc`, the walk's timestamp; takes its token then.
static inline bool police_admit(
	struct police *p, uint16_t port, enum punt_class class, uint64_t tsc)
{
	uint64_t *full = &p->full[port][class];
	uint64_t then = (*full > tsc ? *full : tsc) + p->cost[class];

	if (then > tsc + p->depth[class])
		return false;
	*full = then;
	return true;
}
