// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Hosts and mappings are found by key or made. One that is dead but still in the index is treated
// as absent: whoever meets it removes its key, which is idempotent, and goes on. So is one whose
// external address or port an altered rule does not give any more: its sessions are about to end,
// and it goes with the last of them.
#include "dataplane/nat/source.h"

#include <arpa/inet.h>
#include <errno.h>

#include "dataplane/api/proto.h"
#include "dataplane/nat/ahead.h"
#include "dataplane/nat/blocks.h"

#define TRIES 4 // each lost to another thread that made progress

static int index_error(int rc)
{
	return rc == -ENOSPC ? -ENOBUFS : rc;
}

// Hosts are spread over the pool by their hash.
static uint32_t pick_address(
	const struct session_table *t, const struct nat_source *snat, const struct mapping_key *key)
{
	return (uint32_t)((index_hash(&t->index, key) >> 32) * snat->n_pool >> 32);
}

static const struct nat_address *find_address(const struct nat_source *snat, uint32_t addr)
{
	for (uint32_t i = 0; i < snat->n_pool; i++)
		if (snat->pool[i].addr == addr)
			return &snat->pool[i];
	return NULL;
}

const struct nat_address *nat_paired_address(
	const struct session_table *t, const struct nat_source *snat, uint32_t host)
{
	const struct host *h = host_at(t, host);

	if (h->pool_index < snat->n_pool && snat->pool[h->pool_index].addr == h->pool_addr)
		return &snat->pool[h->pool_index];
	return find_address(snat, h->pool_addr); // the pool has another order
}

// Whether the rule gives the port (network order) of an address of its pool: its block as a whole.
static bool gives_port(const struct nat_source *snat, const struct nat_address *a, uint16_t port)
{
	uint32_t units = snat->block_units;

	if (units != 0)
		return block_inside(block_of(ntohs(port), units), units, a->ranges, a->n_ranges);
	return port_ranges_have(a->ranges, a->n_ranges, ntohs(port));
}

bool nat_source_gives(const struct nat_source *snat, uint32_t addr, uint8_t proto, uint16_t port)
{
	const struct nat_address *a = find_address(snat, addr);

	return a != NULL && (port_class(proto) < 0 || gives_port(snat, a, port));
}

static int make_host(struct session_table *t, const struct nat_request *rq,
	const struct mapping_key *key, uint32_t *ref)
{
	uint32_t pick = pick_address(t, rq->snat, key);
	struct host *h;

	*ref = slab_alloc(&t->slabs[ARENA_HOSTS]);
	if (*ref == 0)
		return -ENOSPC;
	h = host_at(t, *ref);
	h->key = *key;
	for (unsigned c = 0; c < PORT_CLASSES; c++)
		atomic_store_explicit(&h->sessions[c], 0, memory_order_relaxed);
	h->pool_index = pick;
	h->pool_addr = rq->snat->pool[pick].addr;
	h->created = rq->tick;
	h->portset = (uint32_t)(rq->snat->pool[pick].portset - t->portsets.sets);
	h->block_units = rq->snat->block_units;
	atomic_store_explicit(&h->begun, 0, memory_order_relaxed);
	refs_init(&h->refs, 1);
	return 0;
}

static void discard_host(struct session_table *t, uint32_t ref)
{
	atomic_store_explicit(&host_at(t, ref)->refs, 0, memory_order_relaxed);
	slab_free(&t->slabs[ARENA_HOSTS], ref);
}

static int get_host(struct session_table *t, const struct nat_request *rq, uint32_t *ref)
{
	const struct mapping_key key = nat_host_key(rq->snat, rq->key.src);
	uint32_t entry = rq->ahead != NULL ? rq->ahead->host : 0;
	int rc;

	if (entry == 0)
		entry = index_lookup(&t->index, &key);
	for (unsigned i = 0; i < TRIES; i++) {
		if (entry != 0) {
			*ref = index_entry_ref(entry);
			if (nat_paired_address(t, rq->snat, *ref) != NULL &&
				refs_get(&host_at(t, *ref)->refs))
				return 0;
			index_remove(&t->index, &key, entry);
		}
		rc = make_host(t, rq, &key, ref);
		if (rc != 0)
			return rc;
		rc = index_insert(&t->index, &key, index_entry(INDEX_HOST, *ref), &entry);
		if (rc == 0)
			return 0;
		discard_host(t, *ref);
		if (rc != -EEXIST)
			return index_error(rc);
	}
	return -EAGAIN;
}

// A token bucket of one second's tokens. The clock counts whole seconds, so that it is full again
// at each tick. A worker whose clock is a tick behind takes from the newer tick.
static bool take_token(struct host *h, uint32_t rate, uint32_t tick)
{
	uint64_t old = atomic_load_explicit(&h->begun, memory_order_relaxed), new;

	do {
		bool later = (int32_t)(tick - (uint32_t)(old >> 32)) > 0;

		if (!later && (uint32_t)old >= rate)
			return false;
		new = later ? (uint64_t)tick << 32 | 1 : old + 1;
	} while (!atomic_compare_exchange_weak_explicit(
		&h->begun, &old, new, memory_order_relaxed, memory_order_relaxed));
	return true;
}

