// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A session: a flow that is translated, or whose path is remembered. Line 0 is all that a packet
// touches. Workers create and refresh sessions; only the sweeper ends them.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A packet's 5-tuple and side of arrival, compared as 128 bits. Addresses and ports are in network
// order. ICMP queries: id in sport of a request and in dport of a reply, 0 in the other.
struct session_key {
	alignas(16) uint32_t src;
	uint32_t dst;
	uint16_t sport;
	uint16_t dport;
	uint8_t proto;
	uint8_t side;  // enum side, or SESSION_SIDE_HAIRPIN
	uint16_t zone; // 0
};
static_assert(sizeof(struct session_key) == 16, "compared as 128 bits");

// Side of the replies to a hairpin: no packet arrives from there. See nat/hairpin.h.
#define SESSION_SIDE_HAIRPIN 0xfc

enum session_dir {
	SESSION_FORWARD, // as the first packet
	SESSION_REVERSE,
};

// `life`: tick of the last packet in bits 63..32, and these bits.
enum session_life {
	SESSION_FREE = 0,    // slot not in use
	SESSION_PENDING = 1, // being created; may be met through its reverse key
	SESSION_LIVE = 2,
	SESSION_DEAD = 3,  // given up by its creator; the sweeper collects it
	SESSION_LIMBO = 4, // ended by the sweeper, waits for the grace period
	SESSION_MOVED = 5, // its path is gone: session_leave(); the sweeper collects it
	SESSION_STATE_MASK = 7,
	// Shifted left by the direction. SEEN: a packet came this way; of TCP one with ACK and
	// without RST, so that only a handshake (or, of a connection that is older than the
	// session, data and its answer) sets both.
	SESSION_SEEN = 1u << 4,
	SESSION_FIN = 1u << 6,
	SESSION_RST = 1u << 8,	      // of the connection
	SESSION_SUPERSEDED = 1u << 9, // dead for the sake of another session: session_supersede()
};

enum session_flag {
	SESSION_SNAT = 1u << 0,		      // has a host
	SESSION_DNAT = 1u << 1,		      // forward destination is changed
	SESSION_ENDPOINT_DEPENDENT = 1u << 2, // no mapping: its port is shared by destination
	SESSION_DEGRADED = 1u << 3,	      // so against its rule: no port was free
	SESSION_BOUND = 1u << 4,	      // is over when its route leaves `uplink`
	SESSION_LED_BACK = 1u << 5, // shifted left by the direction: leaves by `uplink`, always
	SESSION_BLOCK = 1u << 7,    // its port is in a block of its host
	SESSION_HAIRPIN = 1u << 8,  // of a host that sends to another one's external endpoint
};

struct session {
	struct session_key key[2]; // by direction, as packets arrive
	_Atomic uint64_t life;
	_Atomic uint64_t adj[2]; // by direction: session_adj(), 0: none cached
	uint16_t uplink;	 // port id of the public side, 0: none
	uint16_t flags;		 // enum session_flag
	// What the translation of a packet of the forward direction adds to a sum (csum.h): its
	// addresses; addresses and ports. Never 0. The other direction takes as much away.
	uint16_t diff_addresses, diff_all;

	uint32_t mapping;    // or its peer, slot + 1; 0: none (endpoint-dependent, or no SNAT)
	uint32_t host;	     // slot + 1, 0: none
	uint32_t rule;	     // of the rule that owns the session
	uint32_t epoch;	     // of `rule` at creation
	uint32_t snat_rule;  // of the mapping, 0: none
	uint32_t snat_epoch; // of `snat_rule` at creation
	uint32_t created;    // tick
	uint8_t rule_kind;   // enum obj_kind of `rule`, 0: no rule
	uint8_t pad;
	uint16_t in_port;	    // port id that the first packet came in by
	uint32_t limbo;		    // slot + 1 of the next session in limbo, sweeper only
	_Atomic uint32_t next_free; // slab link
	uint16_t block;		    // endpoint-dependent: as mapping.block, at its host's address
	uint8_t spare[22];
};
static_assert(sizeof(struct session) == 128, "two cache lines");
static_assert(offsetof(struct session, mapping) == 64, "hot line");

