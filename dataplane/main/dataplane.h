// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The process: all of its state hangs from struct dataplane. The control thread (the main lcore)
// owns it; what workers, the punt thread and the sweeper may touch is said at each field.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/api/objects.h"
#include "dataplane/main/limits.h"
#include "dataplane/main/options.h"
#include "dataplane/main/set.h"
#include "dataplane/port/port.h"
#include "dataplane/session/sweeper.h"
#include "dataplane/session/table.h"
#include "dataplane/stats/shm.h"

struct l3;
struct neigh_netlink;
struct punt;
struct rxq_map;
struct server;
struct worker;

// Thread ids of the grace period: workers by their index, then the control thread, which is online
// only while it walks sessions.
#define DATAPLANE_QSBR_CONTROL LIMIT_WORKERS
#define DATAPLANE_QSBR_THREADS (LIMIT_WORKERS + 1)

// Something to free once no worker can hold a pointer to it.
struct garbage {
	uint64_t token; // of rte_rcu_qsbr
	void (*destroy)(struct dataplane *dp, void *what);
	void *what;
	struct garbage *next;
};

// Sessions of one inside host that leave by one uplink are to end: it got an EIP there.
struct end_request {
	uint32_t addr; // network order
	uint16_t uplink;
	struct end_request *next;
};

struct dataplane {
	struct options options;
	_Atomic bool stop;

	// Read by workers.
	_Atomic(const struct set *) set;
	_Atomic(const struct rxq_map *) poll;
	_Atomic(struct port *) ports[LIMIT_PORTS];
	struct l3 *l3;
	struct session_table sessions;
	struct rte_rcu_qsbr *qsbr;
	struct rte_mempool *pool;
	struct worker *workers[LIMIT_WORKERS];
	unsigned int n_workers;

	// Epoch per rule; control thread writes, workers copy it into new sessions, the sweeper
	// ends sessions whose epoch is no longer the rule's.
	struct rule_epochs epochs;
	struct sweeper sweeper;
	pthread_t sweeper_thread;
	pthread_mutex_t sweeper_lock; // guards sweeper_kick
	pthread_cond_t sweeper_wake;
	bool sweeper_kick;	  // a commit ended rules: scan now
	bool sweeper_running;	  // the thread exists
	struct end_request *ends; // guarded by sweeper_lock

	// Control thread only.
	struct objects objects; // applied configuration
	struct garbage *garbage;
	uint64_t last_tick; // milliseconds
	struct port_env port_env;
	// How ports are made; tests put their own port driver here.
	int (*port_create)(const struct port_env *env, const struct obj_port *conf,
		struct port **out, char *err, size_t errlen);
	struct neigh_netlink *neigh_netlink; // NULL in tests without a kernel
	struct server *server;
	int stats_fd; // memfd of `stats`
	struct stats_shm *stats;
	uint64_t boot_id;
	uint64_t start_tsc;
	uint64_t tsc_hz;
	void *feature[SECTION_COUNT]; // process state of the feature of that section
};

// Builds everything but the EAL and the threads. 0 or negative errno, error printed.
int dataplane_create(const struct options *o, struct dataplane **out);
void dataplane_destroy(struct dataplane *dp);

// Frees `what` with destroy() after a grace period. Control thread. On memory failure it waits for
// the grace period instead.
void dataplane_retire(
	struct dataplane *dp, void (*destroy)(struct dataplane *, void *), void *what);
// Asks the sweeper to end the SNAT sessions of a host by an uplink. Control thread.
void dataplane_end_sessions(struct dataplane *dp, uint32_t addr, uint16_t uplink);

// Ends the sessions of altered rules soon instead of at the sweeper's next round. Control thread.
void dataplane_kick_sweeper(struct dataplane *dp);

// Frees what no worker can see any more; never waits. Control thread, once per loop round.
void dataplane_collect(struct dataplane *dp);

// Seconds since the start of the process at `tsc`.
static inline uint32_t dataplane_tick(const struct dataplane *dp, uint64_t tsc)
{
	return (uint32_t)((tsc - dp->start_tsc) / dp->tsc_hz);
}
