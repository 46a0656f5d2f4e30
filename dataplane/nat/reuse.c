// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Proposes ports for endpoint-dependent flows. The keys of a batch are looked up together, so that
// their cache misses overlap.
#include "dataplane/nat/reuse.h"

#include <arpa/inet.h>

#include "dataplane/api/proto.h"

// A prime above every number of ports: steps of it, modulo that number, come to each port once and
// leave the neighbourhood of one that is taken. Ports that hosts choose are often next to each
// other.
#define STRIDE 2654435761u

bool nat_reusable(const struct session_table *t, const struct nat_ports *ports,
	enum port_class class, uint16_t port)
{
	uint32_t owner;

	if (!port_ranges_have(ports->ranges, ports->n_ranges, port))
		return false;
	switch (portset_state(ports->portset, class, port)) {
	case PORT_STATE_FREE:
		return true;
	case PORT_STATE_RESERVED:
		return false;
	default:
		// 0: just claimed, and not known yet for whom.
		owner = portset_owner(ports->portset, class, port);
		return owner != 0 &&
		       mapping_at(t, owner)->filtering == NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT;
	}
}

void nat_reuse_start(struct nat_reuse *r, const struct session_table *t,
	const struct nat_ports *ports, enum port_class class, struct nat_worker *w)
{
	uint32_t n = port_ranges_size(ports->ranges, ports->n_ranges);

	*r = (struct nat_reuse){ .t = t,
		.ports = ports,
		.class = class,
		.next = n == 0 ? 0 : port_random(&w->rng, n),
		.left = n };
}

unsigned nat_reuse_next(
	struct nat_reuse *r, struct session_key key, uint16_t ports[NAT_REUSE_BATCH])
{
	const struct nat_ports *p = r->ports;
	uint32_t total = port_ranges_size(p->ranges, p->n_ranges), taken[NAT_REUSE_BATCH];
	struct session_key keys[NAT_REUSE_BATCH];
	unsigned n = 0, open = 0;

	for (unsigned i = 0; i < NAT_REUSE_BATCH && r->left != 0; i++, r->left--) {
		uint16_t port = port_ranges_at(p->ranges, p->n_ranges, r->next);

		r->next = (r->next + STRIDE % total) % total;
		if (!nat_reusable(r->t, p, r->class, port))
			continue;
		key.dport = htons(port);
		keys[n++] = key;
	}
	session_lookup_bulk(r->t, keys, n, taken);
	for (unsigned i = 0; i < n; i++)
		if (taken[i] == 0)
			ports[open++] = keys[i].dport;
	return open;
}
