// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the connections of a sequence went through, as far as it explains that the two routers have
// a different state of one.
#pragma once

#include "tests/differential/flow.h"
#include "tests/differential/rules.h"

struct track {
	struct flow flow;
	bool picked_up;	  // by a packet without SYN
	bool odd;	  // flags that belong to no connection that proceeds properly
	bool answered;	  // by a packet with ACK
	bool reset;	  // RST
	bool finished;	  // FIN
	bool lost;	  // a packet of it was not forwarded
	enum rule apart;  // its state differs from then on: why; RULE_COUNT: it does not
	uint32_t first;	  // sender of its first packet
	uint32_t idle[2]; // ours, kernel: seconds since a packet that refreshed it
};

struct tracks {
	unsigned int n;
	struct track list[STEPS_MAX];
};

// The connection's track, made when there is none: a step makes one at most.
struct track *track_of(struct tracks *tracks, const struct flow *flow);

// Whether the kernel saw a packet of it.
bool track_seen(const struct track *t);

// Seconds pass for all.
void track_time(struct tracks *tracks, uint32_t seconds);

// A packet of the connection, other than an ICMP error, was played.
void track_packet(struct track *t, const struct exchange *ours, const struct exchange *kernel);

// Why another host's flow of a protocol without ports, to the same peer, may be over in one of the
// two alone: there the peer is free for this one. RULE_COUNT: there is none.
enum rule tracks_rival(const struct tracks *tracks, const struct flow *flow);

// Whether a packet from outside is to a port that only one of the two gave its host, because the
// state of the connection differs: it has the connection's peer, and the host's own port.
bool tracks_apart(const struct tracks *tracks, const struct frames *in);

// Why the two may have a different state of the connection; RULE_COUNT: they may not.
enum rule track_differs(const struct track *t);

// Whether the packet is a SYN on a connection that one side at least has ended.
bool track_reopens(const struct track *t, const struct frames *in);

// The shortest idle time, in seconds, after which a connection like this ends.
uint32_t track_timer(const struct track *t);

// Whether one of the two may have ended the connection because of its idle time.
bool track_may_be_over(const struct track *t);
