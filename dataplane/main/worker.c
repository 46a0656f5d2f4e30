// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The forwarding thread: one graph walk after another, each with one timestamp and one view of the
// configuration, and a quiescent state reported after each.
#include "dataplane/main/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_graph_worker.h>
#include <rte_malloc.h>

#include "dataplane/ip4/held.h"
#include "dataplane/ip4/vfr.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/graph.h"
#include "dataplane/main/tx.h"
#include "dataplane/punt/police.h"

#define PUBLISH_PER_SECOND 1000
#define IDLE_WALKS	   64 // empty walks before an idle worker sleeps

static int create_features(struct worker *w)
{
	for (unsigned int i = 0; i < SECTION_COUNT; i++) {
		int rc = 0;

		if (section_ops[i]->worker_create != NULL)
			rc = section_ops[i]->worker_create(w, &w->feature[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void destroy_features(struct worker *w)
{
	for (unsigned int i = 0; i < SECTION_COUNT; i++)
		if (w->feature[i] != NULL)
			section_ops[i]->worker_destroy(w->feature[i]);
}

void worker_destroy(struct worker *w)
{
	if (w == NULL)
		return;
	if (w->held != NULL)
		held_flush(w);
	if (w->vfr != NULL)
		vfr_flush(w);
	destroy_features(w);
	graph_destroy(w->graph);
	rte_ring_free(w->wanted);
	for (unsigned int i = 0; i < LIMIT_WORKERS; i++)
		rte_ring_free(w->from_worker[i]);
	police_destroy(w->police);
	rte_free(w->held);
	rte_free(w->vfr);
	rte_free(w->tx);
	rte_free(w);
}

int worker_create(struct dataplane *dp, unsigned int index, struct worker **out)
{
	struct worker *w = rte_zmalloc("worker", sizeof(*w), RTE_CACHE_LINE_SIZE);
	char name[RTE_RING_NAMESIZE];

	if (w == NULL)
		return -ENOMEM;
	w->index = index;
	w->dp = dp;
	w->l3 = dp->l3;
	w->sessions = &dp->sessions;
	w->shared = &dp->stats->worker[index];
	w->tsc_hz = dp->tsc_hz;
	w->set = atomic_load(&dp->set);
	w->held = rte_zmalloc("held", sizeof(*w->held), RTE_CACHE_LINE_SIZE);
	w->vfr = vfr_create((uint32_t)dp->boot_id);
	w->tx = rte_zmalloc("tx", LIMIT_PORTS * sizeof(*w->tx), RTE_CACHE_LINE_SIZE);
	w->police = police_create(dp->n_workers, dp->tsc_hz);
	snprintf(name, sizeof(name), "wanted%u", index);
	w->wanted = rte_ring_create(name, LIMIT_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	w->graph = graph_create(w, index);
	if (w->wanted == NULL || w->held == NULL || w->vfr == NULL || w->tx == NULL ||
		w->police == NULL || w->graph == NULL || create_features(w) < 0) {
		worker_destroy(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

int worker_connect(struct worker *w, struct worker *const *all, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		char name[RTE_RING_NAMESIZE];

		snprintf(name, sizeof(name), "handover%u-%u", i, w->index);
		w->from_worker[i] = rte_ring_create(
			name, LIMIT_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (w->from_worker[i] == NULL)
			return -ENOMEM;
		all[i]->to_worker[w->index] = w->from_worker[i];
	}
	return 0;
}

void worker_publish(struct worker *w)
{
	struct worker_stats *shared = w->shared;
	uint32_t seq = __atomic_load_n(&shared->seq, __ATOMIC_RELAXED);

	// Odd while the block is being written: readers copy again.
	__atomic_store_n(&shared->seq, seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(&shared->pad, &w->stats.pad, sizeof(*shared) - offsetof(struct worker_stats, pad));
	__atomic_store_n(&shared->seq, seq + 2, __ATOMIC_RELEASE);
}

unsigned int worker_walk(struct worker *w, uint64_t tsc)
{
	uint64_t before = w->stats.accounts[ACCT_RECEIVED] + w->stats.accounts[ACCT_INJECTED];
	unsigned int came;

	w->tsc = tsc;
	w->tick = dataplane_tick(w->dp, tsc);
	w->set = atomic_load_explicit(&w->dp->set, memory_order_acquire);
	rte_graph_walk(w->graph);
	tx_flush_all(w);
	came = w->stats.accounts[ACCT_RECEIVED] + w->stats.accounts[ACCT_INJECTED] - before;
	w->stats.walks++;
	if (tsc >= w->next_publish) {
		w->next_publish = tsc + w->tsc_hz / PUBLISH_PER_SECOND;
		worker_publish(w);
	}
	return came;
}

// A worker that sleeps holds nothing back: it is offline for grace periods and its counters are
// published.
static void worker_sleep(struct worker *w, uint32_t us)
{
	struct timespec ts = { .tv_nsec = us * 1000L };

	worker_publish(w);
	rte_rcu_qsbr_thread_offline(w->dp->qsbr, w->index);
	nanosleep(&ts, NULL);
	rte_rcu_qsbr_thread_online(w->dp->qsbr, w->index);
}

// What could not be sent costs less than what is: such a walk says nothing of a packet's cost.
static void count_busy(struct worker *w, unsigned int came, uint64_t cycles, uint64_t unsent)
{
	w->stats.busy_cycles += cycles;
	if (w->stats.drops[DROP_TX_FULL] == unsent)
		cycles_count(&w->stats.cycles, cycles, came, LIMIT_BURST);
}

int worker_main(void *arg)
{
	struct worker *w = arg;
	struct dataplane *dp = w->dp;
	// Once offline, a worker reads nothing that the main thread may free: not even itself.
	struct rte_rcu_qsbr *qsbr = dp->qsbr;
	unsigned int index = w->index;
	uint32_t sleep_us = dp->options.idle_sleep_us;
	unsigned int idle = 0;

	rte_rcu_qsbr_thread_register(qsbr, index);
	rte_rcu_qsbr_thread_online(qsbr, index);
	while (!atomic_load_explicit(&dp->stop, memory_order_relaxed)) {
		uint64_t unsent = w->stats.drops[DROP_TX_FULL], tsc = rte_rdtsc();
		unsigned int came = worker_walk(w, tsc);

		if (came != 0) {
			count_busy(w, came, rte_rdtsc() - tsc, unsent);
			idle = 0;
		} else if (sleep_us != 0 && ++idle > IDLE_WALKS) {
			worker_sleep(w, sleep_us);
		}
		rte_rcu_qsbr_quiescent(qsbr, index);
	}
	worker_publish(w);
	rte_rcu_qsbr_thread_offline(qsbr, index);
	rte_rcu_qsbr_thread_unregister(qsbr, index);
	return 0;
}
