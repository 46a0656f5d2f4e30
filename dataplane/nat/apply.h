// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the NAT nodes do to a packet once they know what it is: translate it along its session or
// EIP, and say where it goes. The checks that an ICMP error must quote the original for come first.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <rte_graph.h>

#include "dataplane/fib/l3.h"
#include "dataplane/ip4/forward.h"
#include "dataplane/ip4/route.h"
#include "dataplane/main/node.h"
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

// node_prefetch() for those n packets of a burst that stand at the positions `at`.
static __rte_always_inline void nat_prefetch(
	void *const *objs, const uint16_t *at, uint16_t k, uint16_t n)
{
	if (k + 2 * NODE_PREFETCH < n)
		rte_prefetch0(objs[at[k + 2 * NODE_PREFETCH]]);
	if (k + NODE_PREFETCH < n) {
		struct rte_mbuf *ahead = objs[at[k + NODE_PREFETCH]];

		rte_prefetch0(rte_mbuf_to_priv(ahead));
		rte_prefetch0(rte_pktmbuf_mtod(ahead, void *));
	}
}

// Whether an outbound flow's route has left the uplink whose address the flow has: that address
// must not be seen on another one, and a host that keeps sending shall not depend on an uplink for
// ever. A route with several next hops has not left it while one of them is there. Of a hairpin:
// whether its destination is no own address any more.
static inline bool nat_moved(
	const struct worker *w, struct meta *meta, const struct session *s, unsigned int dir)
{
	const struct adj *adj = l3_adj(w->l3, meta->adj);

	if (dir != SESSION_FORWARD || !(s->flags & (SESSION_BOUND | SESSION_HAIRPIN)))
		return false;
	if (unlikely(s->flags & SESSION_HAIRPIN))
		return adj->type != ADJ_LOCAL;
	if (likely(adj->port == s->uplink && adj->type != ADJ_LOCAL))
		return false;
	return !route_take_port(w->l3, meta, s->uplink);
}

// Whether a lookup's reference names a session that this packet belongs to; refreshes its timers.
// An ICMP error refreshes nothing (RFC 5508 REQ-11 a).
static inline bool nat_found(struct worker *w, struct meta *meta, uint32_t ref)
{
	unsigned int dir = session_ref_dir(ref);
	struct session *s;

	if (ref == 0)
		return false;
	s = session_at(w->sessions, ref);
	if (unlikely(meta->flags & META_ICMP_ERROR))
		return session_alive(s) && !nat_moved(w, meta, s, dir);
	if (unlikely(nat_moved(w, meta, s, dir))) {
		session_leave(s);
		return false;
	}
	return session_touch(s, dir, meta->tcp_flags, w->tick);
}

// Whether the packet begins a flow, as far as one packet shows: TCP with SYN alone, a query of
// ICMP, anything of other protocols.
static inline bool nat_begins_flow(const struct meta *meta)
{
	if (meta->flags & (META_FRAG_OTHER | META_ICMP_ERROR))
		return false;
	if (meta->proto == IPPROTO_TCP)
		return (meta->tcp_flags & (TH_SYN | TH_ACK | TH_RST)) == TH_SYN;
	return meta->proto != IPPROTO_ICMP || meta->icmp_type == ICMP_ECHO ||
	       meta->icmp_type == ICMP_TIMESTAMP;
}

// Whether a session may be made of the packet. Answers to nobody's question (backscatter, scans)
// make none; an ACK may: connections outlive a restart of the router.
static inline bool nat_opens_flow(const struct meta *meta)
{
	uint8_t flags = meta->tcp_flags & (TH_SYN | TH_FIN | TH_RST | TH_ACK);

	if (meta->flags & META_ICMP_ERROR)
		return false;
	if (meta->proto == IPPROTO_TCP)
		return flags == TH_SYN || flags == TH_ACK;
	return meta->proto != IPPROTO_ICMP || meta->icmp_type == ICMP_ECHO ||
	       meta->icmp_type == ICMP_TIMESTAMP;
}

// Whether replies to a packet from outside might leave by another uplink than it came in by, and
// can be led back to that one.
static inline bool nat_must_pin(
	const struct worker *w, const struct nat_section *s, const struct meta *meta)
{
	return s->pins && meta->side == SIDE_PUBLIC && l3_uplink(w->l3, meta->in_port) != 0 &&
	       !route_only_by(w->l3, fib_lookup(w->l3->fib, meta->src), meta->in_port);
}

// Fills in a request of a flow from outside that replies leave by the uplink that it came in by.
static inline void nat_pin(
	const struct nat_section *s, const struct meta *meta, struct nat_request *rq)
{
	if (meta->side != SIDE_PUBLIC)
		return;
	rq->uplink = meta->in_port;
	rq->flags = s->pins ? SESSION_LED_BACK << !rq->dir : 0;
}

// Translates a packet of a live session and sends it on. `adj`: egress adjacency if the destination
// stays what it is, from the lookup node.
rte_edge_t nat_apply(struct worker *w, struct rte_mbuf *m, struct meta *meta, struct session *s,
	unsigned int dir);

// So that nat_established knows where the session's packets go, also those whose destination stays
// what it is.
void nat_remember_route(struct worker *w, struct session *s, unsigned int dir);

// The same for a packet from the host of a hairpin session to that of another one, which takes it
// as an answer.
rte_edge_t nat_apply_hairpin(struct worker *w, struct rte_mbuf *m, struct meta *meta,
	const struct session *from, struct session *to);

// Stateless 1:1 translation of a packet to an EIP (from outside) or from its target (to outside).
rte_edge_t nat_eip_in(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_eip *e);
rte_edge_t nat_eip_out(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_eip *e);

// Counts a packet that a rule lets begin no flow. Creation counts for itself.
void nat_count_refused(struct worker *w, unsigned int kind, uint32_t rule);

// Makes the session of a new flow whose request is filled in but for the key, and applies it.
rte_edge_t nat_new(struct worker *w, struct rte_mbuf *m, struct meta *meta, struct nat_request *rq);

// Makes the session of a request with its key, or finds it: 0 and *ref, as from nat_create(). Else
// its negative errno, with meta->reason set.
int nat_begin(struct worker *w, struct meta *meta, struct nat_request *rq, uint32_t *ref);

// nat_new() for a request with its key.
rte_edge_t nat_start(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, struct nat_request *rq);
