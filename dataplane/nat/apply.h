// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the NAT nodes do to a packet once they know what it is: translate it along its session or
// EIP, and say where it goes. The checks that an ICMP error must quote the original for come first.
#pragma once

#include <rte_graph.h>

#include "dataplane/fib/l3.h"
#include "dataplane/ip4/forward.h"
#include "dataplane/main/worker.h"
#include "dataplane/nat/nodes.h"
#include "dataplane/nat/rules.h"
#include "dataplane/packet/meta.h"
#include "dataplane/packet/tuple.h"
#include "dataplane/session/table.h"

static inline rte_edge_t nat_drop(struct meta *meta, enum drop_reason reason)
{
	meta->reason = reason;
	return NAT_DROP;
}

static inline rte_edge_t nat_refuse(enum forward_verdict verdict)
{
	return verdict == FORWARD_ERROR ? NAT_ERROR : NAT_DROP;
}

// The key under which a packet's session is found. An ICMP error belongs to the session of the
// packet that it quotes: it is looked up as a reply to that. False: it can belong to none.
bool nat_key(struct rte_mbuf *m, const struct meta *meta, struct session_key *key);

// Whether a lookup's reference names a session that this packet belongs to; refreshes its timers.
// An ICMP error refreshes nothing (RFC 5508 REQ-11 a).
static inline bool nat_found(struct worker *w, const struct meta *meta, uint32_t ref)
{
	struct session *s;

	if (ref == 0)
		return false;
	s = session_at(w->sessions, ref);
	if (unlikely(meta->flags & META_ICMP_ERROR))
		return session_alive(s);
	return session_touch(s, session_ref_dir(ref), meta->tcp_flags, w->tick);
}

// Translates a packet of a live session and sends it on. `adj`: egress adjacency if the destination
// stays what it is, from the lookup node.
rte_edge_t nat_apply(struct worker *w, struct rte_mbuf *m, struct meta *meta, struct session *s,
	unsigned int dir);

// Stateless 1:1 translation of a packet to an EIP (from outside) or from its target (to outside).
rte_edge_t nat_eip_in(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_eip *e);
rte_edge_t nat_eip_out(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_eip *e);

// Makes the session of a new flow whose request is filled in but for the key, and applies it.
rte_edge_t nat_new(struct worker *w, struct rte_mbuf *m, struct meta *meta, struct nat_request *rq);

// The same for a request with its key.
rte_edge_t nat_start(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, struct nat_request *rq);
