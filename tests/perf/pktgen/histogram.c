// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Percentiles.
#include "tests/perf/pktgen/histogram.h"

#include <math.h>

// The largest value of a bucket.
static uint32_t upper_end(uint32_t bucket)
{
	uint32_t e;

	if (bucket < 32)
		return bucket;
	e = bucket / 32 - 1;
	return (uint32_t)(((uint64_t)(32 + bucket % 32) + 1) << e) - 1;
}

uint32_t histogram_percentile(const struct histogram *h, double share)
{
	uint64_t rank = (uint64_t)ceil(share * (double)h->count), seen = 0;

	for (uint32_t b = 0; b < HISTOGRAM_BUCKETS; b++) {
		seen += h->buckets[b];
		if (seen >= rank && seen > 0)
			return upper_end(b) < h->max ? upper_end(b) : h->max;
	}
	return 0;
}

void histogram_merge(struct histogram *into, const struct histogram *h)
{
	if (h->count == 0)
		return;
	if (into->count == 0 || h->min < into->min)
		into->min = h->min;
	if (h->max > into->max)
		into->max = h->max;
	into->count += h->count;
	into->sum += h->sum;
	for (uint32_t b = 0; b < HISTOGRAM_BUCKETS; b++)
		into->buckets[b] += h->buckets[b];
}
