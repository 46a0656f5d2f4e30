// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// nat_inbound: packets to an own address. In this order: an established session, the EIP of the
// address, its port forwards, a mapping whose filtering lets it in; else the packet is for the
// router itself. A private host that uses an EIP or a forward (hairpin) gets a session, and where
// it would be asymmetric its source is translated, too.
#include <netinet/in.h>

#include "dataplane/ip4/nodes.h"
#include "dataplane/nat/burst.h"
#include "dataplane/nat/unsolicited.h"

// Source NAT of a flow that comes from `side` and goes to a target behind the adjacency: towards a
// target that asks for it, for a host that reaches a host of its own port by a public address, and
// for one whose flow leaves by a public port.
static const struct nat_source *inbound_source(const struct worker *w, const struct adj *adj,
	const struct meta *meta, uint16_t vip_port, bool source_nat_inbound)
{
	const struct nat_section *s = nat_of(w->set);
	const struct nat_snat *rule = NULL;

	if (source_nat_inbound && s->inbound[adj->port].n_pool != 0)
		return &s->inbound[adj->port];
	if (meta->side != SIDE_PRIVATE)
		return NULL;
	// To a target outside: the flow leaves like the host's others.
	if (set_is_public(w->set, adj->port)) {
		rule = nat_snat(s, meta->src, adj->port);
		return rule == NULL ? NULL : &rule->source;
	}
	if (adj->port != meta->in_port)
		return NULL;
	rule = nat_snat(s, meta->src, vip_port);
	for (uint16_t port = 1; rule == NULL && port < LIMIT_PORTS; port++)
		rule = nat_snat(s, meta->src, port);
	return rule == NULL ? NULL : &rule->source;
}

static rte_edge_t inbound_create(struct worker *w, const struct nat_section *s, struct rte_mbuf *m,
	struct meta *meta, struct nat_request *rq, uint16_t vip_port, bool source_nat_inbound)
{
	const struct adj *adj;
	enum forward_verdict verdict;

	adj = route_adj(w->l3, meta, fib_lookup(w->l3->fib, rq->dst));
	verdict = forward_check(meta, adj);
	if (verdict != FORWARD_SEND) // what is not forwarded makes no session
		return nat_refuse(verdict);
	rq->reply_side = set_is_public(w->set, adj->port) ? SIDE_PUBLIC : SIDE_PRIVATE;
	nat_pin(s, meta, rq);
	rq->snat = inbound_source(w, adj, meta, vip_port, source_nat_inbound);
	return nat_new(w, m, meta, rq);
}

static rte_edge_t inbound_eip(struct worker *w, const struct nat_section *s, struct rte_mbuf *m,
	struct meta *meta, const struct nat_eip *e)
{
	struct nat_request rq = {
		.dst = e->target,
		.dport = meta->dport,
		.rule_kind = OBJ_EIP,
		.rule = e->id,
		.epoch = e->epoch,
	};

	return inbound_create(w, s, m, meta, &rq, e->port, e->source_nat_inbound);
}

static const struct nat_forward *forward_find(
	const struct nat_section *s, const struct nat_own *own, const struct meta *meta)
{
	const struct portmap *map;
	uint32_t i;

	if (meta->proto != IPPROTO_TCP && meta->proto != IPPROTO_UDP)
		return NULL;
	map = own->forward[meta->proto == IPPROTO_UDP];
	if (map == NULL || !(meta->flags & META_HAS_PORTS))
		return NULL;
	i = portmap_get(map, meta->dport);
	return i == 0 ? NULL : &s->forwards[i - 1];
}

// The target's port, network order.
static rte_be16_t forward_port(const struct nat_forward *f, const struct meta *meta)
{
	return rte_cpu_to_be_16(f->target_first + rte_be_to_cpu_16(meta->dport) - f->first);
}

static rte_edge_t inbound_forward(struct worker *w, const struct nat_section *s, struct rte_mbuf *m,
	struct meta *meta, const struct nat_forward *f)
{
	struct nat_request rq = {
		.dst = f->target,
		.dport = forward_port(f, meta),
		.rule_kind = OBJ_PORT_FORWARD,
		.rule = f->id,
		.epoch = f->epoch,
	};

