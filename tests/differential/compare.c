// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Number and interface of packets, and which differences are excused. Their bytes: bytes.c.
#include "tests/differential/compare.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>

#include "tests/differential/bytes.h"
#include "tests/differential/site.h"
#include "tests/differential/view.h"

void comparison_start(
	struct comparison *c, const struct exchange *ours, const struct exchange *kernel)
{
	*c = (struct comparison){ .ours = ours, .kernel = kernel };
}

static bool exchange_views(const struct exchange *x, struct view *in, struct view *out)
{
	return view_first(in, &x->in) && view_frame(out, &x->out.f[0]);
}

// To whose port each of the two delivers what the step sends.
static void step_bound(const struct comparison *c, const struct step *s, const struct binding *b[2])
{
	b[0] = ports_bound(&c->ports, &c->ours[s->id].in, true);
	b[1] = ports_bound(&c->ports, &c->kernel[s->id].in, false);
}

static struct flow step_flow(const struct comparison *c, const struct step *s)
{
	const struct binding *b[2];

	step_bound(c, s, b);
	if (b[0] != NULL || b[1] != NULL)
		return b[0] != NULL ? b[0]->flow : b[1]->flow;
	if (s->kind != STEP_SEND)
		return c->flows[s->ref];
	return flow_of(s->proto, s->src, s->sport, s->dst, s->dport);
}

static enum verdict excuse(struct comparison *c, enum rule rule)
{
	c->used[rule]++;
	return VERDICT_SAME;
}

// The connection's state differs from now on.
static enum verdict excuse_state(struct comparison *c, enum rule rule, struct track *t)
{
	if (t->apart == RULE_COUNT)
		t->apart = rule;
	return excuse(c, rule);
}

// The kernel found the packet invalid, ours went out: which rule has it?
static enum verdict invalid(struct comparison *c, const struct step *s, struct track *t)
{
	const struct exchange *x = &c->ours[s->id];
	bool from_private = x->in.f[0].wire != WIRE_PUB0;
	struct view in, out;

	if (!exchange_views(x, &in, &out))
		return VERDICT_DIFFERENT;
	if ((in.src == out.src && in.dst == out.dst) || (out.is_error && site_is_own(out.src)))
		return excuse(c, RULE_UNTRACKED);
	if ((site_is_eip(in.dst) && (!from_private || in.is_error)) ||
		(from_private && site_is_eip(out.src)))
		return excuse(c, RULE_EIP_STATELESS);
	if (in.proto == IPPROTO_TCP)
		return excuse_state(c, RULE_TCP_INVALID, t);
	return VERDICT_DIFFERENT;
}

// Nobody needs to look into an ICMP error that is only forwarded (RFC 1812 5.2.2).
static bool is_plain_error(const struct comparison *c, const struct step *s)
{
	const struct exchange *ours = &c->ours[s->id];
	struct view in, out;

	return s->kind == STEP_ERROR && s->flags & STEP_BAD_CHECKSUM && ours->out.n == 1 &&
	       exchange_views(ours, &in, &out) && in.src == out.src && in.dst == out.dst;
}

// The kernel gives a packet that it does not translate another source port, because its answers
// would be another connection's; where there are no ports it drops the packet.
static bool clashes(
	const struct exchange *ours, const struct exchange *kernel, const struct track *t)
{
	struct view in, out;

	if (t->flow.proto == SITE_PROTO && kernel->out.n == 0 && ours->out.n != 0)
		return track_seen(t) && exchange_views(ours, &in, &out) && in.src == out.src;
	if (kernel->out.n != 1 || !exchange_views(kernel, &in, &out) || !in.has_ports)
		return false;
	if (out.is_error) // about such a packet: it comes from where that went
		return track_seen(t) && out.src == in.dst && out.dst == in.src;
	return out.has_ports && in.src == out.src && in.sport != out.sport;
}

// The two have a different state of the connection, for a reason that is in the rules.
static enum verdict out_of_step(struct comparison *c, const struct step *s, struct track *t)
{
	enum rule rule = ports_differ(&c->ports, &t->flow);
	const struct binding *b[2];

