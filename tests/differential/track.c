// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Connections' histories.
#include "tests/differential/track.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "tests/differential/site.h"
#include "tests/differential/view.h"

#define TCP_TRANSITORY	240 // seconds; the shortest timers of the site
#define TCP_ESTABLISHED 7440
#define UDP		300
#define ICMP		60
#define OTHER		600
#define NEVER		(1u << 30) // longer than every sequence

struct track *track_of(struct tracks *tracks, const struct flow *flow)
{
	struct track *t = tracks->list;

	while (t < tracks->list + tracks->n && !flow_same(&t->flow, flow))
		t++;
	if (t == tracks->list + tracks->n)
		tracks->list[tracks->n++] = (struct track){
			.flow = *flow, .apart = RULE_COUNT, .idle = { NEVER, NEVER }
		};
	return t;
}

bool track_seen(const struct track *t)
{
	return t->idle[1] < NEVER;
}

void track_time(struct tracks *tracks, uint32_t seconds)
{
	for (unsigned int i = 0; i < tracks->n; i++) {
		tracks->list[i].idle[0] += seconds;
		tracks->list[i].idle[1] += seconds;
	}
}

// A packet after which conntrack may be in another state, or which it ignores: FIN, RST, another
// SYN, SYN and ACK from the first sender, an answer without SYN to a SYN.
static bool is_odd(const struct track *t, const struct view *in, uint8_t flags)
{
	if (flags & (TH_FIN | TH_RST))
		return true;
	if (flags & TH_SYN)
		return in->src == t->first ? track_seen(t) || (flags & TH_ACK) : t->answered;
	return in->src != t->first && !t->answered;
}

static void track_tcp(struct track *t, const struct view *in, uint8_t flags)
{
	if (t->idle[0] >= TCP_TRANSITORY) // it may be a new one, here or in the kernel as well
		t->picked_up = !(flags & TH_SYN) || (t->picked_up && t->idle[1] < TCP_ESTABLISHED);
	if (t->idle[0] >= TCP_ESTABLISHED)
		t->answered = false;
	t->picked_up |= !(flags & TH_SYN) && !t->answered;
	if (t->first == 0)
		t->first = in->src;
	t->odd |= is_odd(t, in, flags);
	t->reset |= (flags & TH_RST) != 0;
	t->finished |= (flags & TH_FIN) != 0;
	t->answered |= in->src != t->first && (flags & TH_ACK);
}

// Ours sees what is forwarded, the kernel all but what is invalid.
void track_packet(struct track *t, const struct exchange *ours, const struct exchange *kernel)
{
	struct view in, out;

	if (!view_first(&in, &ours->in))
		return;
	if (in.proto == IPPROTO_TCP && in.l4_len >= 14)
		track_tcp(t, &in, in.l4[13]);
	if (ours->out.n != 0 && view_frame(&out, &ours->out.f[0]) && !out.is_error)
		t->idle[0] = 0;
	else
		t->lost = true;
	if (!kernel->invalid && !t->odd)
		t->idle[1] = 0;
}

bool track_reopens(const struct track *t, const struct frames *in)
{
	struct view v;

	return t->finished && view_first(&v, in) && v.proto == IPPROTO_TCP && v.l4_len >= 14 &&
	       (v.l4[13] & TH_SYN) != 0;
}

uint32_t track_timer(const struct track *t)
{
	switch (t->flow.proto) {
	case IPPROTO_TCP:
		return TCP_TRANSITORY;
	case IPPROTO_UDP:
		return UDP;
	case IPPROTO_ICMP:
		return ICMP;
	default:
		return OTHER;
	}
}

bool track_may_be_over(const struct track *t)
{
	return t->idle[0] >= track_timer(t) || t->idle[1] >= track_timer(t);
}

bool tracks_apart(const struct tracks *tracks, const struct frames *in)
{
	struct view v;

	if (!view_first(&v, in) || !v.has_ports || !site_is_snat(v.dst))
		return false;
	for (unsigned int i = 0; i < tracks->n; i++) {
		const struct track *t = &tracks->list[i];
		const struct flow *f = &t->flow;

		for (unsigned int k = 0; k < 2 && t->apart != RULE_COUNT; k++)
			if (f->proto == v.proto && f->ip[k] == v.src && f->port[k] == v.sport &&
				f->port[!k] == v.dport && site_is_private(f->ip[!k]) &&
				site_snat_of(f->ip[!k]) == v.dst)
				return true;
	}
	return false;
}

enum rule tracks_rival(const struct tracks *tracks, const struct flow *flow)
{
	for (unsigned int i = 0; i < tracks->n && flow->proto == SITE_PROTO; i++) {
		const struct flow *f = &tracks->list[i].flow;
		enum rule rule = track_differs(&tracks->list[i]);

		for (unsigned int k = 0; k < 2; k++)
			if (rule != RULE_COUNT && f->proto == SITE_PROTO && !flow_same(f, flow) &&
				!site_is_private(f->ip[k]) &&
				(f->ip[k] == flow->ip[0] || f->ip[k] == flow->ip[1]))
				return rule;
	}
	return RULE_COUNT;
}

enum rule track_differs(const struct track *t)
{
	if (t->apart != RULE_COUNT)
		return RULE_APART;
	if (t->reset)
		return RULE_RST;
	if (!track_may_be_over(t))
		return RULE_COUNT;
	if (t->lost)
		return RULE_LOST;
	if (t->odd)
		return RULE_TCP_TIMER;
	return t->picked_up && t->flow.proto == IPPROTO_TCP ? RULE_PICKED_UP : RULE_COUNT;
}
