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

#include "dataplane/nat/peer.h"
#include "dataplane/nat/source.h"

// The mapping that the packet goes to, 0: none.
static uint32_t mapping_of(
	const struct worker *w, const struct meta *meta, const struct nat_own *own)
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

// `adj`: where the mapping's host is.
static rte_edge_t from_outside(struct worker *w, struct rte_mbuf *m, struct meta *meta,
	uint32_t mapping, const struct nat_source *rule, const struct adj *adj)
{
	const struct mapping *to = mapping_at(w->sessions, mapping);
	struct nat_request rq = {
		.key = { .src = to->key.addr,
			.dst = meta->src,
			.sport = to->key.port,
			.dport = meta->sport,
			.proto = meta->proto,
			.side = SIDE_PRIVATE },
		.dst = meta->src,
		.dport = meta->sport,
		.snat = rule,
		.rule = rule->rule,
		.epoch = rule->epoch,
		.rule_kind = OBJ_SNAT,
		.reply_side = meta->side,
		.dir = SESSION_REVERSE,
		.mapping = mapping,
	};

	enum forward_verdict verdict;

	if (!nat_filter_passes(w->sessions, mapping, meta->src))
		return nat_drop(meta, DROP_NAT_FILTERED);
	verdict = forward_check(meta, adj);
	if (verdict != FORWARD_SEND) // what is not forwarded makes no session
		return nat_refuse(verdict);
	nat_pin(nat_of(w->set), meta, &rq);
	return nat_start(w, m, meta, &rq);
}

// From a private host: it looks to the other one as it does to everybody outside, and must be let
// in as such.
static rte_edge_t from_inside(struct worker *w, struct rte_mbuf *m, struct meta *meta,
	uint32_t mapping, const struct nat_source *rule, const struct adj *adj, uint16_t uplink)
{
	const struct nat_snat *own = nat_snat(nat_of(w->set), meta->src, uplink);
	const struct mapping *to = mapping_at(w->sessions, mapping);
	struct nat_request rq = {
		.dst = to->key.addr,
		.dport = to->key.port,
		.rule = rule->rule,
		.epoch = rule->epoch,
		.rule_kind = OBJ_SNAT,
		.reply_side = SIDE_PRIVATE,
		.uplink = uplink,
		.target = mapping,
	};
	uint32_t as = meta->src;
	enum forward_verdict verdict;

	if (own != NULL) {
		rq.snat = &own->source;
		as = nat_host_address(w->sessions, &own->source, meta->src);
	}
	if (!nat_filter_passes(w->sessions, mapping, as))
		return nat_drop(meta, DROP_NAT_FILTERED);
	verdict = forward_check(meta, adj);
	if (verdict != FORWARD_SEND)
		return nat_refuse(verdict);
	return nat_new(w, m, meta, &rq);
}

rte_edge_t nat_to_mapping(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_own *own)
{
	uint16_t uplink = l3_adj(w->l3, meta->adj)->port;
	uint32_t mapping = mapping_of(w, meta, own);
	const struct nat_source *rule;
	const struct mapping *to;
	const struct adj *adj;

	if (mapping == 0 || (meta->side != SIDE_PRIVATE && meta->side != SIDE_PUBLIC))
		return NAT_LOCAL;
	to = mapping_at(w->sessions, mapping);
	rule = rule_of(nat_of(w->set), to, uplink);
	if (rule == NULL || !opens(meta))
		return nat_drop(meta, DROP_NAT_FILTERED);
	adj = route_adj(w->l3, meta, fib_lookup(w->l3->fib, to->key.addr));
	if ((adj->type != ADJ_NEXT_HOP && adj->type != ADJ_GLEAN) || adj->side != SIDE_PRIVATE)
		return nat_drop(meta, DROP_NAT_FILTERED);
	return meta->side == SIDE_PRIVATE ? from_inside(w, m, meta, mapping, rule, adj, uplink)
					  : from_outside(w, m, meta, mapping, rule, adj);
}
