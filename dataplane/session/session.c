// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// TCP states and idle times of sessions.
#include "dataplane/session/session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define TOUCH_TRIES 4
#define BOTH(bit)   ((uint64_t)(bit)*3)

static uint64_t next_tcp(uint64_t life, unsigned dir, uint8_t flags)
{
	bool closed = (life & BOTH(SESSION_FIN)) == BOTH(SESSION_FIN) || (life & SESSION_RST);

	// Anybody who guesses the tuple can send a reset: it shortens the timer, no more.
	if (flags & TH_RST)
		return life | SESSION_RST;
	// The endpoints use the tuple again (RFC 6191): a connection of its own.
	if ((flags & (TH_SYN | TH_ACK)) == TH_SYN && closed)
		return life & ~(BOTH(SESSION_SEEN) | BOTH(SESSION_FIN) | SESSION_RST);
	// The reset was not accepted: the connection goes on (RFC 7857 2.2).
	life &= ~(uint64_t)SESSION_RST;
	if (flags & TH_ACK)
		life |= (uint64_t)SESSION_SEEN << dir;
	if (flags & TH_FIN)
		life |= (uint64_t)SESSION_FIN << dir;
	return life;
}

uint64_t session_next_life(
	uint64_t life, uint8_t proto, unsigned dir, uint8_t tcp_flags, uint32_t tick)
{
	// Another worker's clock may be one tick ahead.
	if ((int32_t)(tick - (uint32_t)(life >> 32)) > 0)
		life = (life & UINT32_MAX) | (uint64_t)tick << 32;
	if (proto == IPPROTO_TCP)
		return next_tcp(life, dir, tcp_flags);
	return life | (uint64_t)SESSION_SEEN << dir;
}

bool session_touch_slow(struct session *s, unsigned dir, uint8_t tcp_flags, uint32_t tick)
{
	uint64_t life = atomic_load_explicit(&s->life, memory_order_acquire);

	for (unsigned i = 0; i < TOUCH_TRIES; i++) {
		uint64_t next = session_next_life(life, s->key[0].proto, dir, tcp_flags, tick);

		// A pending session belongs to its creator.
		if ((life & SESSION_STATE_MASK) == SESSION_PENDING)
			return true;
		if ((life & SESSION_STATE_MASK) != SESSION_LIVE)
			return false;
		if (next == life || atomic_compare_exchange_strong_explicit(&s->life, &life, next,
					    memory_order_acq_rel, memory_order_acquire))
			return true;
	}
	return true; // others keep refreshing it
}

void session_leave(struct session *s)
{
	uint64_t life = atomic_load_explicit(&s->life, memory_order_acquire);

	for (unsigned i = 0; i < TOUCH_TRIES; i++) {
		uint64_t moved = (life & ~(uint64_t)SESSION_STATE_MASK) | SESSION_MOVED;

		// Others keep refreshing it: the next packet tries again.
		if ((life & SESSION_STATE_MASK) != SESSION_LIVE ||
			atomic_compare_exchange_strong_explicit(
				&s->life, &life, moved, memory_order_acq_rel, memory_order_acquire))
			return;
	}
}

bool session_supersede(struct session *s)
{
	uint64_t life = atomic_load_explicit(&s->life, memory_order_acquire);

	for (unsigned i = 0; i < TOUCH_TRIES; i++) {
		uint64_t dead =
			(life & ~(uint64_t)SESSION_STATE_MASK) | SESSION_DEAD | SESSION_SUPERSEDED;

		if ((life & SESSION_STATE_MASK) != SESSION_LIVE ||
			session_tcp_state(life, s->key[0].proto) == TCP_STATE_ESTABLISHED)
			return false;
		if (atomic_compare_exchange_strong_explicit(
			    &s->life, &life, dead, memory_order_acq_rel, memory_order_acquire))
			return true;
	}
	return false;
}

enum tcp_state session_tcp_state(uint64_t life, uint8_t proto)
{
	if (proto != IPPROTO_TCP)
		return TCP_STATE_NONE;
	if (life & SESSION_RST)
		return TCP_STATE_RESET;
	if ((life & BOTH(SESSION_FIN)) == BOTH(SESSION_FIN))
		return TCP_STATE_CLOSING;
	return session_half_open(life) ? TCP_STATE_OPENING : TCP_STATE_ESTABLISHED;
}

uint32_t session_timeout(const struct session_timers *timers, uint64_t life, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return session_tcp_state(life, proto) == TCP_STATE_ESTABLISHED
			       ? timers->tcp_established
			       : timers->tcp_transitory;
	case IPPROTO_UDP:
		return timers->udp;
	case IPPROTO_ICMP:
		return timers->icmp;
	default:
		return timers->other;
	}
}