// Idle time in seconds after which a session ends (RFC 4787, 5382, 5508, 7857). The control thread
// changes one at any time; sessions that exist follow.
struct session_timers {
	_Atomic uint32_t tcp_established;
	_Atomic uint32_t tcp_transitory;
	_Atomic uint32_t udp;
	_Atomic uint32_t icmp;
	_Atomic uint32_t other;
};

#define SESSION_TIMERS_DEFAULT                                                                     \
	{                                                                                          \
		.tcp_established = 7440, .tcp_transitory = 240, .udp = 300, .icmp = 60,            \
		.other = 600                                                                       \
	}

enum tcp_state {
	TCP_STATE_NONE,	   // not TCP
	TCP_STATE_OPENING, // not SEEN both ways
	TCP_STATE_ESTABLISHED,
	TCP_STATE_CLOSING, // FIN both ways
	TCP_STATE_RESET,
};

// What a packet of this direction leaves with: the reverse of the other direction's key. `side` is
// not part of the answer.
static inline struct session_key session_new_tuple(const struct session *s, unsigned dir)
{
	const struct session_key *back = &s->key[!dir];

	return (struct session_key){ .src = back->dst,
		.dst = back->src,
		.sport = back->dport,
		.dport = back->sport,
		.proto = back->proto };
}

// The same as words: source in the lower half, as in a packet.
static inline uint64_t session_new_addresses(const struct session *s, unsigned dir)
{
	uint64_t back;

	memcpy(&back, &s->key[!dir].src, sizeof(back));
	return back << 32 | back >> 32;
}

static inline uint32_t session_new_ports(const struct session *s, unsigned dir)
{
	uint32_t back;

	memcpy(&back, &s->key[!dir].sport, sizeof(back));
	return back << 16 | back >> 16;
}

// Next `life` after a packet with these TCP flags (0 for other protocols).
uint64_t session_next_life(
	uint64_t life, uint8_t proto, unsigned dir, uint8_t tcp_flags, uint32_t tick);

bool session_touch_slow(struct session *s, unsigned dir, uint8_t tcp_flags, uint32_t tick);

// A packet of this session: true, or false when the session is dead: treat as a miss. `tick` is
// the monotonic clock in seconds. Writes only when the tick or the TCP state changes.
static inline bool session_touch(struct session *s, unsigned dir, uint8_t tcp_flags, uint32_t tick)
{
	uint64_t life = atomic_load_explicit(&s->life, memory_order_acquire);
	uint64_t seen = (uint64_t)SESSION_SEEN << dir;

	// ACK, PSH and URG change nothing once they were seen, unless a reset was.
	if ((life & (SESSION_STATE_MASK | SESSION_RST | seen)) == (SESSION_LIVE | seen) &&
		life >> 32 == tick && (tcp_flags & 0x07) == 0)
		return true;
	return session_touch_slow(s, dir, tcp_flags, tick);
}

// Its path is gone: from now on a miss for every packet, so that the next one may make another
// session. Any worker.
void session_leave(struct session *s);

// LIVE or PENDING: its translation may be used.
static inline bool session_alive(const struct session *s)
{
	uint64_t state = atomic_load_explicit(&s->life, memory_order_acquire) & SESSION_STATE_MASK;

	return state == SESSION_LIVE || state == SESSION_PENDING;
}

// Ends a live session, by a worker, in favour of one that has a better right to its keys. False
// when it is not live, others change it meanwhile, or it is an established TCP connection: no
// packet from elsewhere may end that (RFC 5382 REQ-5).
bool session_supersede(struct session *s);

enum tcp_state session_tcp_state(uint64_t life, uint8_t proto);

// Not SEEN both ways: a handshake that is not complete, or packets that nobody has answered.
static inline bool session_half_open(uint64_t life)
{
	return (life & SESSION_SEEN * 3) != SESSION_SEEN * 3;
}

// Idle seconds that the session may have in this state.
uint32_t session_timeout(const struct session_timers *timers, uint64_t life, uint8_t proto);

// The adjacency cache: index and the generation of its destination's bucket.
static inline uint64_t session_adj(uint32_t adj, uint32_t generation)
{
	return (uint64_t)adj << 32 | generation;
}
