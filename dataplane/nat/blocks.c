// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A host's blocks stand in its slot. A worker takes a place there, then a block, and enters it; who
// reads the places may meet a block that the sweeper has just taken back, which block_get() tells.
// Nothing here waits: a search looks at each word of a bitmap at most once.
#include "dataplane/nat/blocks.h"

#include <errno.h>

#include "dataplane/nat/source.h"

#define TRIES 4 // each lost to another thread that made progress

static struct portset *portset_at(const struct session_table *t, uint32_t host)
{
	return &t->portsets.sets[host_at(t, host)->portset];
}

void nat_ports_of(const struct session_table *t, const struct nat_source *snat, uint32_t host,
	const struct nat_address *a, struct nat_ports *out)
{
	const struct host *h = host_at(t, host);

	out->portset = a->portset;
	out->ranges = a->ranges;
	out->n_ranges = a->n_ranges;
	if (snat->block_units == 0)
		return;
	out->ranges = out->blocks;
	out->n_ranges = 0;
	if (atomic_load_explicit(&h->n_blocks, memory_order_relaxed) == 0)
		return;
	for (unsigned i = 0; i < HOST_BLOCKS; i++) {
		uint16_t block = atomic_load_explicit(&h->blocks[i], memory_order_acquire);

		// An altered rule may have a narrower range.
		if (block != 0 && block != HOST_BLOCK_COMING &&
			block_inside(block, snat->block_units, a->ranges, a->n_ranges))
			out->blocks[out->n_ranges++] = block_range(block, snat->block_units);
	}
}

void nat_ports_of_block(
	uint16_t block, uint32_t units, const struct nat_address *a, struct nat_ports *out)
{
	out->portset = a->portset;
	out->blocks[0] = block_range(block, units);
	out->ranges = out->blocks;
	out->n_ranges = 1;
}

// A place for one more block; NULL when the host has as many as it may have.
static _Atomic uint16_t *take_place(struct host *h, uint32_t max)
{
	if (atomic_fetch_add_explicit(&h->n_blocks, 1, memory_order_acq_rel) < max)
		for (unsigned i = 0; i < HOST_BLOCKS; i++) {
			uint16_t none = 0;

			if (atomic_compare_exchange_strong_explicit(&h->blocks[i], &none,
				    HOST_BLOCK_COMING, memory_order_acq_rel, memory_order_relaxed))
				return &h->blocks[i];
		}
	atomic_fetch_sub_explicit(&h->n_blocks, 1, memory_order_relaxed);
	return NULL;
}

uint16_t nat_block_add(struct session_table *t, const struct nat_source *snat, uint32_t host,
	enum port_class class, struct nat_worker *w)
{
	const struct nat_address *a = nat_paired_address(t, snat, host);
	struct host *h = host_at(t, host);
	_Atomic uint16_t *place = NULL;
	uint16_t block;

	// The address may have come back, to another port set, before the host was over.
	if (a != NULL && a->portset == portset_at(t, host))
		place = take_place(h, snat->max_blocks);
	if (place == NULL)
		return 0;
	block = block_claim(
		a->portset, class, a->ranges, a->n_ranges, snat->block_units, host, &w->rng);
	if (block == 0) {
		atomic_store_explicit(place, 0, memory_order_relaxed);
		atomic_fetch_sub_explicit(&h->n_blocks, 1, memory_order_relaxed);
		return 0;
	}
	refs_add(&h->refs);
	if (w->on_block != NULL) {
		const struct port_block b = { h->key.addr, h->pool_addr, h->key.rule,
			block_range(block, snat->block_units) };

		w->on_block(w->on_block_ctx, &b);
	}
	atomic_store_explicit(place, block, memory_order_release);
	return block;
}

bool nat_block_hold(const struct session_table *t, const struct nat_source *snat, uint32_t host,
	uint16_t port, uint16_t *block)
{
	uint16_t wanted = block_of(port, snat->block_units);

	if (*block == wanted)
		return true;
	nat_block_let_go(t, host, block);
	if (block_get(portset_at(t, host), wanted, host))
		*block = wanted;
	return *block != 0;
}

void nat_block_let_go(const struct session_table *t, uint32_t host, uint16_t *block)
{
	if (*block != 0)
		block_put(portset_at(t, host), *block);
	*block = 0;
}

// A port of a block that the host has already.
static bool own_port(struct session_table *t, const struct nat_source *snat, uint32_t host,
	enum port_class class, uint16_t wanted, struct nat_worker *w, struct nat_port *out)
{
	const struct nat_address *a = nat_paired_address(t, snat, host);
	struct nat_ports ports;

	nat_ports_of(t, snat, host, a, &ports);
	for (unsigned i = 0; i < TRIES; i++) {
		if (portset_claim(ports.portset, class, wanted, ports.ranges, ports.n_ranges,
			    &w->rng, &out->port) != 0)
			return false;
		if (nat_block_hold(t, snat, host, out->port, &out->block))
			return true;
		portset_release(ports.portset, class, out->port);
	}
	return false;
}

int nat_block_port(struct session_table *t, const struct nat_source *snat, uint32_t host,
	enum port_class class, uint16_t wanted, struct nat_worker *w, struct nat_port *out)
{
	struct port_range range;

	*out = (struct nat_port){ .portset = portset_at(t, host) };
	if (own_port(t, snat, host, class, wanted, w, out))
		return 0;
	out->block = nat_block_add(t, snat, host, class, w);
	if (out->block == 0)
		return -EADDRNOTAVAIL;
	range = block_range(out->block, snat->block_units);
	if (portset_claim(out->portset, class, wanted, &range, 1, &w->rng, &out->port) == 0)
		return 0;
	nat_block_let_go(t, host, &out->block);
	return -EADDRNOTAVAIL;
}
