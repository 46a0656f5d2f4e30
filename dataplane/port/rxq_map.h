// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which worker polls what. The rule is fixed: queue q of port p belongs to worker (p + q) mod
// workers, a mirror to worker p mod workers. So a change of one port never moves another's queue,
// and a queue never has two readers, not even during the grace period of a change.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/main/limits.h"

struct port;

struct rxq {
	struct port *port;
	uint16_t queue;
};

// One worker's part of the arrays below.
struct rxq_span {
	uint16_t first;
	uint16_t count;
};

// Immutable; built by the control thread, replaced by pointer, freed after a grace period.
struct rxq_map {
	unsigned int workers;
	struct rxq_span rxq_of[LIMIT_WORKERS];	  // in `rxq`
	struct rxq_span mirror_of[LIMIT_WORKERS]; // in `mirror`
	struct port *mirror[LIMIT_PORTS];	  // ports whose mirror is polled
	struct rxq rxq[];
};

static inline unsigned int rxq_worker(uint16_t port, uint16_t queue, unsigned int workers)
{
	return (port + queue) % workers;
}

static inline unsigned int mirror_worker(uint16_t port, unsigned int workers)
{
	return port % workers;
}

// From `n` ports (at most LIMIT_PORTS), NULL entries are skipped. NULL on memory failure.
struct rxq_map *rxq_map_build(struct port *const *ports, unsigned int n, unsigned int workers);
void rxq_map_free(struct rxq_map *map);

// The worker of each receive queue, "0 1 0 1", for people.
void rxq_map_text(const struct port *p, unsigned int workers, char *out, size_t size);
