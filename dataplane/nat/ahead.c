// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Looks ahead in steps, each over all flows: what a step reads, the step before has loaded.
#include "dataplane/nat/ahead.h"

#include <arpa/inet.h>

#include "dataplane/api/proto.h"
#include "dataplane/nat/source.h"

static bool is_mapped(const struct nat_ahead *f)
{
	return f->snat != NULL && f->snat->mapping == NAT_MAP_ENDPOINT_INDEPENDENT &&
	       port_class(f->key.proto) >= 0;
}

// Hosts and mappings that are there already.
static void find_parts(const struct session_table *t, struct nat_ahead *flows, unsigned n)
{
	struct mapping_key keys[2 * NAT_AHEAD];
	uint32_t found[2 * NAT_AHEAD], *to[2 * NAT_AHEAD];
	unsigned n_keys = 0;

	for (unsigned i = 0; i < n; i++) {
		struct nat_ahead *f = &flows[i];

		f->host = f->mapping = 0;
		if (f->snat == NULL)
			continue;
		keys[n_keys] = nat_host_key(f->snat, f->key.src);
		to[n_keys++] = &f->host;
		if (!is_mapped(f))
			continue;
		keys[n_keys] = nat_mapping_key(f->snat, &f->key);
		to[n_keys++] = &f->mapping;
	}
	if (n_keys == 0)
		return;
	index_lookup_bulk(&t->index, keys, n_keys, found);
	for (unsigned i = 0; i < n_keys; i++)
		*to[i] = found[i];
}

// Where the flow's port is taken from, when it is not known yet; NULL: that is not foreseen.
static const struct nat_address *address_of(
	const struct session_table *t, const struct nat_ahead *f)
{
	if (f->host == 0 || f->mapping != 0 || f->snat->block_units != 0 || !is_mapped(f))
		return NULL;
	return nat_paired_address(t, f->snat, index_entry_ref(f->host));
}

static void load_ports(const struct session_table *t, struct nat_worker *w, struct nat_ahead *f)
{
	const struct nat_address *a = address_of(t, f);
	uint32_t total = a == NULL ? 0 : port_ranges_size(a->ranges, a->n_ranges);
	enum port_class class = port_class_charged(f->key.proto);

	f->start = 0;
	if (total == 0)
		return;
	f->start = port_ranges_at(a->ranges, a->n_ranges, port_random(&w->rng, total));
	portset_prefetch(a->portset, class, ntohs(f->key.sport));
	portset_prefetch(a->portset, class, f->start);
}

static void find_port(const struct session_table *t, struct nat_ahead *f)
{
	const struct nat_address *a = address_of(t, f);
	enum port_class class = port_class_charged(f->key.proto);

	f->port = 0;
	if (a != NULL)
		f->port = portset_find(
			a->portset, class, ntohs(f->key.sport), f->start, a->ranges, a->n_ranges);
}

// The bucket of the replies' key, and with a new mapping the place of its owner.
static void load_reply(const struct session_table *t, const struct nat_ahead *f)
{
	struct session_key key = { .src = f->dst,
		.dst = f->key.src,
		.sport = f->dport,
		.dport = f->key.sport,
		.proto = f->key.proto,
		.side = f->reply_side };

	if (f->mapping != 0) {
		const struct mapping *m = mapping_at(t, f->mapping);

		key.dst = m->ext_addr;
		key.dport = m->ext_port;
	} else if (f->host != 0) {
		const struct host *h = host_at(t, f->host);

		key.dst = h->pool_addr;
		if (f->port != 0) {
			key.dport = htons(f->port);
			portset_prefetch_owner(&t->portsets.sets[h->portset],
				port_class_charged(f->key.proto), f->port);
		}
	}
	index_prefetch(&t->index, &key);
}

void nat_ahead(struct session_table *t, struct nat_worker *w, struct nat_ahead *flows, unsigned n)
{
	find_parts(t, flows, n);
	for (unsigned i = 0; i < n; i++)
		load_ports(t, w, &flows[i]);
	for (unsigned i = 0; i < n; i++) {
		find_port(t, &flows[i]);
		load_reply(t, &flows[i]);
	}
}
