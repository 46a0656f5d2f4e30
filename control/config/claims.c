// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ports of the router's own addresses, each of which has one user: port forwards, listeners of load
// balancers, and IKE, which all connections of an address share (RFC 7296, section 2).
#include <stdio.h>
#include <stdlib.h>

#include "control/config/context.h"

#define CLAIMS_MIN 64

struct claim *claim_ports(struct parse *ps)
{
	if (ps->n_claims == ps->max_claims) {
		size_t max = ps->max_claims > 0 ? ps->max_claims * 2 : CLAIMS_MIN;
		struct claim *grown = realloc(ps->claims, max * sizeof(*grown));

		if (grown == NULL) {
			ps->no_memory = true;
			return NULL;
		}
		ps->claims = grown;
		ps->max_claims = max;
	}
	return &ps->claims[ps->n_claims++];
}

static int by_document(const struct claim *x, const struct claim *y)
{
	if (x->holder != y->holder)
		return x->holder > y->holder ? 1 : -1;
	if (x->index != y->index)
		return x->index > y->index ? 1 : -1;
	return (x->item > y->item) - (x->item < y->item);
}

static int order_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->address.s_addr != y->address.s_addr)
		return x->address.s_addr > y->address.s_addr ? 1 : -1;
	if (x->protocol != y->protocol)
		return x->protocol > y->protocol ? 1 : -1;
	if (x->first != y->first)
		return x->first > y->first ? 1 : -1;
	return by_document(x, y);
}

static void describe(const struct claim *c, char *text, size_t size)
{
	switch (c->holder) {
	case CLAIM_FORWARD:
		snprintf(text, size, "/port_forwards/%u", c->index);
		break;
	case CLAIM_LISTENER:
		snprintf(text, size, "/load_balancers/%u/listeners/%u", c->index, c->item);
		break;
	case CLAIM_IKE:
		snprintf(text, size, "/ipsec/%u", c->index);
		break;
	}
}

static void report_listener(
	struct parse *ps, const struct claim *wrong, const struct claim *other, const char *holder)
{
	struct path list = { .up = &ps->root, .key = "load_balancers" };
	struct path balancer = { .up = &list, .index = wrong->index };
	struct path listeners = { .up = &balancer, .key = "listeners" };
	struct path listener = { .up = &listeners, .index = wrong->item };
	struct path port = { .up = &listener, .key = "port" };

	report(ps->problems, &port, NULL,
		"%u: overlaps %u-%u of %s on the same address and protocol", wrong->first,
		other->first, other->last, holder);
}

// The one that comes later in the document is at fault.
static void report_overlap(struct parse *ps, const struct claim *a, const struct claim *b)
{
	const struct claim *wrong = by_document(a, b) > 0 ? a : b, *other = wrong == a ? b : a;
	char holder[64];

	describe(other, holder, sizeof(holder));
	switch (wrong->holder) {
	case CLAIM_FORWARD:
		report_entry(ps, "port_forwards", wrong->index, "ports", -1,
			"overlaps %u-%u of %s on the same address and protocol", other->first,
			other->last, holder);
		break;
	case CLAIM_LISTENER:
		report_listener(ps, wrong, other, holder);
		break;
	case CLAIM_IKE:
		report_entry(ps, "ipsec", wrong->index, wrong->item ? "interface" : "vip", -1,
			"IKE needs UDP port %u of this address, which %s has", wrong->first,
			holder);
		break;
	}
}

// In sorted order, a range that overlaps an earlier one overlaps the one that reaches highest.
void check_claims(struct parse *ps)
{
	const struct claim *highest = ps->claims;

	if (ps->n_claims > 0)
		qsort(ps->claims, ps->n_claims, sizeof(*ps->claims), order_claims);
	for (size_t i = 1; i < ps->n_claims; i++) {
		const struct claim *c = &ps->claims[i];
		bool same = c->address.s_addr == highest->address.s_addr &&
			    c->protocol == highest->protocol;
		bool shared = c->holder == CLAIM_IKE && highest->holder == CLAIM_IKE;

		if (same && c->first <= highest->last && !shared)
			report_overlap(ps, highest, c);
		if (!same || c->last > highest->last)
			highest = c;
	}
}
