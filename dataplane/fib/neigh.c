// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The neighbour state machine. The invariant that set_state() and place_route() keep: a neighbour
// has a host route if and only if it is resolved or failed, and the prefix that covers it leads to
// its own port's glean adjacency (so a longer static route over a connected prefix still wins).
#include "dataplane/fib/neigh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/fib/adj.h"
#include "dataplane/fib/fib.h"
#include "dataplane/fib/rib.h"

#define SCAN_STEP  512 // entries per neigh_poll()
#define EVICT_LOOK 64  // entries looked at for an idle victim

enum {
	LIST_NONE,
	LIST_UNRESOLVED,
	LIST_FAILED,
};

int neigh_create(const struct neigh_conf *conf, struct neigh **out)
{
	struct neigh *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->conf = *conf;
	TAILQ_INIT(&n->unresolved);
	TAILQ_INIT(&n->failed);
	if (key_table_init(&n->keys, conf->max) == 0)
		n->entries = calloc(n->keys.slots, sizeof(*n->entries));
	if (!n->entries) {
		neigh_destroy(n);
		return -ENOMEM;
	}
	*out = n;
	return 0;
}

void neigh_destroy(struct neigh *n)
{
	if (!n)
		return;
	key_table_fini(&n->keys);
	free(n->entries);
	free(n);
}

void neigh_set_ops(struct neigh *n, const struct neigh_ops *ops, void *ctx)
{
	n->ops = ops;
	n->ops_ctx = ctx;
}

static uint64_t key_of(uint16_t port, rte_be32_t addr)
{
	return (uint64_t)port << 32 | addr;
}

static struct neigh_entry *find(const struct neigh *n, uint16_t port, rte_be32_t addr)
{
	int32_t slot = key_table_find(&n->keys, key_of(port, addr));

	return slot < 0 ? NULL : &n->entries[slot];
}

static bool on_link(const struct neigh *n, uint16_t port, rte_be32_t addr)
{
	const struct adj_port *p = adj_port(n->conf.adj, port);

	return p && rib_covering(n->conf.rib, rte_be_to_cpu_32(addr)) == p->glean;
}

static void place_route(struct neigh *n, struct neigh_entry *e)
{
	uint32_t addr = rte_be_to_cpu_32(e->addr);
	bool want = e->state != ADJ_INCOMPLETE && on_link(n, e->port, e->addr);

	if (want == e->has_route)
		return;
	if (!want) {
		// What another port's neighbour of the same address has put there stays.
		if (rib_get(n->conf.rib, addr, 32, RIB_NEIGHBOUR) != e->adj ||
			rib_del(n->conf.rib, addr, 32, RIB_NEIGHBOUR) == 0)
			e->has_route = false;
		return;
	}
	if (rib_set(n->conf.rib, addr, 32, RIB_NEIGHBOUR, e->adj) == 0)
		e->has_route = true;
	else
		n->stats.no_route++; // tried again when a packet comes by the glean adjacency
}

static void unlist(struct neigh *n, struct neigh_entry *e)
{
	if (e->list == LIST_UNRESOLVED) {
		TAILQ_REMOVE(&n->unresolved, e, link);
		n->n_unresolved--;
	} else if (e->list == LIST_FAILED) {
		TAILQ_REMOVE(&n->failed, e, link);
	}
	e->list = LIST_NONE;
}

// Unresolved and failed neighbours that nobody holds are on a list, oldest first.
static void relist(struct neigh *n, struct neigh_entry *e)
{
	unlist(n, e);
	if (e->refs > 0 || e->state == ADJ_RESOLVED)
		return;
	if (e->state == ADJ_INCOMPLETE) {
		TAILQ_INSERT_TAIL(&n->unresolved, e, link);
		n->n_unresolved++;
		e->list = LIST_UNRESOLVED;
	} else {
		TAILQ_INSERT_TAIL(&n->failed, e, link);
		e->list = LIST_FAILED;
	}
}

// The adjacency is edited by the caller's choice of `mac`: NULL for any state but ADJ_RESOLVED.
static void set_state(struct neigh *n, struct neigh_entry *e, enum adj_state state,
	const struct rte_ether_addr *mac)
{
	if (state == ADJ_RESOLVED)
		adj_resolve(n->conf.adj, e->adj, mac);
	else
		adj_unresolve(n->conf.adj, e->adj, state);
	if (e->state != state) {
		e->since = n->now;
		e->state = (uint8_t)state;
		relist(n, e);
		if (e->refs > 0 && n->conf.changed)
			n->conf.changed(n->conf.ctx, e->adj);
	}
	place_route(n, e);
}

static void forget(struct neigh *n, struct neigh_entry *e)
{
	e->state = ADJ_INCOMPLETE;
	place_route(n, e);
	if (e->has_route)
		return; // no memory to queue the deletion: stays until a later try
	unlist(n, e);
	adj_free(n->conf.adj, e->adj, fib_ticket(n->conf.fib));
	(void)key_table_del(&n->keys, key_of(e->port, e->addr));
	memset(e, 0, sizeof(*e));
}

