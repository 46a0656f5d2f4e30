// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Free slots as a Treiber stack. The ABA tag changes with every push and pop, so that a pop which
// was overtaken cannot install a stale link.
#include "dataplane/session/slab.h"

static _Atomic uint32_t *link_of(const struct slab *slab, uint32_t ref)
{
	return (_Atomic uint32_t *)(void *)(slab->links + (uint64_t)(ref - 1) * slab->stride);
}

static uint64_t make_top(uint64_t old, uint32_t ref)
{
	return ((old >> 32) + 1) << 32 | ref;
}

static uint32_t pop(struct slab *slab)
{
	uint64_t top = atomic_load_explicit(&slab->head->top, memory_order_acquire);

	for (;;) {
		uint32_t ref = (uint32_t)top;
		uint32_t next;

		if (ref == 0)
			return 0;
		next = atomic_load_explicit(link_of(slab, ref), memory_order_relaxed);
		if (atomic_compare_exchange_weak_explicit(&slab->head->top, &top,
			    make_top(top, next), memory_order_acquire, memory_order_acquire))
			return ref;
	}
}

// Takes a slot that was never used.
static uint32_t extend(struct slab *slab)
{
	uint32_t high = atomic_load_explicit(&slab->head->high, memory_order_relaxed);

	while (high < slab->capacity)
		if (atomic_compare_exchange_weak_explicit(&slab->head->high, &high, high + 1,
			    memory_order_release, memory_order_relaxed))
			return high + 1;
	return 0;
}

uint32_t slab_alloc(struct slab *slab)
{
	uint32_t ref = pop(slab);

	if (ref == 0)
		ref = extend(slab);
	if (ref != 0)
		atomic_fetch_add_explicit(&slab->head->used, 1, memory_order_relaxed);
	return ref;
}

uint32_t slab_second(const struct slab *slab)
{
	uint32_t next = (uint32_t)atomic_load_explicit(&slab->head->top, memory_order_acquire);
	uint32_t high = atomic_load_explicit(&slab->head->high, memory_order_relaxed);

	if (next != 0)
		return atomic_load_explicit(link_of(slab, next), memory_order_relaxed);
	return high + 1 < slab->capacity ? high + 2 : 0;
}

void slab_chain(struct slab *slab, struct slab_chain *chain, uint32_t ref)
{
	atomic_store_explicit(link_of(slab, ref), chain->first, memory_order_relaxed);
	chain->first = ref;
	if (chain->last == 0)
		chain->last = ref;
	chain->n++;
}

void slab_free_chain(struct slab *slab, struct slab_chain *chain)
{
	uint64_t top = atomic_load_explicit(&slab->head->top, memory_order_relaxed);

	if (chain->n == 0)
		return;
	do {
		atomic_store_explicit(
			link_of(slab, chain->last), (uint32_t)top, memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(&slab->head->top, &top,
		make_top(top, chain->first), memory_order_release, memory_order_relaxed));
	atomic_fetch_sub_explicit(&slab->head->used, chain->n, memory_order_relaxed);
	*chain = (struct slab_chain){ 0 };
}

void slab_free(struct slab *slab, uint32_t ref)
{
	struct slab_chain chain = { 0 };

	slab_chain(slab, &chain, ref);
	slab_free_chain(slab, &chain);
}
