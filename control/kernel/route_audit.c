// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Records of the data plane's dump, as the routes that they came from.
#include "control/kernel/route_audit.h"

#include <string.h>

#include "control/kernel/route_table_internal.h"

static bool same_hop(const struct msg_hop *a, const struct msg_hop *b)
{
	return a->port == b->port && memcmp(&a->gateway, &b->gateway, sizeof(a->gateway)) == 0;
}

bool route_as_told(const struct told *told, const struct msg_route *has, const struct msg_hop *hops)
{
	unsigned int found = 0;

	if (told->type != has->type || told->unsure)
		return false;
	for (unsigned int i = 0; i < has->n_hops; i++) {
		uint64_t weight = 0;

		for (unsigned int k = 0; k < told->n_hops; k++)
			if (same_hop(&told->hops[k], &hops[i])) {
				weight += told->hops[k].weight;
				found++;
			}
		if (weight == 0 || (has->n_hops > 1 && weight != hops[i].weight))
			return false;
	}
	return found == told->n_hops;
}

static const struct {
	const char *name; // of an adjacency
	uint8_t type;
} types[] = {
	{ "unicast", ROUTE_UNICAST },
	{ "connected", ROUTE_UNICAST }, // on-link
	{ "blackhole", ROUTE_BLACKHOLE },
	{ "unreachable", ROUTE_UNREACHABLE },
	{ "prohibit", ROUTE_PROHIBIT },
};

// An unknown type is one that nobody told.
static uint8_t type_of(const struct dump_route *d)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncmp(d->type, types[i].name, sizeof(d->type)) == 0)
			return types[i].type;
	return UINT8_MAX;
}

static struct msg_hop hop_of(const struct dump_route *d)
{
	return (struct msg_hop){ .gateway = d->gateway, .port = d->port, .weight = d->weight };
}

// The records of a route are one after the other.
static size_t route_of(
	const struct dump_route *d, size_t left, struct msg_route *r, struct msg_hop *hops)
{
	size_t n = 1;

	*r = (struct msg_route){ .prefix = d->prefix, .type = type_of(d) };
	while (n < left && d[n].hop != 0)
		n++;
	for (size_t i = 0; r->type == ROUTE_UNICAST && i < n && i < MSG_ROUTE_HOPS; i++)
		hops[r->n_hops++] = hop_of(&d[i]);
	return n;
}

int route_audit(struct route_table *t, const struct dump_route *records, size_t count)
{
	struct msg_hop hops[MSG_ROUTE_HOPS];
	struct msg_route r;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count;) {
		const struct dump_route *d = &records[i];

		i += route_of(d, count - i, &r, hops);
		if (strncmp(d->source, "route", sizeof(d->source)) == 0)
			rc = route_table_audit(t, &d->prefix, &r, hops);
	}
	return rc;
}
