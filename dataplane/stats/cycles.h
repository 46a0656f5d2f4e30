// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a packet costs, as a histogram of TSC cycles per packet, one sample for each walk that
// brought as many packets as it may and could send all that it had to. Exact below 32 cycles,
// then 32 buckets for each power of two, so that a bucket is at most 3 % wide. Median and tenth
// percentile of the samples between two readings say what a mean cannot on a machine where others
// run, too.
#pragma once

#include <stdint.h>

#define CYCLES_BITS    5
#define CYCLES_LINEAR  (1u << CYCLES_BITS)
#define CYCLES_MAX     ((1u << 15) - 1)
#define CYCLES_BUCKETS ((15 - CYCLES_BITS + 1) * CYCLES_LINEAR)

struct cycles_histogram {
	uint64_t sum; // cycles per packet of all samples, whole numbers
	uint64_t bucket[CYCLES_BUCKETS];
};

// The bucket of a number of cycles; the last one is of all above CYCLES_MAX, too.
static inline unsigned int cycles_bucket(uint32_t cycles)
{
	unsigned int shift;

	if (cycles < CYCLES_LINEAR)
		return cycles;
	if (cycles > CYCLES_MAX)
		return CYCLES_BUCKETS - 1;
	shift = 31 - CYCLES_BITS - (unsigned int)__builtin_clz(cycles);
	return shift * CYCLES_LINEAR + (cycles >> shift);
}

// The least number of cycles that a bucket is of.
static inline uint32_t cycles_floor(unsigned int bucket)
{
	unsigned int shift = bucket < CYCLES_LINEAR ? 0 : bucket / CYCLES_LINEAR - 1;

	return (bucket - shift * CYCLES_LINEAR) << shift;
}

// Counts a walk of at least `least` packets, not 0; one that lasted longer than 2^32 cycles counts
// as one of so many.
static inline void cycles_count(
	struct cycles_histogram *h, uint64_t cycles, uint32_t packets, uint32_t least)
{
	uint32_t each;

	if (packets < least)
		return;
	each = (cycles < UINT32_MAX ? (uint32_t)cycles : UINT32_MAX) / packets;
	h->sum += each;
	h->bucket[cycles_bucket(each)]++;
}

static inline uint64_t cycles_samples(const struct cycles_histogram *h)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < CYCLES_BUCKETS; i++)
		n += h->bucket[i];
	return n;
}

// The number of cycles that a share (0 to 1) of the samples is below, as if the samples of a bucket
// were evenly spread in it; 0 without samples.
static inline double cycles_quantile(const struct cycles_histogram *h, double share)
{
	double left = share * (double)cycles_samples(h);

	for (unsigned int i = 0; i < CYCLES_BUCKETS; i++) {
		double n = (double)h->bucket[i];

		if (n > 0 && n >= left)
			return cycles_floor(i) + left / n * (cycles_floor(i + 1) - cycles_floor(i));
		left -= n;
	}
	return 0;
}