	if (!nat_forward_allows(f, meta->in_port, meta->src)) {
		nat_count_refused(w, OBJ_PORT_FORWARD, f->id);
		return nat_refuse(forward_error(
			meta, DROP_NOT_ALLOWED, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH));
	}
	return inbound_create(w, s, m, meta, &rq, f->port, false);
}

// No session knows the packet. `ctx`: the own addresses of the burst's packets.
static rte_edge_t inbound_miss(struct worker *w, struct rte_mbuf *m, struct meta *meta,
	const void *ctx, uint16_t at, const struct nat_ahead *ahead)
{
	const struct nat_own *own = ((const struct nat_own *const *)ctx)[at];
	const struct nat_section *s = nat_of(w->set);
	const struct nat_forward *f;

	if (own->eip != 0) {
		const struct nat_eip *e = &s->eips[own->eip - 1];

		// An error about a packet of the target needs no session either.
		if (meta->flags & META_ICMP_ERROR ||
			(meta->side == SIDE_PUBLIC && !e->source_nat_inbound &&
				!nat_begins_flow(meta)))
			return nat_eip_in(w, m, meta, e);
		return inbound_eip(w, s, m, meta, e);
	}
	f = forward_find(s, own, meta);
	return f != NULL ? inbound_forward(w, s, m, meta, f) : nat_to_mapping(w, m, meta, own);
}

// Port forwards to a private target alone: the rest is rare, or is no session.
static bool inbound_foresee(const struct worker *w, const struct meta *meta, const void *ctx,
	uint16_t at, struct nat_ahead *flow)
{
	const struct nat_own *own = ((const struct nat_own *const *)ctx)[at];
	const struct nat_forward *f;

	if (own->eip != 0 || !nat_opens_flow(meta))
		return false;
	f = forward_find(nat_of(w->set), own, meta);
	if (f == NULL)
		return false;
	flow->snat = NULL;
	flow->dst = f->target;
	flow->dport = forward_port(f, meta);
	flow->reply_side = SIDE_PRIVATE;
	return true;
}

// Packets that need no session: to an EIP from outside, when replies leave where they came in. What
// begins no flow gets none: it may be the target's own flow, whose replies come by another way.
// *edge is set when true.
static bool inbound_stateless(struct worker *w, const struct nat_section *s, struct rte_mbuf *m,
	struct meta *meta, const struct nat_own *own, rte_edge_t *edge)
{
	const struct nat_eip *e;

	if (own == NULL || !own->sessions) {
		*edge = NAT_LOCAL;
		return true;
	}
	if (own->eip == 0 || meta->side == SIDE_PRIVATE)
		return false;
	e = &s->eips[own->eip - 1];
	if (e->source_nat_inbound || (unlikely(s->pins) && nat_must_pin(w, s, meta)))
		return false;
	*edge = nat_eip_in(w, m, meta, e);
	return true;
}

static uint16_t inbound_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);
	const struct nat_section *s = nat_of(w->set);
	const struct nat_own *own[LIMIT_BURST];
	struct nat_burst burst; // its arrays are filled as far as they are used
	rte_edge_t next[LIMIT_BURST];

	if (unlikely(n == 0 || n > LIMIT_BURST))
		return 0;
	burst.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct meta *meta = mbuf_meta(m);

		if (i + NODE_PREFETCH < n)
			rte_prefetch0(rte_mbuf_to_priv(objs[i + NODE_PREFETCH]));
		own[i] = nat_own_at(s, meta->dst); // between two flips, its id may be another one's
		if (!inbound_stateless(w, s, m, meta, own[i], &next[i]))
			nat_burst_add(&burst, m, i, next);
	}
	nat_burst_apply(w, &burst, objs, next, inbound_miss, inbound_foresee, own);
	node_split(graph, node, objs, next, n);
	return n;
}

static struct rte_node_register inbound_node = {
	.name = NODE_NAT_INBOUND,
	.process = inbound_process,
	.nb_edges = NAT_EDGE_COUNT,
	.next_nodes = NAT_NEXT_NODES,
};
RTE_NODE_REGISTER(inbound_node);
