// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// nat_established: the short way of packets whose translation and path are known, before anything
// is looked up in the FIB: a session whose cached adjacency is still what the FIB says, or the EIP
// of an own address. It makes no decision that the other nodes would not make: whatever is not as
// plain as that goes to the lookup untouched, and from there through them.
#include "dataplane/fib/l3.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/ip4/send.h"
#include "dataplane/main/node.h"
#include "dataplane/nat/apply.h"
#include "dataplane/nat/split.h"
#include "dataplane/packet/translate.h"

#define ESTABLISHED_CHUNK 64 // packets and their sessions that stay in the first-level cache

// What decides about these is not the packet's own tuple alone.
#define NOT_PLAIN (META_FRAG_FIRST | META_FRAG_OTHER | META_ICMP_ERROR)

enum established_class {
	ESTABLISHED_NONE,
	ESTABLISHED_EIP,
	ESTABLISHED_SESSION,
};

// As nat_outbound classifies, as far as that does not depend on where the packet leaves. Where a
// packet to a private network goes is quickly said by the FIB, and few of them have sessions.
static __rte_always_inline enum established_class classify_private(
	const struct nat_section *s, struct meta *meta)
{
	const struct nat_target *target = nat_target(s, meta->src);

	if (target == NULL)
		meta->flags |= META_NO_TARGET;
	if (nat_inside(s, meta->dst))
		return ESTABLISHED_NONE;
	if (target == NULL)
		return s->n_snat != 0 || s->pins ? ESTABLISHED_SESSION : ESTABLISHED_NONE;
	return target->eip == 0 || target->flags & TARGET_SESSIONS ? ESTABLISHED_SESSION
								   : ESTABLISHED_NONE;
}

// Fragments between private networks take the way of the other packets of their flow, and so do not
// fall behind them.
static __rte_noinline void classify_other(const struct nat_section *s, struct meta *meta)
{
	if (!(meta->flags & META_ICMP_ERROR) && meta->side == SIDE_PRIVATE &&
		nat_target(s, meta->src) == NULL)
		meta->flags |= META_NO_TARGET;
}

// As nat_inbound classifies.
static __rte_always_inline enum established_class classify_public(
	const struct nat_section *s, const struct meta *meta, const struct nat_eip **eip)
{
	const struct nat_own *own = nat_own_at(s, meta->dst);

	if (own == NULL || !own->sessions)
		return ESTABLISHED_NONE;
	if (own->eip == 0)
		return ESTABLISHED_SESSION;
	*eip = &s->eips[own->eip - 1];
	return (*eip)->source_nat_inbound || s->pins ? ESTABLISHED_NONE : ESTABLISHED_EIP;
}

// Metadata begins with the key.
static inline void established_key(const struct meta *meta, struct session_key *key)
{
	static_assert(offsetof(struct meta, sport) == offsetof(struct session_key, sport) &&
			      offsetof(struct meta, proto) == offsetof(struct session_key, proto) &&
			      offsetof(struct meta, side) == offsetof(struct session_key, side),
		"copied as a whole");
	memcpy(key, meta, sizeof(*key));
	key->zone = 0;
}

// The adjacency by which a packet of the session leaves, NULL when the cache does not know, or when
// it does not take the packet at once and as it is.
static __rte_always_inline struct adj *established_adj(
	struct l3 *l3, const struct meta *meta, const struct session *s, unsigned int dir)
{
	uint64_t cached = atomic_load_explicit(&s->adj[dir], memory_order_relaxed);
	uint32_t route = (uint32_t)(cached >> 32);
	struct adj *adj;

	if (unlikely(cached == 0 || ecmp_is_group(route) ||
		     (uint32_t)cached != fib_generation(l3->fib, s->key[!dir].src)))
		return NULL;
	adj = l3_adj(l3, route);
	if (unlikely(!send_ready(adj) || meta->ttl <= 1 ||
		     (meta->ip_len > adj->mtu && (meta->flags & META_DF))))
		return NULL;
	// An outbound flow is over where its route has left the uplink: nat_outbound's business.
	if (unlikely(
		    dir == SESSION_FORWARD && (s->flags & SESSION_BOUND) && adj->port != s->uplink))
		return NULL;
	return adj;
}

