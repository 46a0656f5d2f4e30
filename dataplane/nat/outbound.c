// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// nat_outbound: transit packets from a private port. In this order: an established session, the EIP
// of the source on the egress port, the SNAT rule of the source; else the packet goes on as it is.
// Hosts that no rule names skip all of it.
#include "dataplane/ip4/nodes.h"
#include "dataplane/nat/burst.h"
#include "dataplane/nat/split.h"
#include "dataplane/packet/parse.h"

enum outbound_class {
	OUTBOUND_PLAIN,
	OUTBOUND_EIP,	  // no session can claim it
	OUTBOUND_SESSION, // look for a session first
};

// Whose translation applies: an ICMP error may come from a router on the way to the host.
static rte_be32_t outbound_source(struct rte_mbuf *m, const struct meta *meta)
{
	struct tuple quoted;
	uint16_t flags;

	if (likely(!(meta->flags & META_ICMP_ERROR)))
		return meta->src;
	packet_quoted_tuple(m, meta, &quoted, &flags);
	return quoted.dst;
}

// Of the next hops that share the packet's route, one that leaves by a port where its source has an
// EIP: that is the address it is known by. NULL: there is none, nothing is changed.
static __rte_noinline const struct nat_eip *outbound_shared(const struct l3 *l3,
	const struct nat_section *s, const struct nat_target *target, struct meta *meta)
{
	for (uint32_t i = target->eip; i != 0; i = s->eips[i - 1].next)
		if (route_take_port(l3, meta, s->eips[i - 1].port))
			return &s->eips[i - 1];
	return NULL;
}

static __rte_always_inline enum outbound_class outbound_classify(const struct worker *w,
	const struct nat_section *s, struct rte_mbuf *m, struct meta *meta,
	const struct nat_eip **eip)
{
	const struct nat_target *target = nat_target(s, outbound_source(m, meta));
	const struct adj *adj = l3_adj(w->l3, meta->adj);

	*eip = NULL;
	if (!set_is_public(w->set, adj->port))
		return target != NULL ? OUTBOUND_SESSION : OUTBOUND_PLAIN;
	*eip = nat_target_eip(s, target, adj->port);
	if (unlikely(*eip == NULL && target != NULL && ecmp_is_group(meta->route)))
		*eip = outbound_shared(w->l3, s, target, meta);
	if (*eip != NULL && !(target->flags & TARGET_SESSIONS))
		return OUTBOUND_EIP;
	if (target != NULL || s->snat_first[adj->port] != s->snat_first[adj->port + 1] || s->pins)
		return OUTBOUND_SESSION;
	return OUTBOUND_PLAIN;
}

// No session knows the packet. `ctx`: the EIPs of the burst's packets, NULL for those without.
static rte_edge_t outbound_miss(struct worker *w, struct rte_mbuf *m, struct meta *meta,
	const void *ctx, uint16_t at, const struct nat_ahead *ahead)
{
	const struct nat_eip *eip = ((const struct nat_eip *const *)ctx)[at];
	const struct adj *adj = l3_adj(w->l3, meta->adj);
	const struct nat_snat *rule;
	struct nat_request rq = {
		.dst = meta->dst,
		.dport = meta->dport,
		.reply_side = SIDE_PUBLIC,
		.uplink = adj->port,
		.flags = SESSION_BOUND,
		.rule_kind = OBJ_SNAT,
		.ahead = ahead,
	};

	if (!set_is_public(w->set, adj->port))
		return NAT_SEND;
	if (eip != NULL)
		return nat_eip_out(w, m, meta, eip);
	rule = nat_snat(nat_of(w->set), meta->src, adj->port);
	if (rule == NULL)
		return NAT_SEND;
	rq.snat = &rule->source;
	rq.rule = rule->source.rule;
	rq.epoch = rule->source.epoch;
	return nat_new(w, m, meta, &rq);
}

static bool outbound_foresee(const struct worker *w, const struct meta *meta, const void *ctx,
	uint16_t at, struct nat_ahead *flow)
{
	const struct adj *adj = l3_adj(w->l3, meta->adj);
	const struct nat_snat *rule;

	if (!set_is_public(w->set, adj->port) || ((const struct nat_eip *const *)ctx)[at] != NULL ||
		!nat_opens_flow(meta))
		return false;
	rule = nat_snat(nat_of(w->set), meta->src, adj->port);
	if (rule == NULL)
		return false;
	flow->snat = &rule->source;
	flow->dst = meta->dst;
	flow->dport = meta->dport;
	flow->reply_side = SIDE_PUBLIC;
	return true;
}

static uint16_t outbound_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);
	const struct nat_section *s = nat_of(w->set);
	const struct nat_eip *eips[LIMIT_BURST];
	struct nat_burst burst; // its arrays are filled as far as they are used
	rte_edge_t next[LIMIT_BURST];
	uint16_t sent = 0;

	if (unlikely(n == 0 || n > LIMIT_BURST))
		return 0;
	burst.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct meta *meta = mbuf_meta(m);

		node_prefetch(objs, i, n, true);
		switch (outbound_classify(w, s, m, meta, &eips[i])) {
		case OUTBOUND_PLAIN:
			next[i] = NAT_SEND;
			break;
		case OUTBOUND_EIP:
			next[i] = nat_send(w, m, meta, nat_eip_out(w, m, meta, eips[i]));
			sent += next[i] == NAT_SENT;
			break;
		case OUTBOUND_SESSION:
			nat_burst_add(&burst, m, i, next);
			break;
		}
	}
	nat_burst_apply(w, &burst, objs, next, outbound_miss, outbound_foresee, eips);
	nat_split(graph, node, objs, next, n, sent);
	return n;
}

static struct rte_node_register outbound_node = {
	.name = NODE_NAT_OUTBOUND,
	.process = outbound_process,
	.nb_edges = NAT_EDGE_COUNT,
	.next_nodes = NAT_NEXT_NODES,
};
RTE_NODE_REGISTER(outbound_node);
