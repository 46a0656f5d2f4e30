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
#include "dataplane/session/events.h"
#include "dataplane/session/query.h"
#include "dataplane/session/sweeper.h"
#include "dataplane/session/table.h"
#include "dataplane/stats/shm.h"

struct l3;
struct neigh_netlink;
struct punt;
struct rxq_map;
struct server;
struct session_log;
struct worker;

// Thread ids of the grace period: workers by their index, then the log's thread, which is online
// only while it reads ports.
#define DATAPLANE_QSBR_LOG     LIMIT_WORKERS
#define DATAPLANE_QSBR_THREADS (LIMIT_WORKERS + 1)

// Something to free once no worker can hold a pointer to it.
struct garbage {
	uint64_t token; // of rte_rcu_qsbr
	void (*destroy)(struct dataplane *dp, void *what);
	void *what;
	struct garbage *next;
};

// Something that the sweeper does with the sessions for the control thread, one after another.
struct sweep_job {
	struct session_query query;
	_Atomic bool cancelled; // nobody waits for the answer: stop, and free it
	bool detached;		// the sweeper frees it; guarded by sweeper_lock, as the next ones
	bool done;
	struct sweep_job *next;
};

struct dataplane {
	struct options options;
	_Atomic bool stop;

	// Read by workers.
	_Atomic(const struct set *) set;
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
	pthread_mutex_t sweeper_lock; // guards sweeper_kick, jobs
	pthread_cond_t sweeper_wake;
	bool sweeper_kick;	     // a commit ended rules: scan now
	bool sweeper_running;	     // the thread exists
	struct sweep_job *jobs;	     // that wait, the first one is done next
	struct sweep_job **jobs_end; // where the next one goes
	struct sweep_job *job;	     // that is being done, sweeper only

	// What happens to sessions: a ring for each worker, and the sweeper's.
	struct event_ring events[LIMIT_WORKERS + 1];
	struct session_log *log;

	// Control thread only.
	struct objects objects; // applied configuration
	struct garbage *garbage;
	uint64_t last_tick;   // milliseconds
	uint64_t last_losses; // the same
	uint64_t last_links;  // the same
	uint64_t new_links;   // ports whose link came up since, by bit
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

// Ends the sessions of altered rules soon instead of at the sweeper's next round. Control thread.
void dataplane_kick_sweeper(struct dataplane *dp);

// Frees what no worker can see any more; never waits. Control thread, once per loop round.
void dataplane_collect(struct dataplane *dp);

// The port in force with an id below LIMIT_PORTS, NULL: there is none. Control thread, or one that
// is online for grace periods.
static inline struct port *dataplane_port(struct dataplane *dp, uint32_t id)
{
	return atomic_load_explicit(&dp->set, memory_order_acquire)->port[id];
}

// Seconds since the start of the process at `tsc`.
static inline uint32_t dataplane_tick(const struct dataplane *dp, uint64_t tsc)
{
	return (uint32_t)((tsc - dp->start_tsc) / dp->tsc_hz);
}
