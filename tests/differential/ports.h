// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The bijection of the external ports that the two routers chose, per protocol, external address
// and peer: an endpoint-dependent mapping may use a port again for another peer.
#pragma once

#include "tests/differential/flow.h"
#include "tests/differential/rules.h"
#include "tests/differential/track.h"
#include "tests/differential/view.h"

// One external port, as each of the two chose it. ICMP: peer_port is 0.
struct binding {
	struct flow flow;
	uint8_t proto;
	uint32_t ext, peer;
	uint16_t peer_port;
	uint16_t ours, kernel;
	enum rule rule; // why only one of them is the host's own port, RULE_COUNT: they agree
	bool moved;	// one of the two has chosen anew since
	uint32_t idle;	// seconds since a packet went through it
};

#define BINDINGS_MAX (4 * STEPS_MAX)

struct ports {
	unsigned int n;
	struct binding list[BINDINGS_MAX];
};

// To whom one of the two delivers a packet that came from outside (an ICMP error: the packet that
// it quotes is the answer to one); NULL: to no port that was given.
const struct binding *ports_bound(const struct ports *ports, const struct frames *in, bool ours);

// The same, and it is in use.
void ports_use(struct ports *ports, const struct frames *in, bool ours);

// Seconds pass for all.
void ports_time(struct ports *ports, uint32_t seconds);

// Why the ports of the connection differ, RULE_COUNT: they do not.
enum rule ports_differ(const struct ports *ports, const struct flow *flow);

// Puts our port in the place of the kernel's in both endpoints of the kernel's packet, where SNAT
// chose it; a new one becomes a binding. `inside`: the port that the sender has. NULL: done;
// PORTS_COINCIDENCE; else what is wrong. `*rule`: what excuses a new binding that only one of the
// two kept, RULE_COUNT: nothing was to be excused.
extern const char PORTS_COINCIDENCE[];
const char *ports_replace(struct ports *ports, struct tracks *tracks, const struct flow *flow,
	const struct view *ours, const struct view *kernel, uint16_t inside, enum rule *rule);
