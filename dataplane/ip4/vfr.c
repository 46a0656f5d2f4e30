// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The table of datagrams in fragments, and the fragments that wait. One worker each.
#include "dataplane/ip4/vfr.h"

#include <netinet/in.h>

#include <rte_ip.h>
#include <rte_jhash.h>
#include <rte_malloc.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/main/worker.h"
#include "dataplane/packet/rewrite.h"

bool vfr_needed_slow(const struct meta *meta)
{
	return !(meta->flags & META_FRAG_KNOWN) &&
	       (meta->proto == IPPROTO_TCP || meta->proto == IPPROTO_UDP ||
		       meta->proto == IPPROTO_ICMP);
}

struct vfr *vfr_create(uint32_t seed)
{
	struct vfr *v = rte_zmalloc("vfr", sizeof(*v), RTE_CACHE_LINE_SIZE);

	if (v == NULL)
		return NULL;
	v->seed = seed;
	for (uint16_t i = 0; i < LIMIT_FRAGMENTS; i++)
		v->next_slot[i] = i; // slot + 1 of the one before
	v->free_slot = LIMIT_FRAGMENTS;
	for (unsigned int i = 0; i < VFR_HALVES; i++)
		TAILQ_INIT(&v->half[i].waiting);
	return v;
}

static uint32_t vfr_hash(const struct vfr *v, struct rte_mbuf *m, const struct meta *meta)
{
	uint32_t rest = (uint32_t)packet_ip4(m, meta)->packet_id << 8 | meta->proto;

	return rte_jhash_3words(meta->src, meta->dst, rest, v->seed);
}

unsigned int vfr_owner(const struct worker *w, struct rte_mbuf *m, const struct meta *meta)
{
	return vfr_hash(w->vfr, m, meta) % w->dp->n_workers;
}

static struct vfr_half *vfr_half(struct vfr *v, uint8_t side)
{
	return &v->half[side == SIDE_PRIVATE];
}

// Of chains: slots are few and belong to this worker, so a push always finds one when the halves'
// counts allow it.
static void chain_push(struct vfr *v, struct vfr_chain *c, struct rte_mbuf *m)
{
	uint16_t at = v->free_slot;

	v->free_slot = v->next_slot[at - 1];
	v->slot[at - 1] = m;
	v->next_slot[at - 1] = 0;
	if (c->n++ == 0)
		c->first = at;
	else
		v->next_slot[c->last - 1] = at;
	c->last = at;
}

static struct rte_mbuf *chain_pop(struct vfr *v, struct vfr_chain *c)
{
	uint16_t at = c->first;

	c->first = v->next_slot[at - 1];
	c->n--;
	v->next_slot[at - 1] = v->free_slot;
	v->free_slot = at;
	return v->slot[at - 1];
}

// Appends `from` to `to` and empties it.
static void chain_move(struct vfr *v, struct vfr_chain *to, struct vfr_chain *from)
{
	if (from->n == 0)
		return;
	if (to->n == 0)
		to->first = from->first;
	else
		v->next_slot[to->last - 1] = from->first;
	to->last = from->last;
	to->n += from->n;
	*from = (struct vfr_chain){ 0 };
}

static void chain_drop(struct worker *w, struct vfr_chain *c, enum drop_reason reason)
{
	w->stats.accounts[ACCT_HELD] -= c->n;
	w->stats.accounts[ACCT_DROPPED] += c->n;
	w->stats.drops[reason] += c->n;
	while (c->n > 0)
		rte_pktmbuf_free(chain_pop(w->vfr, c));
}

// A datagram waits no longer. Its packets stay where they are.
static void end_waiting(struct vfr *v, struct vfr_datagram *d, enum vfr_state state)
{
	struct vfr_half *h = vfr_half(v, d->side);

	if (d->state == VFR_WAITING)
		TAILQ_REMOVE(&h->waiting, d, waiting);
	d->state = state;
}

static void give_up(
	struct worker *w, struct vfr_datagram *d, enum vfr_state state, enum drop_reason reason)
{
	end_waiting(w->vfr, d, state);
	d->reason = reason;
	vfr_half(w->vfr, d->side)->held -= d->held.n;
	chain_drop(w, &d->held, reason);
}

