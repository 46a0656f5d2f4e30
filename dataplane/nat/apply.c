// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Translation of one packet by session or EIP. Run by workers.
#include "dataplane/nat/apply.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/nat/hairpin.h"
#include "dataplane/packet/parse.h"
#include "dataplane/packet/translate.h"

bool nat_key(struct rte_mbuf *m, const struct meta *meta, struct session_key *key)
{
	*key = (struct session_key){ .src = meta->src,
		.dst = meta->dst,
		.sport = meta->sport,
		.dport = meta->dport,
		.proto = meta->proto,
		.side = meta->side };
	if (unlikely(meta->flags & META_ICMP_ERROR)) {
		struct tuple q;
		uint16_t flags;

		packet_quoted_tuple(m, meta, &q, &flags);
		if (flags & META_FRAG_OTHER)
			return false;
		*key = (struct session_key){ .src = q.dst,
			.dst = q.src,
			.sport = q.dport,
			.dport = q.sport,
			.proto = q.proto,
			.side = meta->side };
	}
	return true;
}

// The route to a destination, from a cache while the generation of the destination's bucket is the
// same. The generation is read before the lookup: see fib.h.
static uint32_t cached_route(struct worker *w, _Atomic uint64_t *cache, rte_be32_t dst)
{
	uint16_t generation = fib_generation(w->l3->fib, dst);
	uint64_t cached = atomic_load_explicit(cache, memory_order_relaxed);
	uint32_t adj;

	if (likely(cached != 0 && (uint32_t)cached == generation))
		return cached >> 32;
	adj = fib_lookup(w->l3->fib, dst);
	atomic_store_explicit(cache, session_adj(adj, generation), memory_order_relaxed);
	return adj;
}

void nat_remember_route(struct worker *w, struct session *s, unsigned int dir)
{
	(void)cached_route(w, &s->adj[dir], s->key[!dir].src);
}

// Leads a reply to the uplink that its flow came in by: as the FIB says if that leaves there, too,
// else by the uplink's gateway. An uplink without a gateway pins nothing. False: it is gone.
static bool lead_back(struct worker *w, struct meta *meta, const struct session *s)
{
	uint32_t gateway;

	if (l3_adj(w->l3, meta->adj)->port == s->uplink || route_take_port(w->l3, meta, s->uplink))
		return true;
	if (worker_port(w, s->uplink) == NULL)
		return false;
	gateway = l3_uplink(w->l3, s->uplink);
	if (gateway == 0)
		return true;
	meta->adj = gateway;
	meta->out_port = s->uplink;
	meta->flags |= META_PINNED;
	return true;
}

static rte_edge_t apply_error(struct rte_mbuf *m, struct meta *meta, const struct session_key *key,
	const struct session_key *new)
{
	// As quoted, the packet went the other way.
	const struct tuple quoted = { .src = new->dst,
		.dst = new->src,
		.sport = new->dport,
		.dport = new->sport,
		.proto = new->proto };
	// An error from a host behind a translated source must not show that host.
	rte_be32_t src = new->src != key->src ? new->src : meta->src;

	if (packet_translate_error(m, meta, &quoted, src, new->dst) < 0)
		return nat_drop(meta, DROP_ICMP_INVALID);
	meta->flags |= META_NAT_DONE;
	return NAT_SEND;
}

// To meta->adj, as `new`. `key`: of the session that the packet came by.
static __rte_always_inline rte_edge_t apply_tuple(struct worker *w, struct rte_mbuf *m,
	struct meta *meta, const struct session_key *key, const struct session_key *new)
{
	const struct tuple to = { new->src, new->dst, new->sport, new->dport, new->proto };
	enum forward_verdict verdict = forward_check(meta, l3_adj(w->l3, meta->adj));

	if (unlikely(verdict != FORWARD_SEND))
		return nat_refuse(verdict);
	if (unlikely(meta->flags & META_ICMP_ERROR))
		return apply_error(m, meta, key, new);
	packet_translate(m, meta, &to);
	meta->flags |= META_NAT_DONE;
	return NAT_SEND;
}

rte_edge_t nat_apply(struct worker *w, struct rte_mbuf *m, struct meta *meta, struct session *s,
	unsigned int dir)
{
	const struct session_key new = session_new_tuple(s, dir);

	if (new.dst != meta->dst)
		(void)route_take(w->l3, meta, cached_route(w, &s->adj[dir], new.dst));
	if (unlikely(s->flags & (SESSION_LED_BACK << dir | SESSION_HAIRPIN))) {
		if (s->flags & SESSION_HAIRPIN)
			return nat_hairpin_turn(w, m, meta, s);
		if (!lead_back(w, meta, s)) {
			session_leave(s);
			return nat_drop(meta, DROP_NAT_UPLINK);
		}
	}
	return apply_tuple(w, m, meta, &s->key[dir], &new);
}

rte_edge_t nat_apply_hairpin(struct worker *w, struct rte_mbuf *m, struct meta *meta,
	const struct session *from, struct session *to)
{
	const struct session_key new = session_new_tuple(to, SESSION_REVERSE);

	(void)route_take(w->l3, meta, cached_route(w, &to->adj[SESSION_REVERSE], new.dst));
	return apply_tuple(w, m, meta, &from->key[SESSION_FORWARD], &new);
}

// Addresses alone: `diff` is what they add to a sum.
static inline void eip_translate(
	struct rte_mbuf *m, struct meta *meta, rte_be32_t src, rte_be32_t dst, uint16_t diff)
{
	if (likely(packet_is_plain(meta))) {
		const struct translation t = {
			.addresses = src | (uint64_t)dst << 32,
			.ports = meta->sport | (uint32_t)meta->dport << 16,
			.diff_addresses = diff,
			.diff_all = diff,
		};

		packet_translate_words(m, meta, &t, 0);
		meta->src = src;
		meta->dst = dst;
	} else {
		const struct tuple to = { src, dst, meta->sport, meta->dport, meta->proto };

		packet_translate(m, meta, &to);
	}
}

