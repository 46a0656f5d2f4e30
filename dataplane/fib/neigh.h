// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Neighbours: who is behind (port, address). Each has one next-hop adjacency, edited in place, and
// while it is resolved (or known to be dead) a host route, so that workers find it by the FIB
// alone. The kernel does ARP; this is the state machine on top, told of its news by neigh_update()
// and asking by struct neigh_ops. Control thread only; times are milliseconds of a monotonic clock.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "dataplane/fib/key_table.h"

struct adj_table;
struct fib;
struct rib;

#define NEIGH_REQUEST_MS    1000  // between two requests for an unresolved neighbour
#define NEIGH_RESOLVE_MS    5000  // without any answer of the kernel it counts as failed
#define NEIGH_NEGATIVE_MS   3000  // a failed neighbour stays failed
#define NEIGH_REACHABLE_MS  25000 // between two confirmations of one that carries traffic
#define NEIGH_TICK_REQUESTS 256	  // requests per neigh_tick()

// Requests to the kernel; 0 or negative errno, never wait.
struct neigh_ops {
	int (*use)(void *ctx, uint16_t port, rte_be32_t addr);	    // resolve or confirm now
	int (*manage)(void *ctx, uint16_t port, rte_be32_t addr);   // keep resolved from now on
	int (*unmanage)(void *ctx, uint16_t port, rte_be32_t addr); // no longer
	int (*forget)(void *ctx, uint16_t port, rte_be32_t addr);   // -ENOENT: has no entry
};

enum neigh_news {
	NEIGH_VALID,	 // has a MAC: reachable, stale, delay, probe
	NEIGH_PERMANENT, // has a MAC that an administrator set
	NEIGH_FAILED,	 // did not answer
	NEIGH_GONE,	 // the kernel forgot it
};

struct neigh_entry {
	rte_be32_t addr;
	uint16_t port;
	uint8_t state; // enum adj_state, as in its adjacency
	bool live;     // the slot is in use
	bool permanent;
	bool has_route;
	bool seen;	// since neigh_mark()
	uint8_t list;	// which list it is on
	uint32_t adj;	// adjacency index
	uint32_t refs;	// gateways and watched targets; above 0 the kernel manages it
	uint32_t used;	// adj.used at the last look
	uint64_t since; // start of the state
	uint64_t asked; // last request
	TAILQ_ENTRY(neigh_entry) link;
};

TAILQ_HEAD(neigh_list, neigh_entry);

struct neigh_stats {
	uint64_t gleans;
	uint64_t requests;
	uint64_t request_errors;
	uint64_t evicted;  // unresolved or idle ones that made room
	uint64_t refused;  // table full
	uint64_t no_route; // host route refused by the FIB
};

struct neigh_conf {
	struct adj_table *adj;
	struct fib *fib;
	struct rib *rib;
	void (*changed)(void *ctx, uint32_t adj); // state of a held neighbour; NULL: nobody cares
	void *ctx;
	uint32_t max;		 // neighbours
	uint32_t max_unresolved; // those of them that are unresolved and nobody's gateway
};

struct neigh {
	struct neigh_conf conf;
	const struct neigh_ops *ops; // NULL: requests get lost
	void *ops_ctx;
	struct key_table keys;
	struct neigh_entry *entries;	      // by slot of `keys`
	struct neigh_list unresolved, failed; // without references, oldest first
	uint32_t n_unresolved;
	uint32_t hand;	   // where the search for an idle victim goes on
	uint32_t refresh;  // where the next neigh_tick() goes on
	uint32_t scan;	   // where neigh_poll() goes on
	uint64_t scanned;  // RIB version that all host routes agree with
	uint64_t scanning; // RIB version of the scan that is under way
	uint64_t now;
	struct neigh_stats stats;
};

int neigh_create(const struct neigh_conf *conf, struct neigh **out);
void neigh_destroy(struct neigh *n);
void neigh_set_ops(struct neigh *n, const struct neigh_ops *ops, void *ctx);

// A worker has a packet for an unresolved on-link address (glean adjacency, or an incomplete one).
// Cheap when repeated. -ENODEV, -ENOSPC.
int neigh_glean(struct neigh *n, uint16_t port, rte_be32_t addr, uint64_t now);

// A gateway, or another address that must always be resolved (a target): references, managed by
// the kernel while it has any. `adj` is its adjacency for as long as the reference is held.
int neigh_gateway_get(struct neigh *n, uint16_t port, rte_be32_t addr, uint32_t *adj);
void neigh_gateway_put(struct neigh *n, uint16_t port, rte_be32_t addr);
bool neigh_held(const struct neigh *n, uint16_t port, rte_be32_t addr); // has references

// News of the kernel. A MAC that no host may have (zero, group address; RFC 1812 3.3.2) is ignored.
void neigh_update(struct neigh *n, uint16_t port, rte_be32_t addr, enum neigh_news news,
	const struct rte_ether_addr *mac);

// Resynchronisation: mark, neigh_update() for all that the kernel knows, sweep: the rest is gone.
void neigh_mark(struct neigh *n);
void neigh_sweep(struct neigh *n);

// Timers; a few times a second.
void neigh_tick(struct neigh *n, uint64_t now);

// Lets host routes follow changes of the prefixes that cover them; bounded work, true while more
// is left.
bool neigh_poll(struct neigh *n);
// Whether they have followed all changes up to a version of the RIB.
static inline bool neigh_follows(const struct neigh *n, uint64_t version)
{
	return n->scanned >= version;
}

// The port's link is back: who did not answer is asked anew, instead of when a timer says so.
void neigh_port_up(struct neigh *n, uint16_t port);

// The port goes away: forgets its neighbours. References to them must be put before.
void neigh_port_clear(struct neigh *n, uint16_t port);

uint32_t neigh_count(const struct neigh *n);
void neigh_walk(
	const struct neigh *n, void (*fn)(void *ctx, const struct neigh_entry *e), void *ctx);