static bool expired(const struct worker *w, const struct vfr_datagram *d)
{
	return w->tsc - d->born >= VFR_SECONDS * w->tsc_hz;
}

// Which datagram of a set gives way to a new one: free ones first, then complete ones, then the
// oldest.
static unsigned int worth(const struct worker *w, const struct vfr_datagram *d)
{
	if (d->state == VFR_FREE || expired(w, d))
		return 0;
	return d->state == VFR_COMPLETE ? 1 : 2;
}

static struct vfr_datagram *less_worth(
	const struct worker *w, struct vfr_datagram *a, struct vfr_datagram *b)
{
	unsigned int wa = worth(w, a), wb = worth(w, b);

	if (wa != wb)
		return wa < wb ? a : b;
	return a->born <= b->born ? a : b;
}

static struct vfr_datagram *begin(
	struct worker *w, struct vfr_datagram *d, rte_be16_t id, const struct meta *meta)
{
	give_up(w, d, VFR_WAITING, DROP_FRAGMENT_LIMIT);
	*d = (struct vfr_datagram){ .src = meta->src,
		.dst = meta->dst,
		.id = id,
		.proto = meta->proto,
		.side = meta->side,
		.state = VFR_WAITING,
		.born = w->tsc };
	TAILQ_INSERT_TAIL(&vfr_half(w->vfr, d->side)->waiting, d, waiting);
	return d;
}

// The fragment's datagram: the one that is known, or a new one in the place of the least worth.
static struct vfr_datagram *find(struct worker *w, struct rte_mbuf *m, const struct meta *meta)
{
	struct vfr_half *h = vfr_half(w->vfr, meta->side);
	rte_be16_t id = packet_ip4(m, meta)->packet_id;
	// The workers have used up the low bits.
	uint32_t set = (vfr_hash(w->vfr, m, meta) / LIMIT_WORKERS) % (VFR_DATAGRAMS / VFR_WAYS);
	struct vfr_datagram *ways = &h->datagram[set * VFR_WAYS], *least = ways;

	for (unsigned int i = 0; i < VFR_WAYS; i++) {
		struct vfr_datagram *d = &ways[i];

		if (d->state != VFR_FREE && d->src == meta->src && d->dst == meta->dst &&
			d->id == id && d->proto == meta->proto && d->side == meta->side) {
			if (d->state == VFR_COMPLETE || expired(w, d))
				return begin(w, d, id, meta);
			return d;
		}
		least = less_worth(w, least, d);
	}
	return begin(w, least, id, meta);
}

static enum vfr_verdict drop(struct meta *meta, enum drop_reason reason)
{
	meta->reason = reason;
	return VFR_DROP;
}

static enum vfr_verdict hold(
	struct worker *w, struct vfr_datagram *d, struct rte_mbuf *m, struct meta *meta)
{
	struct vfr_half *h = vfr_half(w->vfr, d->side);

	if (d->held.n == LIMIT_DATAGRAM_HELD) {
		give_up(w, d, VFR_REFUSED, DROP_FRAGMENT_LIMIT);
		return drop(meta, DROP_FRAGMENT_LIMIT);
	}
	// The oldest gives way, until this one is the oldest.
	while (h->held + h->ready.n >= VFR_HELD_MAX) {
		struct vfr_datagram *oldest = TAILQ_FIRST(&h->waiting);

		if (oldest == d)
			return drop(meta, DROP_FRAGMENT_LIMIT);
		give_up(w, oldest, VFR_FREE, DROP_FRAGMENT_LIMIT);
	}
	chain_push(w->vfr, &d->held, m);
	h->held++;
	w->stats.accounts[ACCT_HELD]++;
	return VFR_HELD;
}

// Ports and ICMP type of a fragment that has none of its own.
static void tell(const struct vfr_datagram *d, struct meta *meta)
{
	meta->flags |= META_FRAG_KNOWN;
	if (!(meta->flags & META_FRAG_OTHER))
		return;
	meta->flags |= d->flags;
	meta->sport = d->sport;
	meta->dport = d->dport;
	meta->icmp_type = d->icmp_type;
}

