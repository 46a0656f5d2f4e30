// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Bindings of external ports.
#include "tests/differential/ports.h"

#include <netinet/in.h>

#include "tests/differential/generator.h"
#include "tests/differential/site.h"

const char PORTS_COINCIDENCE[] = "a router chose a port that the sequence uses by itself";

static struct binding endpoint(
	const struct flow *flow, const struct view *ours, const struct view *kernel, bool source)
{
	return (struct binding){ .flow = *flow,
		.proto = ours->proto,
		.ext = source ? ours->src : ours->dst,
		.peer = source ? ours->dst : ours->src,
		.peer_port = ours->proto == IPPROTO_ICMP ? 0
			     : source			 ? ours->dport
							 : ours->sport,
		.ours = source ? ours->sport : ours->dport,
		.kernel = source ? kernel->sport : kernel->dport,
		.rule = RULE_COUNT };
}

static bool same_group(const struct binding *a, const struct binding *b)
{
	return a->proto == b->proto && a->ext == b->ext && a->peer == b->peer &&
	       a->peer_port == b->peer_port;
}

const struct binding *ports_bound(const struct ports *ports, const struct frames *in, bool ours)
{
	const struct flow none = { 0 };
	struct view v, quote;
	struct binding wanted;

	if (!view_first(&v, in))
		return NULL;
	wanted = view_quote(&quote, &v) ? endpoint(&none, &quote, &quote, true)
					: endpoint(&none, &v, &v, false);
	for (unsigned int i = 0; i < ports->n; i++) {
		const struct binding *b = &ports->list[i];

		if (same_group(b, &wanted) &&
			(ours ? b->ours == wanted.ours : b->kernel == wanted.kernel))
			return b;
	}
	return NULL;
}

void ports_use(struct ports *ports, const struct frames *in, bool ours)
{
	const struct binding *b = ports_bound(ports, in, ours);

	if (b != NULL)
		ports->list[b - ports->list].idle = 0;
}

void ports_time(struct ports *ports, uint32_t seconds)
{
	for (unsigned int i = 0; i < ports->n; i++)
		ports->list[i].idle += seconds;
}

enum rule ports_differ(const struct ports *ports, const struct flow *flow)
{
	for (unsigned int i = 0; i < ports->n; i++)
		if (ports->list[i].moved && flow_same(&ports->list[i].flow, flow))
			return ports->list[i].rule;
	return RULE_COUNT;
}

// A port that the packet did not have inside, and that the sequence may use for something else.
static bool coincidence(uint16_t port, uint16_t inside)
{
	return port != inside && generator_uses_port(port);
}

static bool kernel_reuses(const struct ports *ports, const struct binding *new)
{
	for (unsigned int i = 0; i < ports->n; i++) {
		const struct binding *b = &ports->list[i];

		if (b->proto == new->proto && b->ext == new->ext && b->kernel == new->kernel)
			return true;
	}
	return false;
}

// Why the host's port is another connection's in one of them only, RULE_COUNT: it is not.
static enum rule taken(const struct ports *ports, const struct binding *new, uint16_t inside)
{
	for (unsigned int i = 0; i < ports->n; i++) {
		const struct binding *b = &ports->list[i];

		if (same_group(b, new) && (b->ours == inside) != (b->kernel == inside))
			return b->rule;
	}
	return RULE_COUNT;
}

// Whether a connection whose state differs may have the port in one of them, and no binding for it
// because the other does not translate it any more.
static bool held_by_another(const struct tracks *tracks, const struct binding *new, uint16_t inside)
{
	for (unsigned int i = 0; i < tracks->n; i++) {
		const struct track *t = &tracks->list[i];

		for (unsigned int k = 0; k < 2 && t->apart != RULE_COUNT; k++)
			if (t->flow.proto == new->proto && t->flow.ip[k] == new->peer &&
				t->flow.port[!k] == inside)
				return true;
	}
	return false;
}

// Both keep the port that the host has, or neither does. `holder`: why a connection may have the
// port still in one of them only.
static const char *add(struct ports *ports, struct tracks *tracks, struct binding *new,
	uint16_t inside, enum rule holder)
{
	bool ours_kept = new->ours == inside, kernel_kept = new->kernel == inside;

	if (coincidence(new->ours, inside) || coincidence(new->kernel, inside))
		return PORTS_COINCIDENCE;
	if (ours_kept != kernel_kept) {
		if (inside < 1024 && !ours_kept)
			new->rule = RULE_LOW_PORT;
		else if (holder != RULE_COUNT)
			new->rule = holder;
		else if (taken(ports, new, inside) != RULE_COUNT)
			new->rule = taken(ports, new, inside);
		else if (ours_kept && kernel_reuses(ports, new))
			new->rule = RULE_KERNEL_REUSES;
		else if (held_by_another(tracks, new, inside))
			new->rule = RULE_APART;
		else if (ours_kept && track_seen(track_of(tracks, &new->flow)))
			new->rule = RULE_CLASH; // the two hosts talk without translation, too
		else
			return ours_kept ? "vrouter keeps the port, the kernel does not"
					 : "the kernel keeps the port, vrouter does not";
	}
	if (ports->n == BINDINGS_MAX)
		return "too many ports";
	ports->list[ports->n++] = *new;
	return NULL;
}

static const char *bind_port(
	struct ports *ports, struct tracks *tracks, struct binding *new, uint16_t inside)
{
	enum rule holder = RULE_COUNT;

	for (unsigned int i = 0; i < ports->n;) {
		struct binding *b = &ports->list[i];
		unsigned int equal = (b->ours == new->ours) + (b->kernel == new->kernel);
		const struct track *t;

		i++;
		if (!same_group(b, new) || equal == 0)
			continue;
		if (flow_same(&b->flow, &new->flow)) {
			b->moved |= equal == 1;
			if (equal == 1 && b->rule == RULE_COUNT)
				b->rule = kernel_reuses(ports, new)
						  ? RULE_KERNEL_REUSES
						  : track_differs(track_of(tracks, &b->flow));
			b->idle = 0;
			b->ours = new->ours;
			b->kernel = new->kernel;
			return NULL;
		}
		t = track_of(tracks, &b->flow);
		if (!track_may_be_over(t) && b->idle < track_timer(t) &&
			track_differs(t) == RULE_COUNT)
			return "a port is another connection's, which is not over";
		holder = track_differs(t);
		*b = ports->list[--ports->n];
		i--;
	}
	return add(ports, tracks, new, inside, holder);
}

static const char *replace(struct ports *ports, struct tracks *tracks, struct binding *b,
	const struct view *kernel, bool source, uint16_t inside)
{
	const char *why;

	if (!site_is_snat(b->ext))
		return NULL;
	why = bind_port(ports, tracks, b, inside);
	if (why == NULL)
		view_set_port(kernel, source, b->ours);
	return why;
}

const char *ports_replace(struct ports *ports, struct tracks *tracks, const struct flow *flow,
	const struct view *ours, const struct view *kernel, uint16_t inside, enum rule *rule)
{
	struct binding source = endpoint(flow, ours, kernel, true);
	struct binding destination = endpoint(flow, ours, kernel, false);
	const char *why;

	*rule = RULE_COUNT;
	// Else the bytes will tell.
	if (!ours->has_ports || !kernel->has_ports || ours->src != kernel->src ||
		ours->dst != kernel->dst || ours->proto != kernel->proto)
		return NULL;
	why = replace(ports, tracks, &source, kernel, true, inside);
	*rule = source.rule;
	return why != NULL ? why : replace(ports, tracks, &destination, kernel, false, inside);
}