int nat_host_charge(struct session_table *t, const struct nat_request *rq, uint32_t *host)
{
	uint32_t limit = rq->snat->max_sessions_per_host;
	uint32_t rate = rq->snat->max_session_rate_per_host;
	_Atomic uint32_t *sessions;
	int rc = get_host(t, rq, host);

	if (rc != 0)
		return rc;
	sessions = &host_at(t, *host)->sessions[port_class_charged(rq->key.proto)];
	if (atomic_fetch_add_explicit(sessions, 1, memory_order_relaxed) >= limit && limit != 0)
		rc = -EUSERS;
	else if (rate != 0 && !take_token(host_at(t, *host), rate, rq->tick))
		rc = -EDQUOT;
	if (rc != 0)
		nat_host_uncharge(t, *host, port_class_charged(rq->key.proto));
	return rc;
}

void nat_host_uncharge(struct session_table *t, uint32_t host, enum port_class class)
{
	struct host *h = host_at(t, host);

	atomic_fetch_sub_explicit(&h->sessions[class], 1, memory_order_relaxed);
	refs_put(&h->refs);
}

// A port for the host's flows from `wanted` (host order), and its block; as nat_block_port().
static int take_port(struct session_table *t, const struct nat_source *snat, uint32_t host,
	enum port_class class, uint16_t wanted, struct nat_worker *w, struct nat_port *out)
{
	const struct nat_address *pool = nat_paired_address(t, snat, host);

	if (pool == NULL)
		return -EADDRNOTAVAIL;
	if (snat->block_units != 0)
		return nat_block_port(t, snat, host, class, wanted, w, out);
	*out = (struct nat_port){ .portset = pool->portset };
	return portset_claim(
		pool->portset, class, wanted, pool->ranges, pool->n_ranges, &w->rng, &out->port);
}

static void give_port(const struct nat_port *p, enum port_class class)
{
	portset_release(p->portset, class, p->port);
	if (p->block != 0)
		block_put(p->portset, p->block);
}

static int make_mapping(struct session_table *t, const struct nat_request *rq,
	const struct mapping_key *key, uint32_t host, struct nat_worker *w, uint32_t *ref)
{
	enum port_class class = (enum port_class)port_class(key->proto);
	struct nat_port port;
	struct mapping *m;
	uint16_t wanted =
		rq->ahead != NULL && rq->ahead->port != 0 ? rq->ahead->port : ntohs(key->port);
	int rc = take_port(t, rq->snat, host, class, wanted, w, &port);

	if (rc != 0)
		return rc;
	*ref = slab_alloc(&t->slabs[ARENA_MAPPINGS]);
	if (*ref == 0) {
		give_port(&port, class);
		return -ENOSPC;
	}
	m = mapping_at(t, *ref);
	m->key = *key;
	m->ext_addr = host_at(t, host)->pool_addr;
	m->ext_port = htons(port.port);
	m->block = port.block;
	m->filtering = rq->snat->filtering;
	m->host = host;
	m->of = 0;
	m->portset = (uint32_t)(port.portset - t->portsets.sets);
	m->epoch = rq->snat->epoch;
	m->created = rq->tick;
	refs_add(&host_at(t, host)->refs);
	refs_init(&m->refs, 1);
	return 0;
}

// A mapping that no other thread has seen.
static void discard_mapping(struct session_table *t, uint32_t ref)
{
	struct mapping *m = mapping_at(t, ref);
	const struct nat_port port = { &t->portsets.sets[m->portset], ntohs(m->ext_port),
		m->block };

	atomic_store_explicit(&m->refs, 0, memory_order_relaxed);
	give_port(&port, (enum port_class)port_class(m->key.proto));
	refs_put(&host_at(t, m->host)->refs);
	slab_free(&t->slabs[ARENA_MAPPINGS], ref);
}

static void own_port(struct session_table *t, uint32_t ref)
{
	const struct mapping *m = mapping_at(t, ref);

	portset_set_owner(&t->portsets.sets[m->portset], (enum port_class)port_class(m->key.proto),
		ntohs(m->ext_port), ref);
}

static bool is_given(const struct session_table *t, const struct nat_source *snat, uint32_t host,
	const struct mapping *m)
{
	const struct nat_address *a = nat_paired_address(t, snat, host);

	return a != NULL && a->addr == m->ext_addr && gives_port(snat, a, m->ext_port);
}

static int share_mapping(struct session_table *t, const struct nat_request *rq,
	const struct mapping_key *key, uint32_t host, struct nat_worker *w, uint32_t *ref)
{
	uint32_t entry = rq->ahead != NULL ? rq->ahead->mapping : 0;
	int rc;

	if (entry == 0)
		entry = index_lookup(&t->index, key);
	for (unsigned i = 0; i < TRIES; i++) {
		if (entry != 0) {
			*ref = index_entry_ref(entry);
			if (is_given(t, rq->snat, host, mapping_at(t, *ref)) &&
				refs_get(&mapping_at(t, *ref)->refs))
				return 0;
			index_remove(&t->index, key, entry);
		}
		rc = make_mapping(t, rq, key, host, w, ref);
		if (rc != 0)
			return rc;
		rc = index_insert(&t->index, key, index_entry(INDEX_MAPPING, *ref), &entry);
		if (rc == 0) {
			own_port(t, *ref);
			return 0;
		}
		discard_mapping(t, *ref);
		if (rc != -EEXIST)
			return index_error(rc);
	}
	return -EAGAIN;
}

int nat_mapping_get(struct session_table *t, const struct nat_request *rq, uint32_t host,
	struct nat_worker *w, uint32_t *mapping)
{
	const struct mapping_key key = nat_mapping_key(rq->snat, &rq->key);

	return share_mapping(t, rq, &key, host, w, mapping);
}

void nat_mapping_put(struct session_table *t, uint32_t mapping)
{
	refs_put(&mapping_at(t, mapping)->refs);
}