rte_edge_t nat_eip_in(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_eip *e)
{
	_Atomic uint64_t *cache = (_Atomic uint64_t *)(uintptr_t)&e->adj;
	enum forward_verdict verdict;

	(void)route_take(w->l3, meta, cached_route(w, cache, e->target));
	verdict = forward_check(meta, l3_adj(w->l3, meta->adj));
	if (unlikely(verdict != FORWARD_SEND))
		return nat_refuse(verdict);
	if (unlikely(meta->flags & META_ICMP_ERROR)) {
		struct tuple to;
		uint16_t flags;

		packet_quoted_tuple(m, meta, &to, &flags);
		if (to.src != e->vip) // about a packet that the target never sent
			return nat_drop(meta, DROP_NAT_NO_SESSION);
		to.src = e->target;
		if (packet_translate_error(m, meta, &to, meta->src, e->target) < 0)
			return nat_drop(meta, DROP_ICMP_INVALID);
	} else {
		eip_translate(m, meta, meta->src, e->target, csum_diff_back(e->diff));
	}
	meta->flags |= META_NAT_DONE;
	return NAT_SEND;
}

rte_edge_t nat_eip_out(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_eip *e)
{
	if (unlikely(meta->flags & META_ICMP_ERROR)) {
		struct tuple to;
		uint16_t flags;

		packet_quoted_tuple(m, meta, &to, &flags);
		if (to.dst == e->target)
			to.dst = e->vip;
		// The source may be a router on the way to the target: it must not show either.
		if (packet_translate_error(m, meta, &to, e->vip, meta->dst) < 0)
			return nat_drop(meta, DROP_ICMP_INVALID);
	} else {
		eip_translate(m, meta, e->vip, meta->dst, e->diff);
	}
	meta->flags |= META_NAT_DONE;
	return NAT_SEND;
}

static enum drop_reason create_reason(int rc)
{
	switch (rc) {
	case -EADDRINUSE:
		return DROP_NAT_PROTOCOL;
	case -EUSERS:
		return DROP_NAT_HOST_LIMIT;
	case -EDQUOT:
		return DROP_NAT_HOST_RATE;
	case -EADDRNOTAVAIL:
		return DROP_NAT_NO_PORT;
	case -ENOBUFS:
		return DROP_NAT_INDEX_FULL;
	case -EAGAIN:
		return DROP_NAT_BUSY;
	case -ESTALE:
		return DROP_NAT_FILTERED;
	default:
		return DROP_NAT_TABLE_FULL;
	}
}

static void add_one(uint64_t *n)
{
	__atomic_store_n(n, *n + 1, __ATOMIC_RELAXED); // this worker is its only writer
}

static void count_flow(struct worker *w, unsigned int kind, uint32_t rule, bool created)
{
	struct rule_stats *s = rules_stats_at(&w->dp->stats->rules[w->index], kind, rule);

	if (s != NULL)
		add_one(created ? &s->created : &s->refused);
}

// Of the rule that owns the flow and, as another one may, the rule that translates its source.
static void count_flow_of(struct worker *w, const struct nat_request *rq, bool created)
{
	count_flow(w, rq->rule_kind, rq->rule, created);
	if (rq->snat != NULL && rq->rule_kind != OBJ_SNAT)
		count_flow(w, OBJ_SNAT, rq->snat->rule, created);
}

void nat_count_refused(struct worker *w, unsigned int kind, uint32_t rule)
{
	count_flow(w, kind, rule, false);
}

// A private host is told (RFC 5508 REQ-8, RFC 6888 REQ-11 B); an outsider learns nothing.
static rte_edge_t create_refused(struct meta *meta)
{
	if (meta->side != SIDE_PRIVATE)
		return NAT_DROP;
	return nat_refuse(forward_error(meta, meta->reason, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED));
}

rte_edge_t nat_new(struct worker *w, struct rte_mbuf *m, struct meta *meta, struct nat_request *rq)
{
	// Without ports, every fragment has all that the session is made of.
	if ((meta->flags & META_FRAG_OTHER) && port_class(meta->proto) >= 0)
		return nat_drop(meta, DROP_FRAGMENT_NAT);
	if (!nat_opens_flow(meta))
		return nat_drop(meta, DROP_NAT_NO_SESSION);
	nat_key(m, meta, &rq->key);
	return nat_start(w, m, meta, rq);
}

int nat_begin(struct worker *w, struct meta *meta, struct nat_request *rq, uint32_t *ref)
{
	struct nat_worker *nw = w->feature[SECTION_NAT];
	int rc;

	rq->tcp_flags = meta->tcp_flags;
	rq->in_port = meta->in_port;
	rq->tick = w->tick;
	rc = nat_create(w->sessions, rq, nw, ref);
	if (rc < 0) {
		count_flow_of(w, rq, false);
		meta->reason = create_reason(rc);
		return rc;
	}
	if (nw->created != w->stats.sessions_created) {
		count_flow_of(w, rq, true);
		event_ring_push(&w->dp->events[w->index], session_at(w->sessions, *ref),
			SESSION_EVENT_START, 0, w->tsc);
	}
	w->stats.sessions_created = nw->created;
	w->stats.sessions_degraded = nw->degraded;
	return 0;
}

rte_edge_t nat_start(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, struct nat_request *rq)
{
	uint32_t ref;

	if (nat_begin(w, meta, rq, &ref) < 0)
		return create_refused(meta);
	return nat_apply(w, m, meta, session_at(w->sessions, ref), session_ref_dir(ref));
}
