// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A mapping that lets the packet in gets a session for it, the same as if its host had sent the
// first packet: its keys, its host's limits, its rule. What is refused changes no state and is not
// answered (RFC 5382 REQ-4: an unsolicited SYN least of all).
//
// Only TCP and UDP: an ICMP reply without its request is for the kernel or for nobody.
#include "dataplane/nat/unsolicited.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "dataplane/nat/hairpin.h"
#include "dataplane/nat/peer.h"
#include "dataplane/nat/source.h"

uint32_t nat_mapping_at(const struct worker *w, const struct meta *meta, const struct nat_own *own)
{
	uint32_t mapping;

	if (own->portset == NULL || !(meta->flags & META_HAS_PORTS) ||
		(meta->proto != IPPROTO_TCP && meta->proto != IPPROTO_UDP))
		return 0;
	mapping = portset_owner(own->portset, (enum port_class)port_class(meta->proto),
		rte_be_to_cpu_16(meta->dport));
	if (mapping == 0 || refs_count(&mapping_at(w->sessions, mapping)->refs) == 0)
		return 0;
	return mapping;
}

// The rule of the mapping, if it would make the mapping again.
static const struct nat_source *rule_of(
	const struct nat_section *s, const struct mapping *m, uint16_t uplink)
{
	const struct nat_snat *rule = nat_snat(s, m->key.addr, uplink);

	if (rule == NULL || rule->source.rule != m->key.rule || rule->source.epoch != m->epoch ||
		!nat_source_gives(&rule->source, m->ext_addr, m->key.proto, m->ext_port) ||
		nat_target_eip(s, nat_target(s, m->key.addr), uplink) != NULL)
		return NULL;
	return &rule->source;
}

// A later fragment does not: the first one has, or was refused.
static bool opens(const struct meta *meta)
{
	if (meta->flags & META_FRAG_OTHER)
		return false;
	return meta->proto != IPPROTO_TCP ||
	       (meta->tcp_flags & (TH_SYN | TH_ACK | TH_RST | TH_FIN)) == TH_SYN;
}

static bool leads_inside(const struct worker *w, const struct adj *adj)
{
	return (adj->type == ADJ_NEXT_HOP || adj->type == ADJ_GLEAN) &&
	       !set_is_public(w->set, adj->port);
}

bool nat_let_in(struct worker *w, struct meta *meta, uint32_t mapping,
	const struct session_key *from, struct nat_request *rq, rte_edge_t *edge)
{
	uint16_t uplink = l3_adj(w->l3, meta->adj)->port; // the external address's
	const struct mapping *to = mapping_at(w->sessions, mapping);
	const struct nat_source *rule = rule_of(nat_of(w->set), to, uplink);
	const struct adj *adj = route_adj(w->l3, meta, fib_lookup(w->l3->fib, to->key.addr));
	enum forward_verdict verdict;

	if (rule == NULL || !opens(meta) || !leads_inside(w, adj) ||
		!nat_filter_passes(w->sessions, mapping, from->src)) {
		*edge = nat_drop(meta, DROP_NAT_FILTERED);
		return false;
	}
	verdict = forward_check(meta, adj);
	if (verdict != FORWARD_SEND) { // what is not forwarded makes no session
		*edge = nat_refuse(verdict);
		return false;
	}
	*rq = (struct nat_request){
		.key = { .src = to->key.addr,
			.dst = from->src,
			.sport = to->key.port,
			.dport = from->sport,
			.proto = meta->proto,
			.side = SIDE_PRIVATE },
		.dst = from->src,
		.dport = from->sport,
		.snat = rule,
		.rule = rule->rule,
		.epoch = rule->epoch,
		.rule_kind = OBJ_SNAT,
		.reply_side = from->side,
		.dir = SESSION_REVERSE,
		.mapping = mapping,
	};
	return true;
}

// An own address is no sender: its answers would stay here, in the way of hairpins.
static bool from_outside(const struct worker *w, const struct meta *meta)
{
	return meta->side == SIDE_PUBLIC &&
	       route_adj(w->l3, meta, fib_lookup(w->l3->fib, meta->src))->type != ADJ_LOCAL;
}

rte_edge_t nat_to_mapping(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_own *own)
{
	const struct session_key from = {
		.src = meta->src, .sport = meta->sport, .side = meta->side
	};
	uint32_t mapping = nat_mapping_at(w, meta, own);
	struct nat_request rq;
	rte_edge_t edge;

	if (meta->side == SIDE_PRIVATE)
		return nat_hairpin_new(w, m, meta, own);
	if (mapping == 0 || meta->side != SIDE_PUBLIC)
		return NAT_LOCAL;
	if (!from_outside(w, meta))
		return nat_drop(meta, DROP_NAT_FILTERED);
	if (!nat_let_in(w, meta, mapping, &from, &rq, &edge))
		return edge;
	nat_pin(nat_of(w->set), meta, &rq);
	return nat_start(w, m, meta, &rq);
}
