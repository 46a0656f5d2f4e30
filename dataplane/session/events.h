// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What happens to sessions and port blocks, for the NAT log: a ring for each thread that makes or
// ends them, one producer and one consumer. The producer never waits: what finds no room is counted
// as lost.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/session/blocks.h"
#include "dataplane/session/session.h"

enum session_event_type {
	SESSION_EVENT_START,
	SESSION_EVENT_STOP,
	// Of a block: src of key[0] is the host; dst of key[1] the external address, sport to dport
	// the ports. Nothing else but the time and `snat_rule` is set.
	SESSION_EVENT_BLOCK_START,
	SESSION_EVENT_BLOCK_STOP,
};

struct session_event {
	struct session_key key[2];
	uint64_t tsc;
	uint32_t rule;
	uint32_t snat_rule;
	uint16_t uplink;
	uint16_t flags;	   // enum session_flag
	uint8_t type;	   // enum session_event_type
	uint8_t cause;	   // enum session_end, of a stop
	uint8_t rule_kind; // enum obj_kind
	uint8_t spare[5];
};
static_assert(sizeof(struct session_event) == 64, "one cache line");

struct event_ring {
	alignas(64) _Atomic uint64_t head; // producer
	uint64_t seen_tail;		   // the same: the tail when it was looked at last
	_Atomic uint64_t lost;
	alignas(64) _Atomic uint64_t tail; // consumer
	alignas(64) _Atomic bool on;	   // control thread; `events` is set before
	uint32_t mask;
	struct session_event *events;
};

// Makes the memory of a ring resident, once; `size` is a power of two. 0 or -ENOMEM. Control
// thread.
int event_ring_create(struct event_ring *r, uint32_t size);
void event_ring_destroy(struct event_ring *r);

static inline void event_ring_put(struct event_ring *r, const struct session_event *e)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	if (head - r->seen_tail > r->mask)
		r->seen_tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	if (head - r->seen_tail > r->mask) {
		atomic_store_explicit(&r->lost,
			atomic_load_explicit(&r->lost, memory_order_relaxed) + 1,
			memory_order_relaxed);
		return;
	}
	r->events[head & r->mask] = *e;
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
}

// Whether a session has lines of its own: the block of its host says what source it has.
static inline bool session_logged(uint16_t flags)
{
	return (flags & (SESSION_BLOCK | SESSION_DNAT)) != SESSION_BLOCK;
}

static inline void event_ring_push(struct event_ring *r, const struct session *s,
	enum session_event_type type, uint8_t cause, uint64_t tsc)
{
	if (!atomic_load_explicit(&r->on, memory_order_acquire) || !session_logged(s->flags))
		return;
	const struct session_event e = {
		.key = { s->key[0], s->key[1] },
		.tsc = tsc,
		.rule = s->rule,
		.snat_rule = s->snat_rule,
		.uplink = s->uplink,
		.flags = s->flags,
		.type = (uint8_t)type,
		.cause = cause,
		.rule_kind = s->rule_kind,
	};
	event_ring_put(r, &e);
}

void event_ring_push_block(struct event_ring *r, const struct port_block *b,
	enum session_event_type type, uint64_t tsc);

// How far the producer has come: events before it can be taken.
static inline uint64_t event_ring_head(const struct event_ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_acquire);
}

// Copies at most `max` events that lie before `head`; their number. Consumer.
unsigned event_ring_take(
	struct event_ring *r, uint64_t head, struct session_event *out, unsigned max);
