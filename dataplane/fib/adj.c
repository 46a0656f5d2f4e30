// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The adjacency table: allocation with deferred reuse, and in-place edits under the workers' eyes.
#include "dataplane/fib/adj.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "dataplane/main/grace.h"

struct adj_retired {
	uint32_t index;
	uint64_t wait; // the FIB ticket; once that is visible, the token of a grace period
};

// Of the ring of retired indices; a power of two that holds them all.
#define RETIRED_MASK (LIMIT_ADJACENCIES - 1)
static_assert((LIMIT_ADJACENCIES & RETIRED_MASK) == 0, "ring arithmetic");

// Adjacencies are plain structs; eight of their bytes are stored at once.
typedef uint64_t __attribute__((may_alias)) word_alias;

struct adj_table *adj_table_create(struct rte_rcu_qsbr *qsbr)
{
	static const uint8_t fixed[ADJ_INDEX_FIRST_FREE] = {
		[ADJ_INDEX_NO_ROUTE] = ADJ_NO_ROUTE,
		[ADJ_INDEX_BLACKHOLE] = ADJ_BLACKHOLE,
		[ADJ_INDEX_UNREACHABLE] = ADJ_UNREACHABLE,
		[ADJ_INDEX_PROHIBIT] = ADJ_PROHIBIT,
		[ADJ_INDEX_BROADCAST] = ADJ_BROADCAST,
	};
	struct adj_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->qsbr = qsbr;
	t->adj = rte_zmalloc(
		"adjacencies", LIMIT_ADJACENCIES * sizeof(*t->adj), alignof(struct adj));
	t->free = calloc(LIMIT_ADJACENCIES, sizeof(*t->free));
	t->retired = calloc(LIMIT_ADJACENCIES, sizeof(*t->retired));
	if (!t->adj || !t->free || !t->retired) {
		adj_table_destroy(t);
		return NULL;
	}
	for (uint32_t i = 0; i < ADJ_INDEX_FIRST_FREE; i++)
		t->adj[i].type = fixed[i];
	for (uint32_t i = LIMIT_ADJACENCIES; i > ADJ_INDEX_FIRST_FREE; i--)
		t->free[t->n_free++] = i - 1;
	t->used = ADJ_INDEX_FIRST_FREE;
	return t;
}

void adj_table_destroy(struct adj_table *t)
{
	if (!t)
		return;
	rte_free(t->adj);
	free(t->free);
	free(t->retired);
	free(t);
}

// Header bytes 0-7 (destination and two bytes of the source) in one store.
static void write_head(
	struct adj *a, const struct rte_ether_addr *dst, const struct rte_ether_addr *src)
{
	uint8_t head[8];
	uint64_t word;

	memcpy(head, dst, 6);
	memcpy(head + 6, src, 2);
	memcpy(&word, head, sizeof(word));
	__atomic_store_n((word_alias *)&a->eth, word, __ATOMIC_RELAXED);
}

// Copies what the port gives to an adjacency; keeps the destination.
static void write_port(struct adj *a, const struct adj_port *p)
{
	struct rte_ether_addr dst = a->eth.dst_addr;

	__atomic_store_n(&a->mtu, p->mtu, __ATOMIC_RELAXED);
	if (!rte_is_same_ether_addr(&a->eth.src_addr, &p->mac)) {
		write_head(a, &dst, &p->mac);
		memcpy(&a->eth.src_addr.addr_bytes[2], &p->mac.addr_bytes[2], 4);
	}
}

int adj_port_set(struct adj_table *t, uint16_t port, uint16_t mtu, const struct rte_ether_addr *mac)
{
	if (port >= LIMIT_PORTS)
		return -EINVAL;

	struct adj_port *p = &t->port[port];
	struct adj_port old = *p;

	p->mtu = mtu;
	p->mac = *mac;
	if (!old.valid) {
		p->valid = true;
		int err = adj_alloc(t, ADJ_GLEAN, port, 0, 0, &p->glean);

		if (err)
			*p = old;
		return err;
	}
	for (uint32_t i = ADJ_INDEX_FIRST_FREE; i < LIMIT_ADJACENCIES; i++)
		if (t->adj[i].type != ADJ_NO_ROUTE && t->adj[i].port == port)
			write_port(&t->adj[i], p);
	return 0;
}

void adj_port_clear(struct adj_table *t, uint16_t port, uint64_t ticket)
{
	if (!adj_port(t, port))
		return;
	adj_free(t, t->port[port].glean, ticket);
	t->port[port] = (struct adj_port){ 0 };
}

int adj_alloc(struct adj_table *t, enum adj_type type, uint16_t port, rte_be32_t next_hop,
	uint32_t address_id, uint32_t *index)
{
	const struct adj_port *p = adj_port(t, port);

	if (!p)
		return -ENODEV;
	if (t->n_free == 0)
		return -ENOSPC;

	uint32_t i = t->free[--t->n_free];
	struct adj *a = &t->adj[i];

	// No worker knows the index; fib_set() will publish it.
	memset(a, 0, sizeof(*a));
	a->type = type;
	a->port = port;
	a->next_hop = next_hop;
	a->address_id = address_id;
	a->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	write_port(a, p);
	t->used++;
	*index = i;
	return 0;
}

void adj_free(struct adj_table *t, uint32_t index, uint64_t ticket)
{
	if (index < ADJ_INDEX_FIRST_FREE || index >= LIMIT_ADJACENCIES)
		return;
	t->retired[t->last++ & RETIRED_MASK] = (struct adj_retired){ index, ticket };
}

bool adj_poll(struct adj_table *t, uint64_t visible)
{
	uint64_t token = 0;

	while (t->ripe != t->last && t->retired[t->ripe & RETIRED_MASK].wait <= visible) {
		if (token == 0)
			token = rte_rcu_qsbr_start(t->qsbr);
		t->retired[t->ripe++ & RETIRED_MASK].wait = token;
	}
	while (t->first != t->ripe) {
		struct adj_retired *r = &t->retired[t->first & RETIRED_MASK];

		if (!grace_passed(t->qsbr, r->wait))
			break;
		t->adj[r->index].type = ADJ_NO_ROUTE;
		t->free[t->n_free++] = r->index;
		t->used--;
		t->first++;
	}
	return t->first != t->last;
}

void adj_resolve(struct adj_table *t, uint32_t index, const struct rte_ether_addr *mac)
{
	struct adj *a = &t->adj[index];

	write_head(a, mac, &a->eth.src_addr);
	atomic_store_explicit(&a->state, ADJ_RESOLVED, memory_order_release);
}

void adj_unresolve(struct adj_table *t, uint32_t index, enum adj_state state)
{
	atomic_store_explicit(&t->adj[index].state, state, memory_order_release);
}

const char *adj_type_name(enum adj_type type)
{
	static const char *const names[ADJ_TYPE_COUNT] = {
		[ADJ_NO_ROUTE] = "none",
		[ADJ_NEXT_HOP] = "unicast",
		[ADJ_GLEAN] = "connected",
		[ADJ_LOCAL] = "local",
		[ADJ_BLACKHOLE] = "blackhole",
		[ADJ_UNREACHABLE] = "unreachable",
		[ADJ_PROHIBIT] = "prohibit",
		[ADJ_BROADCAST] = "broadcast",
	};

	return type < ADJ_TYPE_COUNT ? names[type] : "none";
}
