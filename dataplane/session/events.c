// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Memory of the rings, and their consumer's side.
#include "dataplane/session/events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/mman.h>

int event_ring_create(struct event_ring *r, uint32_t size)
{
	void *p;

	if (r->events != NULL)
		return 0;
	p = mmap(NULL, size * sizeof(struct session_event), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	r->mask = size - 1;
	r->events = p;
	return 0;
}

void event_ring_destroy(struct event_ring *r)
{
	if (r->events != NULL)
		munmap(r->events, (r->mask + 1ul) * sizeof(struct session_event));
	r->events = NULL;
}

void event_ring_push_block(struct event_ring *r, const struct port_block *b,
	enum session_event_type type, uint64_t tsc)
{
	const struct session_event e = {
		.key = { { .src = b->host }, { .dst = b->ext_addr,
						     .sport = htons(b->range.first),
						     .dport = htons(b->range.last) } },
		.tsc = tsc,
		.snat_rule = b->rule,
		.type = (uint8_t)type,
	};

	if (atomic_load_explicit(&r->on, memory_order_acquire))
		event_ring_put(r, &e);
}

unsigned event_ring_take(
	struct event_ring *r, uint64_t head, struct session_event *out, unsigned max)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	unsigned n = head - tail < max ? (unsigned)(head - tail) : max;

	for (unsigned i = 0; i < n; i++)
		out[i] = r->events[(tail + i) & r->mask];
	atomic_store_explicit(&r->tail, tail + n, memory_order_release);
	return n;
}
