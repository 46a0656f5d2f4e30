// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The rates of policing.
#include "dataplane/punt/police.h"

#include <rte_common.h>
#include <rte_malloc.h>

#define MIN_BURST 32 // packets

// Packets a second, of one port, all workers together.
static const uint32_t rates[PUNT_CLASS_COUNT] = {
	[PUNT_ARP] = 1000,
	[PUNT_ROUTING] = 5000,
	[PUNT_IKE] = 1000,
	[PUNT_SERVICE] = 50000,
	[PUNT_ICMP] = 1000,
	[PUNT_ANSWER] = 1000,
	[PUNT_REST] = 500,
};

struct police *police_create(unsigned int workers, uint64_t tsc_hz)
{
	struct police *p = rte_zmalloc("police", sizeof(*p), RTE_CACHE_LINE_SIZE);

	if (p == NULL)
		return NULL;
	for (unsigned int class = 0; class < PUNT_CLASS_COUNT; class ++) {
		// A tenth of a second of the worker's share.
		uint64_t burst = RTE_MAX(rates[class] / workers / 10, MIN_BURST);

		p->cost[class] = tsc_hz * workers / rates[class];
		p->depth[class] = burst * p->cost[class];
	}
	return p;
}

void police_destroy(struct police *p)
{
	rte_free(p);
}
