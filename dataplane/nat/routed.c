// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// nat_routed: transit packets from a public port to a private host, which nothing translates. Their
// flow gets a session all the same when its replies need one: where a SNAT rule would translate
// them, and where they would leave by another uplink.
#include "dataplane/ip4/nodes.h"
#include "dataplane/nat/burst.h"

// Where the replies of a packet leave.
struct routed_reply {
	uint16_t port;
	bool pinned; // not where the FIB leads
};

// The port by which replies leave; of several the first one with a rule for their source.
static uint16_t routed_port(
	const struct worker *w, const struct nat_section *s, const struct meta *meta)
{
	uint32_t route = fib_lookup(w->l3->fib, meta->src);
	const struct ecmp_group *g;

	if (likely(!ecmp_is_group(route)))
		return l3_adj(w->l3, route)->port;
	g = l3_group(w->l3, route);
	for (unsigned int i = 0; i < g->n; i++) {
		uint16_t port = l3_adj(w->l3, g->hops[i].adj)->port;

		if (nat_snat(s, meta->dst, port) != NULL)
			return port;
	}
	return l3_adj(w->l3, g->hops[0].adj)->port;
}

// False: no rule concerns the replies.
static bool routed_reply(const struct worker *w, const struct nat_section *s,
	const struct meta *meta, struct routed_reply *r)
{
	r->pinned = nat_must_pin(w, s, meta);
	r->port = r->pinned ? meta->in_port : routed_port(w, s, meta);
	return r->pinned || s->snat_first[r->port] != s->snat_first[r->port + 1];
}

// Whether the replies need a session. Those of a host with an EIP there do not look for one, unless
// its packets always do.
static bool routed_needs_session(
	const struct nat_section *s, const struct meta *meta, const struct routed_reply *r)
{
	const struct nat_target *target = nat_target(s, meta->dst);

	if (nat_target_eip(s, target, r->port) != NULL && !(target->flags & TARGET_SESSIONS))
		return false;
	if (nat_snat(s, meta->dst, r->port) == NULL)
		return r->pinned && nat_begins_flow(meta);
	// No flow of such a host goes out as it is: this one was begun outside. A connection may be
	// older than its session.
	return nat_opens_flow(meta);
}

// No session knows the packet. `ctx`: where replies to the burst's packets leave.
static rte_edge_t routed_miss(struct worker *w, struct rte_mbuf *m, struct meta *meta,
	const void *ctx, uint16_t at, const struct nat_ahead *ahead)
{
	const struct nat_section *s = nat_of(w->set);
	struct nat_request rq = {
		.dst = meta->dst,
		.dport = meta->dport,
		.reply_side = SIDE_PRIVATE,
	};

	if (!routed_needs_session(s, meta, &((const struct routed_reply *)ctx)[at]))
		return NAT_SEND;
	nat_pin(s, meta, &rq);
	return nat_new(w, m, meta, &rq);
}

static bool routed_foresee(const struct worker *w, const struct meta *meta, const void *ctx,
	uint16_t at, struct nat_ahead *flow)
{
	if (!routed_needs_session(nat_of(w->set), meta, &((const struct routed_reply *)ctx)[at]))
		return false;
	flow->snat = NULL;
	flow->dst = meta->dst;
	flow->dport = meta->dport;
	flow->reply_side = SIDE_PRIVATE;
	return true;
}

static uint16_t routed_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);
	const struct nat_section *s = nat_of(w->set);
	struct routed_reply reply[LIMIT_BURST];
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
		next[i] = NAT_SEND;
		// Without rules, and for what is not translated on its way back either.
		if ((s->n_snat == 0 && !s->pins) ||
			(meta->flags & (META_FRAG_OTHER | META_ICMP_ERROR)))
			continue;
		// The first fragment has ports, and the others need none.
		meta->flags |= META_FRAG_KNOWN;
		if (routed_reply(w, s, meta, &reply[i]))
			nat_burst_add(&burst, m, i, next);
	}
	nat_burst_apply(w, &burst, objs, next, routed_miss, routed_foresee, reply);
	node_split(graph, node, objs, next, n);
	return n;
}

static struct rte_node_register routed_node = {
	.name = NODE_NAT_ROUTED,
	.process = routed_process,
	.nb_edges = NAT_EDGE_COUNT,
	.next_nodes = NAT_NEXT_NODES,
};
RTE_NODE_REGISTER(routed_node);
