// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The packets of a burst that may belong to sessions: collected first, looked up in one bulk, then
// translated one by one. Both NAT nodes work this way.
#pragma once

#include "dataplane/ip4/vfr.h"
#include "dataplane/main/node.h"
#include "dataplane/nat/ahead.h"
#include "dataplane/nat/apply.h"

#define NAT_CHUNK 64 // packets and their sessions that stay in the first-level cache meanwhile

struct nat_burst {
	uint16_t n;
	uint16_t at[LIMIT_BURST]; // position in the node's burst
	struct session_key keys[LIMIT_BURST];
};

// Adds a packet; what can belong to no session is dropped, and a fragment first gets the ports of
// its datagram.
static inline void nat_burst_add(
	struct nat_burst *b, struct rte_mbuf *m, uint16_t at, rte_edge_t *next)
{
	if (vfr_needed(mbuf_meta(m)))
		next[at] = NAT_FRAGMENT;
	else if (nat_key(m, mbuf_meta(m), &b->keys[b->n]))
		b->at[b->n++] = at;
	else
		next[at] = nat_drop(mbuf_meta(m), DROP_NAT_NO_SESSION);
}

// What to do with a packet that no session knows; `at` as given to nat_burst_add(). `ahead` is for
// its request, NULL: not looked ahead.
typedef rte_edge_t (*nat_miss)(struct worker *w, struct rte_mbuf *m, struct meta *meta,
	const void *ctx, uint16_t at, const struct nat_ahead *ahead);

// Whether nat_miss will probably make a session of the packet; if so, fills in what is asked for
// but the key. Changes nothing: its answer is a hint.
typedef bool (*nat_foresee)(const struct worker *w, const struct meta *meta, const void *ctx,
	uint16_t at, struct nat_ahead *flow);

static inline rte_edge_t nat_known(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, uint32_t ref)
{
	struct session *s = session_at(w->sessions, ref);

	nat_remember_route(w, s, session_ref_dir(ref));
	return nat_apply(w, m, meta, s, session_ref_dir(ref));
}

static_assert(NAT_CHUNK <= NAT_AHEAD && NAT_CHUNK <= 64, "a bit for each packet of a chunk");

static inline bool nat_all_found(const uint32_t *refs, uint16_t n)
{
	uint32_t missed = 0;

	for (uint16_t k = 0; k < n; k++)
		missed |= refs[k] == 0;
	return !missed;
}

// Looks ahead for the new flows of a chunk; returns whose there are, as bits.
static __rte_always_inline uint64_t nat_burst_ahead(struct worker *w, const struct nat_burst *b,
	uint16_t first, uint16_t n, const uint32_t *refs, void **objs, nat_foresee foresee,
	const void *ctx, struct nat_ahead *flows)
{
	uint64_t new = 0;
	unsigned int n_flows = 0;

	for (uint16_t k = 0; k < n; k++) {
		uint16_t at = b->at[first + k];

		if (refs[k] != 0 || !foresee(w, mbuf_meta(objs[at]), ctx, at, &flows[n_flows]))
			continue;
		flows[n_flows++].key = b->keys[first + k];
		new |= 1ull << k;
	}
	if (n_flows != 0)
		nat_ahead(w->sessions, w->feature[SECTION_NAT], flows, n_flows);
	return new;
}

// What was found for packet k of a chunk, of those in `new`; NULL: it is not among them.
static inline const struct nat_ahead *nat_ahead_of(
	const struct nat_ahead *flows, uint64_t new, uint16_t k)
{
	uint64_t bit = 1ull << k;

	return new &bit ? &flows[__builtin_popcountll(new &(bit - 1))] : NULL;
}

static __rte_always_inline void nat_burst_apply(struct worker *w, const struct nat_burst *b,
	void **objs, rte_edge_t *next, nat_miss miss, nat_foresee foresee, const void *ctx)
{
	struct nat_ahead flows[NAT_CHUNK]; // filled as far as it is used
	uint32_t refs[NAT_CHUNK];

	for (uint16_t first = 0; first < b->n; first += NAT_CHUNK) {
		uint16_t n = RTE_MIN(NAT_CHUNK, b->n - first);

		uint64_t new = 0;

		session_lookup_bulk(w->sessions, &b->keys[first], n, refs);
		if (unlikely(!nat_all_found(refs, n)))
			new = nat_burst_ahead(w, b, first, n, refs, objs, foresee, ctx, flows);
		for (uint16_t k = 0; k < n; k++) {
			uint16_t at = b->at[first + k];
			struct rte_mbuf *m = objs[at];
			struct meta *meta = mbuf_meta(m);

			nat_prefetch(objs, &b->at[first], k, n);
			// Its first fragment may have made the session in this burst.
			if (unlikely(refs[k] == 0) && (meta->flags & META_FRAG_OTHER))
				refs[k] = session_lookup(w->sessions, &b->keys[first + k]);
			if (likely(nat_found(w, meta, refs[k])))
				next[at] = nat_known(w, m, meta, refs[k]);
			else
				next[at] = miss(w, m, meta, ctx, at,
					refs[k] == 0 ? nat_ahead_of(flows, new, k) : NULL);
		}
	}
}
