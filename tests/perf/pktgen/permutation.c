// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The keys of permutations.
#include "tests/perf/pktgen/permutation.h"

void permutation_rekey(struct permutation *p, uint32_t pass)
{
	uint64_t a = scramble(p->seed, 2ull * pass), b = scramble(p->seed, 2ull * pass + 1);

	p->pass = pass;
	p->counter = 0;
	p->left = p->n;
	p->add = (uint32_t)a;
	p->mul[0] = (uint32_t)(a >> 32) | 1; // odd: has an inverse
	p->mul[1] = (uint32_t)b | 1;
}

void permutation_init(struct permutation *p, uint32_t n, uint64_t seed)
{
	uint32_t bits = n > 1 ? 32 - (uint32_t)__builtin_clz(n - 1) : 0;

	p->n = n;
	p->seed = seed;
	p->mask = (uint32_t)((1ull << bits) - 1);
	p->shift = bits > 1 ? bits / 2 : 1;
	permutation_rekey(p, 0);
}
