// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The numbers 0 to n - 1 in a random order, a new one in each pass, without storage: a counter over
// the next power of two goes through steps that each have an inverse; what is not below n is left
// out.
#pragma once

#include <stdint.h>

struct permutation {
	uint32_t n;	      // 1 to 2^31
	uint32_t mask;	      // next power of two - 1
	uint32_t shift;	      // half of its bits, at least 1
	uint32_t counter;     // next input, up to mask + 1
	uint32_t left;	      // numbers to come in this pass
	uint32_t pass;	      // from 0, wraps
	uint32_t add, mul[2]; // this pass's key
	uint64_t seed;
};

void permutation_init(struct permutation *p, uint32_t n, uint64_t seed);

// Begins the next pass; permutation_next() does so by itself.
void permutation_rekey(struct permutation *p, uint32_t pass);

static inline uint32_t permutation_at(const struct permutation *p, uint32_t counter)
{
	uint32_t x = (counter + p->add) & p->mask;

	x ^= x >> p->shift;
	x = (x * p->mul[0]) & p->mask;
	x ^= x >> p->shift;
	x = (x * p->mul[1]) & p->mask;
	return x ^ x >> p->shift;
}

// The next number; *pass is the pass that it belongs to.
static inline uint32_t permutation_next(struct permutation *p, uint32_t *pass)
{
	uint32_t x;

	if (p->left == 0)
		permutation_rekey(p, p->pass + 1);
	do
		x = permutation_at(p, p->counter++);
	while (x >= p->n);
	p->left--;
	*pass = p->pass;
	return x;
}

// A 64-bit random number from a seed and a number (splitmix64's finalizer).
static inline uint64_t scramble(uint64_t seed, uint64_t number)
{
	uint64_t x = seed + (number + 1) * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}