static void ask(struct neigh *n, struct neigh_entry *e, bool manage)
{
	e->asked = n->now;
	n->stats.requests++;

	int err = -ENOTCONN;

	if (n->ops)
		err = (manage ? n->ops->manage : n->ops->use)(n->ops_ctx, e->port, e->addr);
	if (err)
		n->stats.request_errors++;
}

// A neighbour that nobody holds, that had its time, and that saw no packet since the last look.
static struct neigh_entry *find_idle(struct neigh *n)
{
	for (unsigned int i = 0; i < EVICT_LOOK; i++) {
		struct neigh_entry *e = &n->entries[n->hand];

		n->hand = (n->hand + 1) % n->keys.slots;
		if (e->live && e->refs == 0 && !e->permanent &&
			n->now - e->since >= NEIGH_NEGATIVE_MS &&
			adj_used(n->conf.adj, e->adj) == e->used)
			return e;
	}
	return NULL;
}

static bool make_room(struct neigh *n, bool unresolved)
{
	struct neigh_entry *victim = NULL;

	if (unresolved && n->n_unresolved >= n->conf.max_unresolved)
		victim = TAILQ_FIRST(&n->unresolved);
	else if (neigh_count(n) < n->conf.max)
		return true;
	if (!victim)
		victim = TAILQ_FIRST(&n->unresolved);
	if (!victim)
		victim = find_idle(n);
	if (!victim)
		return false;
	forget(n, victim);
	n->stats.evicted++;
	return true;
}

// `refs` references; `unresolved`: it will have to wait for an answer.
static int add(struct neigh *n, uint16_t port, rte_be32_t addr, uint32_t refs, bool unresolved,
	struct neigh_entry **out)
{
	uint32_t adj;

	if (!adj_port(n->conf.adj, port))
		return -ENODEV;
	if (!make_room(n, unresolved)) {
		n->stats.refused++;
		return -ENOSPC;
	}

	int err = adj_alloc(n->conf.adj, ADJ_NEXT_HOP, port, addr, 0, &adj);

	if (err)
		return err;

	int32_t slot = key_table_add(&n->keys, key_of(port, addr));

	if (slot < 0) {
		adj_free(n->conf.adj, adj, 0);
		return -ENOSPC;
	}

	struct neigh_entry *e = &n->entries[slot];

	*e = (struct neigh_entry){
		.addr = addr,
		.port = port,
		.live = true,
		.seen = true,
		.adj = adj,
		.refs = refs,
		.since = n->now,
	};
	relist(n, e);
	*out = e;
	return 0;
}

int neigh_glean(struct neigh *n, uint16_t port, rte_be32_t addr, uint64_t now)
{
	struct neigh_entry *e = find(n, port, addr);

	n->now = RTE_MAX(n->now, now);
	n->stats.gleans++;
	if (!e) {
		if (!on_link(n, port, addr))
			return -ENODEV;

		int err = add(n, port, addr, 0, true, &e);

		if (err)
			return err;
		ask(n, e, false);
		return 0;
	}
	if (e->state != ADJ_INCOMPLETE)
		place_route(n, e);
	else if (e->refs == 0 && n->now - e->asked >= NEIGH_REQUEST_MS)
		ask(n, e, false);
	return 0;
}

int neigh_gateway_get(struct neigh *n, uint16_t port, rte_be32_t addr, uint32_t *adj)
{
	struct neigh_entry *e = find(n, port, addr);

	if (e) {
		e->refs++;
	} else {
		int err = add(n, port, addr, 1, false, &e);

		if (err)
			return err;
	}
	*adj = e->adj;
	if (e->refs == 1) {
		relist(n, e);
		if (!e->permanent)
			ask(n, e, true);
	}
	return 0;
}

void neigh_gateway_put(struct neigh *n, uint16_t port, rte_be32_t addr)
{
	struct neigh_entry *e = find(n, port, addr);

	if (!e || e->refs == 0 || --e->refs > 0)
		return;
	if (!e->permanent && n->ops)
		(void)n->ops->unmanage(n->ops_ctx, port, addr); // at worst the kernel keeps probing
	e->since = n->now;
	if (e->state == ADJ_RESOLVED && on_link(n, port, addr))
		relist(n, e);
	else
		forget(n, e); // glean finds it again
}

static bool usable_mac(const struct rte_ether_addr *mac)
{
	return mac && rte_is_unicast_ether_addr(mac) && !rte_is_zero_ether_addr(mac);
}

// Also the end of the negative cache: `ip neigh del` is reported as failed first, then as gone.
static void gone(struct neigh *n, struct neigh_entry *e)
{
	e->permanent = false;
	if (e->refs > 0) {
		set_state(n, e, ADJ_INCOMPLETE, NULL);
		ask(n, e, true);
	} else if (e->state != ADJ_INCOMPLETE) {
		forget(n, e); // an unresolved one is still wanted
	}
}

