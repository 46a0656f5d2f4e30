// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Dumps of tables into a memfd that goes with the reply. Control thread only.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_mempool.h>

#include "dataplane/api/devices.h"
#include "dataplane/api/server_internal.h"
#include "dataplane/fib/dump.h"
#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/port/rxq_map.h"
#include "dataplane/session/sweeper.h"

#define SINK_BYTES    65536
#define PORTSET_BYTES (sizeof(struct portset) + sizeof(struct port_tables))

// Collects records and writes them in large pieces; the first error sticks.
struct sink {
	int fd;
	int error;
	size_t used;
	uint64_t count;
	uint8_t buffer[SINK_BYTES];
};

static void sink_flush(struct sink *k)
{
	size_t done = 0;

	while (k->error == 0 && done < k->used) {
		ssize_t n = write(k->fd, k->buffer + done, k->used - done);

		if (n < 0)
			k->error = -errno;
		else
			done += n;
	}
	k->used = 0;
}

static void sink_add(struct sink *k, const void *record, size_t size)
{
	if (k->used + size > sizeof(k->buffer))
		sink_flush(k);
	memcpy(k->buffer + k->used, record, size);
	k->used += size;
	k->count++;
}

static void emit_route(void *k, const struct dump_route *r)
{
	sink_add(k, r, sizeof(*r));
}

static void emit_neighbour(void *k, const struct dump_neighbour *r)
{
	sink_add(k, r, sizeof(*r));
}

static void dump_ports(struct dataplane *dp, struct sink *k)
{
	const struct set *set = atomic_load_explicit(&dp->set, memory_order_relaxed);

	for (unsigned int id = 1; id < LIMIT_PORTS; id++) {
		const struct port *p = set->port[id];
		struct dump_port d = { .id = id };

		if (p == NULL)
			continue;
		d.driver = p->conf.driver;
		d.role = set_is_public(set, id) ? ROLE_PUBLIC : ROLE_PRIVATE;
		d.link_up = p->link_up;
		d.queues = p->nb_rxq;
		d.mtu = p->conf.mtu;
		memcpy(d.mac, p->conf.mac, sizeof(d.mac));
		memcpy(d.name, p->conf.name, sizeof(d.name));
		memcpy(d.address, p->conf.address, sizeof(d.address));
		rxq_map_text(p, dp->n_workers, d.rx_workers, sizeof(d.rx_workers));
		sink_add(k, &d, sizeof(d));
	}
}

static void dump_limit(
	struct sink *k, const char *name, uint64_t used, uint64_t max, uint64_t bytes)
{
	struct dump_limit d = { .used = used, .max = max, .bytes = bytes };

	snprintf(d.name, sizeof(d.name), "%s", name);
	sink_add(k, &d, sizeof(d));
}

