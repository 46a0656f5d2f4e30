// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Hairpin by mapping. The sender's session is made first and stays when the receiver does not let
// the packet in: that is what lets the receiver's own packets in later (UDP hole punching, TCP
// simultaneous open).
#include "dataplane/nat/hairpin.h"

#include "dataplane/nat/ranges.h"
#include "dataplane/nat/unsolicited.h"

// Whether a private host may be behind the port: a mapping has it, or flows with endpoint-dependent
// mapping may use it, of which there is no record by port.
static bool may_be_mapped(
	const struct worker *w, const struct meta *meta, const struct nat_own *own)
{
	uint16_t port = rte_be_to_cpu_16(meta->dport);

	if (nat_mapping_at(w, meta, own) != 0)
		return true;
	return own->dependent && (meta->flags & META_HAS_PORTS) &&
	       (meta->proto == IPPROTO_TCP || meta->proto == IPPROTO_UDP) &&
	       nat_port_usable(own->interface, port) &&
	       portset_state(own->portset, (enum port_class)port_class(meta->proto), port) !=
		       PORT_STATE_RESERVED;
}

rte_edge_t nat_hairpin_new(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_own *own)
{
	uint16_t uplink = l3_adj(w->l3, meta->adj)->port;
	const struct nat_snat *rule = nat_snat(nat_of(w->set), meta->src, uplink);
	struct nat_request rq = {
		.dst = meta->dst,
		.dport = meta->dport,
		.reply_side = SESSION_SIDE_HAIRPIN,
		.uplink = uplink,
		.flags = SESSION_HAIRPIN,
		.rule_kind = OBJ_SNAT,
	};

	if (!may_be_mapped(w, meta, own))
		return NAT_LOCAL;
	// Nobody outside would see it translated: there is nothing to answer to.
	if (rule == NULL)
		return nat_drop(meta, DROP_NAT_FILTERED);
	// What is not forwarded makes no session. If nobody is there, it was for the router.
	if (meta->ttl <= 1 && nat_mapping_at(w, meta, own) == 0)
		return nat_drop(meta, DROP_TTL);
	if (meta->ttl <= 1)
		return nat_refuse(forward_error(meta, DROP_TTL, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL));
	rq.snat = &rule->source;
	rq.rule = rule->source.rule;
	rq.epoch = rule->source.epoch;
	return nat_new(w, m, meta, &rq);
}

// The receiver has no session with the sender: it gets one if its mapping lets the packet in.
// False: *edge says what becomes of the packet.
static bool turn_in(struct worker *w, struct meta *meta, struct session *s,
	const struct session_key *out, uint32_t *ref, rte_edge_t *edge)
{
	const struct nat_own *own = nat_own_at(nat_of(w->set), l3_adj(w->l3, meta->adj)->next_hop);
	struct nat_request rq;
	uint32_t mapping;

	*edge = nat_drop(meta, DROP_NAT_FILTERED);
	if (meta->flags & META_ICMP_ERROR)
		return false;
	// Another rule has the port by now: the next packet finds it.
	if (own == NULL || own->eip != 0 || !may_be_mapped(w, meta, own)) {
		session_leave(s);
		return false;
	}
	mapping = nat_mapping_at(w, meta, own);
	if (mapping == 0 || !nat_let_in(w, meta, mapping, out, &rq, edge))
		return false;
	rq.flags = SESSION_HAIRPIN;
	rq.uplink = s->uplink;
	// To the sender, the receiver's limits look as they do from outside.
	return nat_begin(w, meta, &rq, ref) == 0;
}

rte_edge_t nat_hairpin_turn(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, struct session *s)
{
	struct session_key out = session_new_tuple(s, SESSION_FORWARD);
	rte_edge_t edge;
	uint32_t ref;

	out.side = SESSION_SIDE_HAIRPIN;
	ref = session_lookup(w->sessions, &out);
	if (!nat_found(w, meta, ref) && !turn_in(w, meta, s, &out, &ref, &edge))
		return edge;
	return nat_apply_hairpin(w, m, meta, s, session_at(w->sessions, ref));
}
