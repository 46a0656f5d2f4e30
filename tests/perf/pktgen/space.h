// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The tuples of a flow set: ranges of addresses and ports, and the tuple of a number. Sources count
// fastest, then source ports, destinations, destination ports.
#pragma once

#include <stdint.h>

struct tuple {
	uint32_t src, dst;     // network order
	uint16_t sport, dport; // network order; of ICMP the id is sport
};

// Division by a constant: the upper half of a product with 2^64 / divisor, exact for 32 bits.
struct divisor {
	uint32_t divisor;
	uint64_t inverse; // 0: the divisor is 1
};

struct space {
	uint32_t src, dst;     // first, host order
	uint32_t dst_step;     // from one destination to the next
	uint16_t sport, dport; // first, host order
	struct divisor n_src, n_sport, n_dst;
	uint32_t n_dport;
	uint64_t size; // tuples
};

struct range {
	uint32_t first, last;
};

// Of the destinations, every `dst_step`th (1: all).
void space_init(struct space *s, struct range src, struct range dst, uint32_t dst_step,
	struct range sport, struct range dport);

static inline uint32_t divide(const struct divisor *d, uint32_t *remainder, uint32_t number)
{
	uint32_t q = d->inverse != 0 ? (uint32_t)((__uint128_t)d->inverse * number >> 64) : number;

	*remainder = number - q * d->divisor;
	return q;
}

// `number` is below the size, and below 2^32.
static inline struct tuple space_tuple(const struct space *s, uint32_t number)
{
	uint32_t src, sport, dst;

	number = divide(&s->n_src, &src, number);
	number = divide(&s->n_sport, &sport, number);
	number = divide(&s->n_dst, &dst, number);
	return (struct tuple){ __builtin_bswap32(s->src + src),
		__builtin_bswap32(s->dst + dst * s->dst_step),
		__builtin_bswap16((uint16_t)(s->sport + sport)),
		__builtin_bswap16((uint16_t)(s->dport + number)) };
}

static inline struct tuple tuple_reversed(struct tuple t)
{
	return (struct tuple){ t.dst, t.src, t.dport, t.sport };
}
