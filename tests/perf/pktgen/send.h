// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the generator sends by itself.
#pragma once

#include "tests/perf/pktgen/engine.h"

// Puts the next `n` packets of the schedule, at most SEND_MAX, into the lanes; there must be room.
// Returns how many it dealt with: fewer when buffers ran out.
#define SEND_MAX 256
unsigned int send_packets(struct engine *e, unsigned int n);

// Replaces the next flow of a set by a new one: closes the old one and opens the new one with up to
// two packets. 0, or -ENOBUFS.
int send_new_flow(struct engine *e, struct flow_set *s);

// The first packet of a flow as it is now, for the learn phase. 0, or -ENOBUFS.
int send_open(struct engine *e, struct flow_set *s, uint32_t slot);

// What flow `slot` sends from and to now.
static inline struct tuple flow_tuple(const struct flow_set *s, uint32_t slot)
{
	return space_tuple(&s->space, churn_tuple(&s->churn, slot));
}

static inline uint32_t flow_word(const struct flow_set *s, uint32_t slot)
{
	return slot | (churn_generation(&s->churn, slot) & GENERATION_MASK) << TAG_GENERATION_SHIFT;
}

static inline struct lane *flow_lane(struct port *p, uint32_t slot)
{
	return &p->lanes[p->options->queues > 1 ? slot % p->options->queues : 0];
}