	// They deliver to different hosts, because only one gave the port anew.
	step_bound(c, s, b);
	for (unsigned int i = 0; i < 2; i++)
		if (b[0] != b[1] && b[i] != NULL && b[i]->rule != RULE_COUNT)
			return excuse(c, b[i]->rule);
	// One of them translates a connection that the other, in another state of it, does not: the
	// packet is to the port that only the one gave.
	if (b[0] == NULL && b[1] == NULL && tracks_apart(&c->tracks, &c->ours[s->id].in))
		return excuse_state(c, RULE_APART, t);
	// What it answers is another connection's port by now in one of them.
	if (s->kind != STEP_SEND && b[0] != b[1])
		return excuse(c, RULE_APART);
	if (clashes(&c->ours[s->id], &c->kernel[s->id], t))
		return excuse_state(c, RULE_CLASH, t);
	if (rule == RULE_COUNT)
		rule = track_differs(t);
	if (rule == RULE_COUNT)
		rule = tracks_rival(&c->tracks, &t->flow);
	if (rule == RULE_COUNT && track_reopens(t, &c->ours[s->id].in))
		rule = RULE_RST;
	return rule == RULE_COUNT ? VERDICT_DIFFERENT : excuse_state(c, rule, t);
}

// RFC 5508 REQ-8: the flow cannot be translated without taking another one's answers.
static bool is_refused(const struct exchange *ours, const struct exchange *kernel)
{
	struct view in, out;

	return ours->out.n == 1 && kernel->out.n == 0 && exchange_views(ours, &in, &out) &&
	       out.is_error && site_is_own(out.src) && out.l4[0] == ICMP_DEST_UNREACH &&
	       out.l4[1] == ICMP_PKT_FILTERED;
}

// RFC 4787 REQ-9: both hosts have sent to each other's external port. The kernel keeps what is to
// its own address.
static bool is_hairpin(const struct exchange *ours, const struct exchange *kernel)
{
	struct view in, out;

	if (ours->out.n == 0 || kernel->out.n != 0 || ours->in.f[0].wire == WIRE_PUB0 ||
		!exchange_views(ours, &in, &out) || !site_is_snat(in.dst))
		return false;
	if (out.is_error && out.l4[0] == ICMP_TIME_EXCEEDED && site_is_own(out.src))
		return out.dst == in.src;
	return site_is_snat(out.src) && site_is_private(out.dst);
}

// One router sent more packets than the other.
static enum verdict presence(struct comparison *c, const struct step *s, struct track *t)
{
	const struct exchange *ours = &c->ours[s->id], *kernel = &c->kernel[s->id];

	if (is_refused(ours, kernel))
		return excuse(c, RULE_REFUSED);
	if (is_hairpin(ours, kernel))
		return excuse(c, RULE_HAIRPIN);
	if (is_plain_error(c, s))
		return excuse(c, RULE_UNTRACKED);
	if (kernel->invalid && ours->out.n == 1 && invalid(c, s, t) == VERDICT_SAME)
		return VERDICT_SAME;
	snprintf(c->why, sizeof(c->why), "vrouter sent %u packets, the kernel %u%s", ours->out.n,
		kernel->out.n, kernel->invalid ? " (invalid)" : "");
	return VERDICT_DIFFERENT;
}

static enum verdict packets(struct comparison *c, const struct step *s, struct track *t)
{
	const struct exchange *ours = &c->ours[s->id], *kernel = &c->kernel[s->id];
	enum verdict verdict = VERDICT_SAME;

	if (ours->broken != NULL || kernel->broken != NULL) {
		snprintf(c->why, sizeof(c->why), "%s", ours->broken ?: kernel->broken);
		return out_of_step(c, s, t);
	}
	if (ours->out.n != kernel->out.n)
		verdict = presence(c, s, t);
	else
		for (unsigned int i = 0; verdict == VERDICT_SAME && i < ours->out.n; i++)
			verdict = bytes_compare(c, s, i);
	return verdict == VERDICT_DIFFERENT ? out_of_step(c, s, t) : verdict;
}

enum verdict comparison_step(struct comparison *c, const struct step *s)
{
	const struct exchange *ours = &c->ours[s->id];
	enum verdict verdict;
	struct track *t;

	if (s->kind == STEP_TIME) {
		track_time(&c->tracks, s->seconds);
		ports_time(&c->ports, s->seconds);
		return VERDICT_SAME;
	}
	if (ours->in.n == 0)
		return VERDICT_SAME;
	c->flows[s->id] = step_flow(c, s);
	t = track_of(&c->tracks, &c->flows[s->id]);
	verdict = packets(c, s, t);
	if (s->kind == STEP_ERROR)
		return verdict;
	track_packet(t, ours, &c->kernel[s->id]);
	if (ours->out.n != 0)
		ports_use(&c->ports, &ours->in, true);
	if (c->kernel[s->id].out.n != 0)
		ports_use(&c->ports, &c->kernel[s->id].in, false);
	return verdict;
}
