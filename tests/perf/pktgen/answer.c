// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Answers of the far end.
#include "tests/perf/pktgen/answer.h"

#include "tests/perf/pktgen/lane.h"
#include "tests/perf/pktgen/send.h"

static uint8_t answer_flags(uint8_t flags)
{
	if (flags == FLAG_SYN)
		return FLAG_SYN | FLAG_ACK;
	return (flags & (FLAG_FIN | FLAG_RST)) == FLAG_FIN ? FLAG_FIN | FLAG_ACK : 0;
}

bool answer_packet(struct port *p, struct flow_set *s, const struct seen *seen, struct rte_mbuf *m)
{
	uint8_t flags = answer_flags(seen->flags); // 0 for what is not TCP
	struct lane *lane = flow_lane(p, seen->tag.flow & TAG_SLOT);
	struct tuple tuple = tuple_reversed(seen->tuple);
	struct tag tag = seen->tag;

	if (flags == 0)
		return false;
	if (!lane_has_room(lane)) {
		p->overflowed++;
		return false;
	}
	tag.flow |= TAG_REVERSE;
	m->ol_flags = 0;
	m->data_len = FRAME_MIN;
	m->pkt_len = FRAME_MIN;
	frame_build(rte_pktmbuf_mtod(m, uint8_t *), FRAME_MIN, &s->directions[REVERSE].template,
		&tuple, &tag, flags);
	lane_put(lane, m);
	return true;
}
