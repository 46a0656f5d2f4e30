// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// How full the data plane's tables and external ports are, from the counters in shared memory: no
// question to the data plane, so that it can always be told.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "control/api/counters.h"

// Use that operators should know of before the table refuses.
static inline bool fill_alarm(uint64_t used, uint64_t max)
{
	return max > 0 && used * 100 >= max * LIMIT_ALARM_PERCENT;
}

struct fill {
	const char *name;     // of the table, NULL: ports
	uint32_t address;     // of the ports, network order
	const char *protocol; // of the ports, NULL: blocks of them
	uint64_t used, max;
};

// Calls `each` for the tables of sessions; for the ports of each external address, and for its port
// blocks if its rules give any.
void fill_tables(
	const struct process_stats *p, void (*each)(void *ctx, const struct fill *f), void *ctx);
void fill_ports(
	const struct stats_shm *shm, void (*each)(void *ctx, const struct fill *f), void *ctx);

// "sessions", "ports 203.0.113.1 udp" or "blocks 203.0.113.1".
void fill_name(const struct fill *f, char *out, size_t size);

#define FILL_NAME_MAX 32
