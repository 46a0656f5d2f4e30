// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The sizes of ranges and what divides by them.
#include "tests/perf/pktgen/space.h"

static struct divisor divisor_of(struct range r, uint32_t step)
{
	uint64_t n = (uint64_t)(r.last - r.first) / step + 1;

	if (n > UINT32_MAX) // the whole address space: numbers are never that large
		n = UINT32_MAX;
	return (struct divisor){ (uint32_t)n, n > 1 ? UINT64_MAX / n + 1 : 0 };
}

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

void space_init(struct space *s, struct range src, struct range dst, uint32_t dst_step,
	struct range sport, struct range dport)
{
	*s = (struct space){
		.src = src.first,
		.dst = dst.first,
		.dst_step = dst_step,
		.sport = (uint16_t)sport.first,
		.dport = (uint16_t)dport.first,
		.n_src = divisor_of(src, 1),
		.n_sport = divisor_of(sport, 1),
		.n_dst = divisor_of(dst, dst_step),
		.n_dport = dport.last - dport.first + 1,
	};
	s->size = times(
		times(s->n_src.divisor, s->n_sport.divisor), times(s->n_dst.divisor, s->n_dport));
}