void neigh_update(struct neigh *n, uint16_t port, rte_be32_t addr, enum neigh_news news,
	const struct rte_ether_addr *mac)
{
	struct neigh_entry *e = find(n, port, addr);
	bool valid = news == NEIGH_VALID || news == NEIGH_PERMANENT;

	if (valid && !usable_mac(mac))
		return;
	// A host that the kernel met before we asked, or whose entry made room for others.
	if (!e && (!valid || !on_link(n, port, addr) || add(n, port, addr, 0, false, &e)))
		return;
	e->seen = true;
	if (valid) {
		e->permanent = news == NEIGH_PERMANENT;
		set_state(n, e, ADJ_RESOLVED, mac);
	} else if (news == NEIGH_FAILED) {
		e->permanent = false;
		set_state(n, e, ADJ_FAILED, NULL);
	} else {
		gone(n, e);
	}
}

void neigh_mark(struct neigh *n)
{
	for (uint32_t i = 0; i < n->keys.slots; i++)
		n->entries[i].seen = false;
}

void neigh_sweep(struct neigh *n)
{
	for (uint32_t i = 0; i < n->keys.slots; i++)
		if (n->entries[i].live && !n->entries[i].seen)
			gone(n, &n->entries[i]);
}

// Asks again where it is due. Returns whether it sent a request.
static bool refresh(struct neigh *n, struct neigh_entry *e)
{
	uint64_t waited = n->now - e->asked;

	if (e->refs > 0) {
		if (e->permanent || e->state == ADJ_RESOLVED || waited < NEIGH_RESOLVE_MS)
			return false;
		ask(n, e, true);
		return true;
	}
	if (e->state != ADJ_RESOLVED || e->permanent || waited < NEIGH_REACHABLE_MS)
		return false;

	uint32_t used = adj_used(n->conf.adj, e->adj);

	if (used == e->used)
		return false;
	e->used = used;
	ask(n, e, false);
	return true;
}

void neigh_tick(struct neigh *n, uint64_t now)
{
	struct neigh_entry *e;
	unsigned int requests = 0;

	n->now = RTE_MAX(n->now, now);
	while ((e = TAILQ_FIRST(&n->unresolved)) && n->now - e->since >= NEIGH_RESOLVE_MS)
		set_state(n, e, ADJ_FAILED, NULL);
	while ((e = TAILQ_FIRST(&n->failed)) && n->now - e->since >= NEIGH_NEGATIVE_MS) {
		forget(n, e);
		if (e->live)
			break;
	}
	for (uint32_t i = 0; i < n->keys.slots && requests < NEIGH_TICK_REQUESTS; i++) {
		e = &n->entries[n->refresh];
		n->refresh = (n->refresh + 1) % n->keys.slots;
		if (e->live && refresh(n, e))
			requests++;
	}
}

bool neigh_poll(struct neigh *n)
{
	if (n->scan == 0) {
		if (n->scanned == n->conf.rib->version)
			return false;
		n->scanning = n->conf.rib->version;
	}

	uint32_t end = RTE_MIN(n->scan + SCAN_STEP, n->keys.slots);

	for (uint32_t i = n->scan; i < end; i++)
		if (n->entries[i].live)
			place_route(n, &n->entries[i]);
	n->scan = end % n->keys.slots;
	if (n->scan == 0)
		n->scanned = n->scanning;
	return n->scan != 0 || n->scanned != n->conf.rib->version;
}

// The kernel tells of its entry's end, and that leads to a new one: at once for a gateway, for
// others with the next packet or with what waits already (a worker asks again as long as it holds
// some).
void neigh_port_up(struct neigh *n, uint16_t port)
{
	for (uint32_t i = 0; i < n->keys.slots; i++) {
		struct neigh_entry *e = &n->entries[i];

		if (!e->live || e->port != port || e->state == ADJ_RESOLVED)
			continue;
		if (n->ops != NULL && n->ops->forget(n->ops_ctx, port, e->addr) == 0)
			continue;
		if (e->refs == 0)
			forget(n, e);
		else
			gone(n, e);
	}
}

void neigh_port_clear(struct neigh *n, uint16_t port)
{
	for (uint32_t i = 0; i < n->keys.slots; i++)
		if (n->entries[i].live && n->entries[i].port == port)
			forget(n, &n->entries[i]);
}

bool neigh_held(const struct neigh *n, uint16_t port, rte_be32_t addr)
{
	const struct neigh_entry *e = find(n, port, addr);

	return e && e->refs > 0;
}

uint32_t neigh_count(const struct neigh *n)
{
	return key_table_count(&n->keys);
}

void neigh_walk(
	const struct neigh *n, void (*fn)(void *ctx, const struct neigh_entry *e), void *ctx)
{
	for (uint32_t i = 0; i < n->keys.slots; i++)
		if (n->entries[i].live)
			fn(ctx, &n->entries[i]);
}
