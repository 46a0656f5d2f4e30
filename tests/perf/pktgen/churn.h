// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Flows that are replaced by new ones, one after another, without storage: slot i of `flows` has
// had as many tuples as the round over the slots has passed it, its generation. Generation g of
// slot i is tuple g * flows + i of the space, modulo its size.
#pragma once

#include <stdint.h>

#define GENERATION_MASK 63 // what a packet carries of it

struct churn {
	uint32_t flows;
	uint32_t space;	     // tuples, at least `flows`
	uint32_t slot;	     // the next to be replaced
	uint32_t generation; // that it gets; those before it have it
	uint32_t base, last; // first tuple of `generation`, of the one before
	uint64_t reused;     // flows that got a tuple a second time
	uint64_t opened;
};

static inline void churn_init(struct churn *c, uint32_t flows, uint64_t space)
{
	*c = (struct churn){ .flows = flows,
		.space = space < UINT32_MAX ? (uint32_t)space : UINT32_MAX,
		.generation = 1 };
	c->base = (uint32_t)((uint64_t)flows % c->space);
}

static inline uint32_t churn_generation(const struct churn *c, uint32_t slot)
{
	return slot < c->slot ? c->generation : c->generation - 1;
}

// The number of the slot's tuple now.
static inline uint32_t churn_tuple(const struct churn *c, uint32_t slot)
{
	uint64_t at = (uint64_t)(slot < c->slot ? c->base : c->last) + slot;

	return (uint32_t)(at < c->space ? at : at - c->space);
}

// Replaces the next slot's flow; returns the slot.
static inline uint32_t churn_next(struct churn *c)
{
	uint32_t slot = c->slot++;

	c->opened++;
	if ((uint64_t)c->generation * c->flows + slot >= c->space)
		c->reused++;
	if (c->slot == c->flows) {
		c->slot = 0;
		c->generation++;
		c->last = c->base;
		c->base = (uint32_t)(((uint64_t)c->base + c->flows) % c->space);
	}
	return slot;
}
