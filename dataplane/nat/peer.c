// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Peer records are made by workers and ended by the sweeper, like mappings. A record holds a
// reference to its mapping, so that the mapping's slot, which is part of its key, is not reused
// while the record can be found.
#include "dataplane/nat/peer.h"

#include <errno.h>

#include "dataplane/api/proto.h"

#define TRIES 4 // each lost to another thread that made progress

static struct mapping_key peer_key(uint32_t mapping, uint32_t remote)
{
	return (struct mapping_key){ .addr = remote, .rule = mapping, .domain = DOMAIN_PEER };
}

bool nat_filter_passes(const struct session_table *t, uint32_t mapping, uint32_t remote)
{
	const struct mapping_key key = peer_key(mapping, remote);
	uint32_t entry;

	switch (mapping_at(t, mapping)->filtering) {
	case NAT_FILTER_ENDPOINT_INDEPENDENT:
		return true;
	case NAT_FILTER_ADDRESS_DEPENDENT:
		entry = index_lookup(&t->index, &key);
		return entry != 0 && refs_count(&mapping_at(t, entry)->refs) != 0;
	default:
		return false;
	}
}

static uint32_t make_peer(struct session_table *t, const struct mapping_key *key, uint32_t tick)
{
	uint32_t ref = slab_alloc(&t->slabs[ARENA_MAPPINGS]);
	const struct mapping *of = mapping_at(t, key->rule);
	struct mapping *m;

	if (ref == 0)
		return 0;
	m = mapping_at(t, ref);
	m->key = *key;
	m->ext_addr = of->ext_addr;
	m->ext_port = of->ext_port;
	m->filtering = of->filtering;
	m->host = 0;
	m->of = key->rule;
	m->portset = of->portset;
	m->block = 0;
	m->epoch = of->epoch;
	m->created = tick;
	refs_init(&m->refs, 1);
	return ref;
}

// A record that no other thread has seen.
static void discard_peer(struct session_table *t, uint32_t ref)
{
	atomic_store_explicit(&mapping_at(t, ref)->refs, 0, memory_order_relaxed);
	slab_free(&t->slabs[ARENA_MAPPINGS], ref);
}

int nat_peer_get(struct session_table *t, uint32_t *mapping, uint32_t remote, uint32_t tick)
{
	const struct mapping_key key = peer_key(*mapping, remote);
	uint32_t entry = index_lookup(&t->index, &key), ref;
	int rc;

	for (unsigned i = 0; i < TRIES; i++) {
		if (entry != 0) {
			ref = index_entry_ref(entry);
			if (refs_get(&mapping_at(t, ref)->refs)) {
				refs_put(&mapping_at(t, *mapping)->refs); // the record has its own
				*mapping = ref;
				return 0;
			}
			index_remove(&t->index, &key, entry);
		}
		ref = make_peer(t, &key, tick);
		if (ref == 0)
			return -ENOSPC;
		rc = index_insert(&t->index, &key, index_entry(INDEX_MAPPING, ref), &entry);
		if (rc == 0) {
			*mapping = ref; // the caller's reference is now the record's
			return 0;
		}
		discard_peer(t, ref);
		if (rc != -EEXIST)
			return rc == -ENOSPC ? -ENOBUFS : rc;
	}
	return -EAGAIN;
}