static void dump_limits(struct dataplane *dp, struct sink *k)
{
	const struct session_table *t = &dp->sessions;
	const struct arena_conf *sizes = &t->arena.header->conf;
	struct fib_usage fib;
	uint32_t portsets = 0;

	fib_usage(dp->l3->fib, &fib);
	for (uint32_t i = 0; i < t->portsets.n; i++)
		portsets += t->portsets.sets[i].state != PORTSET_FREE;
	dump_limit(k, "sessions", slab_used(&t->slabs[ARENA_SESSIONS]), sizes->sessions,
		t->arena.size);
	dump_limit(k, "mappings", slab_used(&t->slabs[ARENA_MAPPINGS]), sizes->sessions, 0);
	dump_limit(k, "hosts", slab_used(&t->slabs[ARENA_HOSTS]), sizes->hosts, 0);
	dump_limit(k, "index", dp->stats->process.index, dp->stats->process.index_max,
		(uint64_t)t->index.n_buckets * sizeof(struct index_bucket));
	dump_limit(k, "nat_addresses", portsets, sizes->nat_addresses,
		(uint64_t)sizes->nat_addresses * PORTSET_BYTES);
	dump_limit(k, "routes", dp->l3->rib->count[RIB_ROUTE], dp->l3->rib->max[RIB_ROUTE], 0);
	dump_limit(k, "prefixes", fib.routes, fib.max_routes, 0);
	dump_limit(k, "tbl8", fib.tbl8, fib.max_tbl8, (uint64_t)fib.max_tbl8 * 2048);
	dump_limit(k, "neighbours", neigh_count(dp->l3->neigh), LIMIT_NEIGHBOURS, 0);
	dump_limit(k, "adjacencies", dp->l3->adj->used, LIMIT_ADJACENCIES,
		LIMIT_ADJACENCIES * sizeof(struct adj));
	dump_limit(k, "ecmp_groups", ecmp_used(dp->l3->ecmp), LIMIT_ECMP_GROUPS,
		LIMIT_ECMP_GROUPS * sizeof(struct ecmp_group));
	dump_limit(k, "ports", dp->objects.table[OBJ_PORT].count, LIMIT_PORTS - 1, 0);
	dump_limit(k, "addresses", dp->objects.table[OBJ_ADDRESS].count, LIMIT_ADDRESSES - 1, 0);
	dump_limit(k, "eips", dp->objects.table[OBJ_EIP].count, LIMIT_EIPS - 1, 0);
	dump_limit(k, "port_forwards", dp->objects.table[OBJ_PORT_FORWARD].count,
		LIMIT_PORT_FORWARDS - 1, 0);
	dump_limit(k, "snat_rules", dp->objects.table[OBJ_SNAT].count, LIMIT_SNAT_RULES - 1, 0);
	dump_limit(k, "services", dp->objects.table[OBJ_SERVICE].count, LIMIT_SERVICES - 1, 0);
	dump_limit(k, "buffers", rte_mempool_in_use_count(dp->pool), dp->pool->size,
		(uint64_t)dp->pool->size * dp->pool->elt_size);
}

struct device_dump {
	struct dataplane *dp;
	struct sink *sink;
};

static void emit_device(void *ctx, const struct dump_device *device)
{
	struct device_dump *d = ctx;

	sink_add(d->sink, device, sizeof(*device));
}

static bool device_in_use(void *ctx, const char *address)
{
	struct device_dump *d = ctx;

	for (unsigned int id = 1; id < LIMIT_PORTS; id++) {
		const struct port *p = dataplane_port(d->dp, id);

		if (p != NULL && p->conf.driver == PORT_PCI &&
			strcmp(p->conf.address, address) == 0)
			return true;
	}
	return false;
}

static void dump_devices(struct dataplane *dp, struct sink *k)
{
	struct device_dump d = { dp, k };
	int rc = devices_each(emit_device, device_in_use, &d);

	if (rc < 0 && k->error == 0)
		k->error = rc;
}

static uint32_t dump_routes(
	struct dataplane *dp, const struct msg_dump *m, struct sink *k, struct msg_dump_reply *r)
{
	r->next = l3_dump_routes(dp->l3, m->from, m->most, emit_route, k);
	r->total = rib_count(dp->l3->rib);
	return sizeof(struct dump_route);
}

static uint32_t dump_fill(
	struct dataplane *dp, const struct msg_dump *m, struct sink *k, struct msg_dump_reply *r)
{
	switch (m->what) {
	case DUMP_ROUTES:
		return dump_routes(dp, m, k, r);
	case DUMP_NEIGHBOURS:
		l3_dump_neighbours(dp->l3, emit_neighbour, k);
		return sizeof(struct dump_neighbour);
	case DUMP_PORTS:
		dump_ports(dp, k);
		return sizeof(struct dump_port);
	case DUMP_LIMITS:
		dump_limits(dp, k);
		return sizeof(struct dump_limit);
	case DUMP_DEVICES:
		dump_devices(dp, k);
		return sizeof(struct dump_device);
	default:
		k->error = -EINVAL;
		return 0;
	}
}

void server_dump(struct server *s, const struct msg_dump *m)
{
	struct msg_dump_reply r = { .h = { .type = MSG_DUMP_REPLY, .seq = m->h.seq },
		.what = m->what };
	struct sink k = { .fd = memfd_create("dump", MFD_CLOEXEC) };

	if (k.fd < 0) {
		r.h.status = -errno;
		server_send(s, &r, sizeof(r), -1);
		return;
	}
	r.record_size = dump_fill(s->dp, m, &k, &r);
	sink_flush(&k);
	r.count = k.error == 0 ? k.count : 0;
	r.h.status = k.error;
	server_send(s, &r, sizeof(r), r.count > 0 ? k.fd : -1);
	close(k.fd);
}
