// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Use of the session table's parts and of the external ports. Counters that others change are read
// without order: a number may be some milliseconds old.
#include "dataplane/main/fill.h"

#include "dataplane/main/dataplane.h"
#include "dataplane/port/port.h"

static void set(uint64_t *to, uint64_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

static_assert((int)STATS_PORT_CLASSES == (int)PORT_CLASSES, "one number for each");

static void fill_tables(struct dataplane *dp)
{
	const struct session_table *t = &dp->sessions;
	uint64_t sessions = slab_used(&t->slabs[ARENA_SESSIONS]);
	uint64_t mappings = slab_used(&t->slabs[ARENA_MAPPINGS]);
	uint64_t hosts = slab_used(&t->slabs[ARENA_HOSTS]);
	struct process_stats *p = &dp->stats->process;

	set(&p->sessions_max, t->slabs[ARENA_SESSIONS].capacity);
	set(&p->mappings, mappings);
	set(&p->mappings_max, t->slabs[ARENA_MAPPINGS].capacity);
	set(&p->hosts, hosts);
	set(&p->hosts_max, t->slabs[ARENA_HOSTS].capacity);
	set(&p->index, 2 * sessions + mappings + hosts); // keys
	set(&p->index_max, (uint64_t)t->index.n_buckets * INDEX_PLACES);
}

static void fill_pool(struct pool_stats *out, const struct portset *portset)
{
	bool used = portset->state != PORTSET_FREE;

	for (unsigned int class = 0; class < PORT_CLASSES; class ++) {
		__atomic_store_n(&out->used[class], used ? portset_used(portset, class) : 0,
			__ATOMIC_RELAXED);
		__atomic_store_n(
			&out->max[class], used ? portset->ports[class] : 0, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&out->blocks_used, used ? blocks_used(portset) : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&out->blocks_max, used ? portset->blocks : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&out->addr, used ? portset->addr : 0, __ATOMIC_RELEASE);
}

void fill_update(struct dataplane *dp)
{
	fill_tables(dp);
	for (uint32_t i = 0; i < dp->sessions.portsets.n && i < LIMIT_NAT_ADDRESSES; i++)
		fill_pool(&dp->stats->pool[i], &dp->sessions.portsets.sets[i]);
}

void fill_losses(struct dataplane *dp)
{
	for (unsigned int id = 1; id < LIMIT_PORTS; id++) {
		struct port *p = dataplane_port(dp, id);
		struct port_losses now = { 0 }, *out = &dp->stats->losses[id];

		if (p != NULL)
			port_read_losses(p, &now);
		set(&out->rx_missed, now.rx_missed);
		set(&out->rx_no_buffer, now.rx_no_buffer);
		set(&out->rx_errors, now.rx_errors);
		set(&out->tx_errors, now.tx_errors);
	}
}
