// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Values of 32 bits in 32 buckets for each power of two: percentiles within 3 %.
#pragma once

#include <stdint.h>

#define HISTOGRAM_BUCKETS 896

struct histogram {
	uint64_t count, sum;
	uint32_t min, max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline uint32_t histogram_bucket(uint32_t value)
{
	uint32_t e;

	if (value < 32)
		return value;
	e = 26 - (uint32_t)__builtin_clz(value);
	return (e + 1) * 32 + (value >> e & 31);
}

static inline void histogram_add(struct histogram *h, uint32_t value)
{
	h->buckets[histogram_bucket(value)]++;
	h->sum += value;
	if (h->count++ == 0 || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
}

// The value that the share (0 to 1) of all is not above: the upper end of its bucket, never above
// the largest value. 0 when there is none.
uint32_t histogram_percentile(const struct histogram *h, double share);

void histogram_merge(struct histogram *into, const struct histogram *h);