// The first fragment has come: those that wait for it are ready.
static void learn(struct worker *w, struct vfr_datagram *d, const struct meta *meta)
{
	struct vfr_half *h = vfr_half(w->vfr, d->side);

	end_waiting(w->vfr, d, VFR_KNOWN);
	d->flags = meta->flags & META_HAS_PORTS;
	d->sport = meta->sport;
	d->dport = meta->dport;
	d->icmp_type = meta->icmp_type;
	for (uint16_t at = d->held.first; at != 0; at = w->vfr->next_slot[at - 1])
		tell(d, mbuf_meta(w->vfr->slot[at - 1]));
	h->held -= d->held.n;
	chain_move(w->vfr, &h->ready, &d->held);
}

static enum datagram_news note_bytes(
	struct vfr_datagram *d, struct rte_mbuf *m, const struct meta *meta)
{
	uint16_t field = rte_be_to_cpu_16(packet_ip4(m, meta)->fragment_offset);
	uint32_t len = meta->ip_len - (meta->l4_off - meta->l3_off);

	return datagram_note(&d->bytes,
		(field & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS, len,
		field & RTE_IPV4_HDR_MF_FLAG);
}

// The whole datagram is refused from now on (for overlaps as RFC 5722 3).
static enum vfr_verdict refuse(
	struct worker *w, struct vfr_datagram *d, struct meta *meta, enum drop_reason reason)
{
	give_up(w, d, VFR_REFUSED, reason);
	return drop(meta, reason);
}

enum vfr_verdict vfr_note(struct worker *w, struct rte_mbuf *m, struct meta *meta)
{
	struct vfr_datagram *d = find(w, m, meta);

	if (d->state == VFR_REFUSED)
		return drop(meta, d->reason);
	switch (note_bytes(d, m, meta)) {
	case DATAGRAM_NEW:
		break;
	case DATAGRAM_DUPLICATE: // the receiver has it, or what overlaps it silently
		return drop(meta, DROP_FRAGMENT_DUPLICATE);
	case DATAGRAM_OVERLAP:
		return refuse(w, d, meta, DROP_FRAGMENT_OVERLAP);
	case DATAGRAM_FULL:
		return refuse(w, d, meta, DROP_FRAGMENT_LIMIT);
	}
	if (meta->flags & META_ICMP_ERROR) // at most 576 bytes (RFC 1812 4.3.2.3): never cut
		return refuse(w, d, meta, DROP_FRAGMENT_BAD);
	if (meta->flags & META_FRAG_FIRST)
		learn(w, d, meta);
	if (d->state == VFR_WAITING)
		return hold(w, d, m, meta);
	tell(d, meta);
	if (datagram_complete(&d->bytes))
		d->state = VFR_COMPLETE;
	return VFR_PASS;
}

static void drop_late(struct worker *w, struct vfr_half *h)
{
	struct vfr_datagram *d;

	while ((d = TAILQ_FIRST(&h->waiting)) != NULL && expired(w, d))
		give_up(w, d, VFR_FREE, DROP_FRAGMENT_TIMEOUT);
}

uint16_t vfr_release(struct worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t got = 0;

	for (unsigned int i = 0; i < VFR_HALVES; i++) {
		struct vfr_half *h = &w->vfr->half[i];

		while (got < n && h->ready.n > 0)
			pkts[got++] = chain_pop(w->vfr, &h->ready);
		if (unlikely(!TAILQ_EMPTY(&h->waiting)))
			drop_late(w, h);
	}
	w->stats.accounts[ACCT_HELD] -= got;
	return got;
}

void vfr_flush(struct worker *w)
{
	for (unsigned int i = 0; i < VFR_HALVES; i++) {
		struct vfr_half *h = &w->vfr->half[i];

		while (!TAILQ_EMPTY(&h->waiting))
			give_up(w, TAILQ_FIRST(&h->waiting), VFR_FREE, DROP_FRAGMENT_TIMEOUT);
		chain_drop(w, &h->ready, DROP_FRAGMENT_TIMEOUT);
	}
}
