// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Received packets: whose they are, whether they are in order, what the router made of their tuple.
#include "tests/perf/pktgen/receive.h"

#include <string.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "tests/perf/pktgen/answer.h"
#include "tests/perf/pktgen/arp.h"
#include "tests/perf/pktgen/send.h"

// A received packet of ours.
struct arrival {
	struct seen seen;
	struct flow_set *set; // NULL: not one of ours
	enum direction direction;
	uint32_t slot;
};

// Whose the packet is, if it came where it should. False: not ours.
static bool identify(struct engine *e, const struct port *p, struct arrival *a)
{
	const struct tag *tag = &a->seen.tag;
	const struct set_options *o;

	if (tag->set >= e->options->n_sets)
		return false;
	a->set = &e->sets[tag->set];
	o = a->set->options;
	a->direction = tag->flow & TAG_REVERSE ? REVERSE : FORWARD;
	a->slot = tag->flow & TAG_SLOT;
	return a->slot < o->flows && a->seen.proto == o->proto &&
	       p == &e->ports[a->direction == FORWARD ? o->rx : o->tx];
}

static struct track *track_of(const struct engine *e, const struct arrival *a)
{
	struct track *tracks = a->set->directions[a->direction].tracks;

	if (tracks == NULL)
		return NULL;
	if (e->options->check == CHECK_ALL)
		return &tracks[a->slot];
	return a->slot % SAMPLE == 0 ? &tracks[a->slot / SAMPLE] : NULL;
}

static uint8_t generation_of(const struct arrival *a)
{
	return a->seen.tag.flow >> TAG_GENERATION_SHIFT & GENERATION_MASK;
}

// Learns a packet's tuple or compares it with what is known. True when it is not as it must be.
static bool wrong_tuple(struct engine *e, const struct arrival *a)
{
	struct flow_set *s = a->set;
	struct tuple expected;

	if (a->direction == FORWARD)
		return s->learned != NULL && learn_packet(&s->learned[a->slot], a->seen.tuple,
						     generation_of(a)) == LEARN_CHANGED;
	if (e->options->check != CHECK_ALL ||
		generation_of(a) != (churn_generation(&s->churn, a->slot) & GENERATION_MASK))
		return false;
	expected = tuple_reversed(flow_tuple(s, a->slot));
	return memcmp(&expected, &a->seen.tuple, sizeof(expected)) != 0;
}

static void data_arrived(struct engine *e, const struct arrival *a, uint32_t len)
{
	struct flow_direction *d = &a->set->directions[a->direction];
	struct track *t = track_of(e, a);

	d->counts.received++;
	d->counts.bytes_received += len + FRAME_FCS;
	if (t == NULL)
		return;
	if (wrong_tuple(e, a))
		d->counts.mistranslated++;
	switch (track_packet(t, a->seen.tag.seq)) {
	case TRACK_REORDERED:
		d->counts.reordered++;
		break;
	case TRACK_DUPLICATED:
		d->counts.duplicated++;
		break;
	default:
		break;
	}
	histogram_add(&d->latency, e->stamp - a->seen.tag.stamp);
}

// A packet that opens or closes a flow, or the answer to one. True when the packet was used for an
// answer.
static bool control_arrived(struct port *p, struct arrival *a, struct rte_mbuf *m)
{
	struct control_counts *c =
		a->seen.tag.seq == TAG_SEQ_LEARN ? &a->set->learning : &a->set->control;
	struct flow_set *s = a->set;
	bool ending = a->seen.flags & (FLAG_FIN | FLAG_RST);

	if (a->direction == REVERSE) {
		if (ending)
			c->closed++;
		else
			c->answered++;
		if (!ending && s->learned != NULL && s->learned[a->slot].known)
			s->learned[a->slot].answered = 1;
		return false;
	}
	if (ending)
		c->close_arrived++;
	else
		c->arrived++;
	if (!ending && s->learned != NULL)
		learn_packet(&s->learned[a->slot], a->seen.tuple, generation_of(a));
	return answer_packet(p, s, &a->seen, m);
}

// Our packet, or NULL in its set; prefetches what it will need.
static void look(struct engine *e, struct port *p, struct rte_mbuf *m, struct arrival *a)
{
	struct track *t;

	if (m->data_len < FRAME_MIN || m->pkt_len > FRAME_LONGEST ||
		!frame_parse(rte_pktmbuf_mtod(m, uint8_t *), (uint16_t)m->pkt_len, &a->seen) ||
		!identify(e, p, a)) {
		a->set = NULL;
		return;
	}
	t = track_of(e, a);
	if (t == NULL)
		return;
	rte_prefetch0(t);
	if (a->set->learned != NULL)
		rte_prefetch0(&a->set->learned[a->slot]);
}

static bool checksums_ok(const struct rte_mbuf *m)
{
	uint8_t copy[FRAME_LONGEST]; // of what is in several segments

	return frame_checksums_ok(rte_pktmbuf_read(m, 0, m->pkt_len, copy), (uint16_t)m->pkt_len);
}

// True when the packet is to be freed.
static bool take(struct engine *e, struct port *p, struct arrival *a, struct rte_mbuf *m)
{
	if (a->set == NULL) {
		if (arp_packet(e, p, m))
			return false;
		return true;
	}
	if (e->options->check == CHECK_ALL && !checksums_ok(m)) {
		a->set->directions[a->direction].counts.corrupt++;
		return true;
	}
	if (a->seen.tag.flow & TAG_CONTROL)
		return !control_arrived(p, a, m);
	data_arrived(e, a, m->pkt_len);
	return true;
}

static unsigned int receive_burst(struct engine *e, struct port *p, uint16_t queue)
{
	struct rte_mbuf *mbufs[BURST], *done[BURST];
	uint16_t n = rte_eth_rx_burst(p->id, queue, mbufs, BURST), n_done = 0;
	struct arrival arrivals[BURST];

	if (n == 0)
		return 0;
	e->stamp = (uint32_t)(rte_rdtsc() >> FRAME_STAMP_SHIFT);
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
	for (uint16_t i = 0; i < n; i++) {
		p->bytes_received += mbufs[i]->pkt_len + FRAME_FCS;
		look(e, p, mbufs[i], &arrivals[i]);
	}
	p->received += n;
	for (uint16_t i = 0; i < n; i++)
		if (take(e, p, &arrivals[i], mbufs[i]))
			done[n_done++] = mbufs[i];
	if (n_done > 0)
		rte_pktmbuf_free_bulk(done, n_done);
	return n;
}

unsigned int receive_packets(struct engine *e)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < e->options->n_ports; i++)
		for (uint16_t q = 0; q < e->ports[i].options->queues; q++)
			n += receive_burst(e, &e->ports[i], q);
	return n;
}
