// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A forwarding thread: its graph, its view of the tables for the current walk, and its private
// state. Everything here belongs to the worker alone while it runs, unless a comment says
// otherwise.
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_graph.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/main/limits.h"
#include "dataplane/main/set.h"
#include "dataplane/stats/shm.h"

struct dataplane;
struct held_table;
struct l3;
struct police;
struct port;
struct rxq_map;
struct session_table;
struct vfr;

// Packets on their way to one port, collected during one walk (main/tx.h).
struct tx_buffer {
	uint16_t count;
	uint16_t prepare; // not 0: some need port_send() to look at them
	uint32_t bytes;	  // of all
	struct rte_mbuf *pkts[LIMIT_BURST];
};

// Token bucket for ICMP errors (RFC 1812 4.3.2.8).
struct error_limiter {
	uint64_t tokens; // in TSC cycles
	uint64_t last;	 // TSC
};

static_assert(LIMIT_PORTS <= 64, "worker.tx_ports has a bit for each");

struct worker {
	// The view of this walk, loaded at its start and constant during it.
	const struct set *set;
	uint64_t tsc;  // timestamp of the walk
	uint32_t tick; // seconds since the start of the process

	// Constant after creation.
	unsigned int index;
	struct dataplane *dp;
	struct rte_graph *graph;
	struct l3 *l3;
	struct session_table *sessions;
	struct worker_stats *shared; // published copy of `stats`
	// Packets to and from the workers, by their index (SPSC); NULL beyond the last worker. Its
	// own ring exists and stays empty.
	struct rte_ring *to_worker[LIMIT_WORKERS];
	struct rte_ring *from_worker[LIMIT_WORKERS];
	struct rte_ring *wanted; // neighbours to resolve, to the control thread (SPSC)
	uint64_t tsc_hz;

	// Private state.
	struct worker_stats stats;
	uint64_t next_publish; // TSC
	uint32_t rx_turn;      // where the next walk starts to poll
	struct held_table *held;
	struct vfr *vfr;
	struct police *police;
	struct error_limiter errors;
	void *feature[SECTION_COUNT]; // per-worker state of the feature of that section
	struct tx_buffer *tx;	      // by port id
	uint64_t tx_ports;	      // bit by port id: has packets to send
};

static inline struct port *worker_port(const struct worker *w, uint16_t id)
{
	return id < LIMIT_PORTS ? w->set->port[id] : NULL;
}

static inline const struct section *worker_section(const struct worker *w, enum section_id id)
{
	return w->set->section[id];
}

// Asks the control thread to resolve a neighbour. Lost when the ring is full: the next packet that
// has to wait asks again.
static inline void worker_want_neighbour(struct worker *w, uint16_t port, rte_be32_t addr)
{
	rte_ring_sp_enqueue(w->wanted, (void *)((uint64_t)port << 32 | addr));
}

// Creates the worker's graph and private state; control thread. 0 or negative errno.
int worker_create(struct dataplane *dp, unsigned int index, struct worker **out);
// Makes the rings by which `all` hand packets over to this one. 0 or -ENOMEM.
int worker_connect(struct worker *w, struct worker *const *all, unsigned int n);
void worker_destroy(struct worker *w); // after the threads of all workers ended

// One walk over the graph with a timestamp and the counters published when due. Returns the number
// of packets that came in. `tsc` is given by the caller so that tests can move time.
unsigned int worker_walk(struct worker *w, uint64_t tsc);
void worker_publish(struct worker *w); // copies the counters to shared memory

// The thread function for rte_eal_remote_launch(); `arg` is the worker. Ends when dp->stop is set.
int worker_main(void *arg);
