// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets of the schedule, and the ones that open and close flows.
#include "tests/perf/pktgen/send.h"

#include <errno.h>
#include <netinet/in.h>

#include <rte_cycles.h>

#include "tests/perf/pktgen/lane.h"

// A packet to be built.
struct pick {
	struct flow_set *set;
	enum direction direction;
	bool opens;
	uint32_t slot, pass;
};

static void put(struct engine *e, struct flow_set *s, enum direction d, struct rte_mbuf *m,
	const struct tuple *tuple, const struct tag *tag, uint8_t flags, uint16_t len)
{
	struct port *p = &e->ports[d == FORWARD ? s->options->tx : s->options->rx];

	frame_build(
		rte_pktmbuf_mtod(m, uint8_t *), len, &s->directions[d].template, tuple, tag, flags);
	m->data_len = len;
	m->pkt_len = len;
	lane_put(flow_lane(p, tag->flow & TAG_SLOT), m);
}

static void put_control(struct engine *e, struct flow_set *s, struct rte_mbuf *m,
	struct tuple tuple, uint32_t flow, uint8_t flags)
{
	struct tag tag = { flow | TAG_CONTROL,
		e->phase == PHASE_LEARN ? TAG_SEQ_LEARN : TAG_SEQ_RUN, e->stamp, s->number };

	put(e, s, FORWARD, m, &tuple, &tag, flags, FRAME_MIN);
}

static uint16_t next_length(struct flow_set *s, struct flow_direction *d)
{
	if (s->n_lengths == 1)
		return s->lengths[0];
	if (d->next_size == s->n_lengths)
		d->next_size = 0;
	return s->lengths[d->next_size++];
}

static void send_data(struct engine *e, const struct pick *pick, struct rte_mbuf *m)
{
	struct flow_set *s = pick->set;
	struct flow_direction *d = &s->directions[pick->direction];
	struct tag tag = { flow_word(s, pick->slot), pick->pass, e->stamp, s->number };
	uint16_t len = next_length(s, d);
	struct tuple tuple;

	if (pick->direction == FORWARD) {
		tuple = flow_tuple(s, pick->slot);
	} else {
		struct learned *l = &s->learned[pick->slot];

		if (!learn_has(l, churn_generation(&s->churn, pick->slot))) {
			d->counts.skipped++;
			rte_pktmbuf_free(m);
			return;
		}
		tuple = tuple_reversed(l->out);
		tag.flow |= TAG_REVERSE;
		tag.seq = l->sent++;
	}
	d->counts.sent++;
	d->counts.bytes_sent += len + FRAME_FCS;
	put(e, s, pick->direction, m, &tuple, &tag, FLAG_ACK | FLAG_PSH, len);
}

// Sends FIN or RST of the flow that is about to be replaced. Flows that were never begun have none.
static int send_close(struct engine *e, struct flow_set *s)
{
	const struct set_options *o = s->options;
	uint32_t slot = s->churn.slot;
	struct rte_mbuf *m;

	if (o->proto != IPPROTO_TCP || o->closing == CLOSE_NONE ||
		(!o->learn && churn_generation(&s->churn, slot) == 0))
		return 0;
	m = rte_pktmbuf_alloc(e->tx_pool);
	if (m == NULL)
		return -ENOBUFS;
	put_control(e, s, m, flow_tuple(s, slot), flow_word(s, slot),
		o->closing == CLOSE_RST ? FLAG_RST | FLAG_ACK : FLAG_FIN | FLAG_ACK);
	s->control.closing++;
	return 0;
}

static int open_next(struct engine *e, struct flow_set *s, struct rte_mbuf *m)
{
	int rc = send_close(e, s);
	uint32_t slot;

	if (rc < 0) {
		rte_pktmbuf_free(m);
		return rc;
	}
	slot = churn_next(&s->churn);
	put_control(e, s, m, flow_tuple(s, slot), flow_word(s, slot), FLAG_SYN);
	s->control.opened++;
	return 0;
}

int send_new_flow(struct engine *e, struct flow_set *s)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(e->tx_pool);

	return m != NULL ? open_next(e, s, m) : -ENOBUFS;
}

int send_open(struct engine *e, struct flow_set *s, uint32_t slot)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(e->tx_pool);

	if (m == NULL)
		return -ENOBUFS;
	put_control(e, s, m, flow_tuple(s, slot), flow_word(s, slot), FLAG_SYN);
	s->learning.opened++;
	return 0;
}

static bool opens(struct flow_set *s)
{
	if (s->options->new_share == 0)
		return false;
	s->share_due += s->options->new_share;
	if (s->share_due < 1)
		return false;
	s->share_due -= 1;
	return true;
}

static void pick_next(struct engine *e, struct pick *pick)
{
	struct stream stream = schedule_next(&e->schedule);
	struct flow_set *s = &e->sets[stream.set];

	pick->set = s;
	pick->direction = (enum direction)stream.direction;
	pick->opens = opens(s);
	if (pick->opens)
		return;
	pick->slot = permutation_next(&s->directions[pick->direction].order, &pick->pass);
	if (pick->direction == REVERSE)
		rte_prefetch0(&s->learned[pick->slot]);
}

unsigned int send_packets(struct engine *e, unsigned int n)
{
	struct rte_mbuf *mbufs[SEND_MAX];
	struct pick picks[SEND_MAX];

	if (rte_pktmbuf_alloc_bulk(e->tx_pool, mbufs, n) != 0)
		return 0;
	e->stamp = (uint32_t)(rte_rdtsc() >> FRAME_STAMP_SHIFT);
	for (unsigned int i = 0; i < n; i++) {
		pick_next(e, &picks[i]);
		__builtin_prefetch(rte_pktmbuf_mtod(mbufs[i], void *), 1);
	}
	for (unsigned int i = 0; i < n; i++) {
		if (!picks[i].opens)
			send_data(e, &picks[i], mbufs[i]);
		else if (open_next(e, picks[i].set, mbufs[i]) < 0)
			picks[i].set->share_due += 1; // later
	}
	return n;
}
