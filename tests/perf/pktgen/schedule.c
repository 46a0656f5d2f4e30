// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Shares of sets and sizes.
#include "tests/perf/pktgen/schedule.h"

#include "tests/perf/pktgen/frame.h"
#include "tests/perf/pktgen/permutation.h"

#define IMIX_PERIOD 12

static unsigned int ways(const struct set_options *s)
{
	return s->measured[FORWARD] && s->measured[REVERSE] ? 2 : 1;
}

// Weights in halves, so that both ways get whole numbers.
static uint64_t share(const struct set_options *s)
{
	return 2ull * s->weight / ways(s);
}

void schedule_init(struct schedule *s, const struct options *o)
{
	uint64_t total = 0, sum = 0;
	struct permutation order;
	uint32_t pass, at = 0;

	for (unsigned int i = 0; i < o->n_sets; i++)
		total += 2ull * o->sets[i].weight;
	permutation_init(&order, SCHEDULE_TURNS, o->seed);
	for (unsigned int i = 0; i < 2 * o->n_sets; i++) {
		const struct set_options *set = &o->sets[i / 2];

		if (!set->measured[i % 2])
			continue;
		for (sum += share(set); at < sum * SCHEDULE_TURNS / total; at++)
			s->turns[permutation_next(&order, &pass)] =
				(struct stream){ (uint8_t)(i / 2), (uint8_t)(i % 2) };
	}
	s->next = 0;
}

static uint16_t imix_size(uint32_t i)
{
	i %= IMIX_PERIOD;
	if (i < 7)
		return 64;
	return i < 11 ? 594 : 1518;
}

uint32_t schedule_lengths(uint16_t lengths[SIZES_MAX], const struct set_options *s, uint64_t seed)
{
	uint32_t n = s->imix || s->size.first < s->size.last ? SIZES_MAX : 1;
	uint32_t span = s->size.last - s->size.first + 1, pass;
	struct permutation order;

	permutation_init(&order, n, seed);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t size =
			s->imix ? imix_size(i) : s->size.first + (uint32_t)((uint64_t)i * span / n);

		lengths[permutation_next(&order, &pass)] = (uint16_t)(size - FRAME_FCS);
	}
	return n;
}
