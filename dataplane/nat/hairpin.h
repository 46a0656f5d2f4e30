// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Private hosts that reach each other by their external addresses and ports (RFC 4787 REQ-9, RFC
// 5382 REQ-8), as if the packet went outside and came back: each host has a session of its own with
// the other's external endpoint, with its own mapping, filtering, limits and timers. A packet goes
// by its sender's session, turns, and then by its receiver's: never more than these two.
//
// The forward key of such a session (SESSION_HAIRPIN) is that of the host's packets. The reverse
// key, from the other's external endpoint to its own, has SESSION_SIDE_HAIRPIN: only a packet that
// turns is looked up with it.
#pragma once

#include "dataplane/nat/apply.h"

// The first packet of a private host to an external port: makes its session, whoever lets the
// packet in. What no mapping can be behind goes on to the router itself.
rte_edge_t nat_hairpin_new(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_own *own);

// A packet of the session `s`, from its host.
rte_edge_t nat_hairpin_turn(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, struct session *s);