// The translation of a direction; what one adds to a sum, the other takes away.
static __rte_always_inline struct translation established_words(
	const struct session *s, unsigned int dir)
{
	bool back = dir != SESSION_FORWARD;

	return (struct translation){
		.addresses = session_new_addresses(s, dir),
		.ports = session_new_ports(s, dir),
		.diff_addresses = back ? csum_diff_back(s->diff_addresses) : s->diff_addresses,
		.diff_all = back ? csum_diff_back(s->diff_all) : s->diff_all,
	};
}

// Translates a packet of a session and sends it; false, and nothing is changed.
static __rte_always_inline bool established_pass(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, uint32_t ref)
{
	unsigned int dir = ref >> 30; // session_ref_dir(): no other entry has the key of a packet
	struct session *s = session_at(w->sessions, ref);
	struct adj *adj = established_adj(w->l3, meta, s, dir);

	if (unlikely(adj == NULL || s->flags & (SESSION_HAIRPIN | SESSION_LED_BACK << dir) ||
		     !session_touch(s, dir, meta->tcp_flags, w->tick)))
		return false;
	if (unlikely(!packet_is_plain(meta))) {
		const struct session_key new = session_new_tuple(s, dir);
		const struct tuple to = { new.src, new.dst, new.sport, new.dport, new.proto };

		packet_translate(m, meta, &to);
		send_now(w, m, meta, adj);
		return true;
	}
	const struct translation t = established_words(s, dir);

	packet_translate_words(m, meta, &t, HOP_DIFF);
	packet_ip4(m, meta)->time_to_live--;
	send_hopped(w, m, meta, adj);
	return true;
}

struct established_burst {
	uint16_t n;
	uint16_t at[LIMIT_BURST]; // position in the node's burst
	struct session_key keys[LIMIT_BURST];
};

// Returns how many were sent.
static __rte_always_inline uint16_t established_sessions(
	struct worker *w, const struct established_burst *b, void **objs, rte_edge_t *next)
{
	uint32_t refs[ESTABLISHED_CHUNK];
	uint16_t sent = 0;

	for (uint16_t first = 0; first < b->n; first += ESTABLISHED_CHUNK) {
		uint16_t n = RTE_MIN(ESTABLISHED_CHUNK, b->n - first);
		const uint16_t *at = &b->at[first];

		session_lookup_bulk(w->sessions, &b->keys[first], n, refs);
		for (uint16_t k = 0; k < n; k++) {
			struct rte_mbuf *m = objs[at[k]];

			nat_prefetch(objs, at, k, n);
			if (likely(refs[k] != 0) && established_pass(w, m, mbuf_meta(m), refs[k])) {
				next[at[k]] = NAT_SENT;
				sent++;
			}
		}
	}
	return sent;
}

static uint16_t established_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct worker *w = node_worker(node);
	const struct nat_section *s = nat_of(w->set);
	struct established_burst burst; // its arrays are filled as far as they are used
	rte_edge_t next[LIMIT_BURST];
	uint16_t sent = 0;

	if (unlikely(n == 0 || n > LIMIT_BURST))
		return 0;
	burst.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct meta *meta = mbuf_meta(objs[i]);
		const struct nat_eip *eip = NULL;
		enum established_class class = ESTABLISHED_NONE;

		node_prefetch(objs, i, n, false);
		if (unlikely(meta->flags & NOT_PLAIN))
			classify_other(s, meta);
		else
			class = meta->side == SIDE_PRIVATE ? classify_private(s, meta)
							   : classify_public(s, meta, &eip);
		next[i] = NAT_LOOKUP;
		if (class == ESTABLISHED_SESSION) {
			burst.at[burst.n] = i;
			established_key(meta, &burst.keys[burst.n++]);
		} else if (class == ESTABLISHED_EIP) {
			next[i] = nat_send(w, objs[i], meta, nat_eip_in(w, objs[i], meta, eip));
			sent += next[i] == NAT_SENT;
		}
	}
	sent += established_sessions(w, &burst, objs, next);
	nat_split(graph, node, objs, next, n, sent);
	return n;
}

static struct rte_node_register established_node = {
	.name = NODE_NAT_ESTABLISHED,
	.process = established_process,
	.nb_edges = NAT_EDGE_COUNT,
	.next_nodes = NAT_NEXT_NODES,
};
RTE_NODE_REGISTER(established_node);
