// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The sweeper thread. It is no worker: a table of any size never delays a packet.
#include "dataplane/main/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/main/grace.h"
#include "dataplane/nat/rules.h"

#define SWEEP_SLOTS   65536 // looked at between two looks at the clock and the stop flag
#define SWEEP_WAIT_MS 20    // while slots wait for their grace period

static uint64_t sweep_grace_start(void *ctx)
{
	return rte_rcu_qsbr_start(ctx);
}

static bool sweep_grace_passed(void *ctx, uint64_t token)
{
	return grace_passed(ctx, token);
}

static int epochs_create(struct rule_epochs *e)
{
	static const struct {
		unsigned int kind;
		uint32_t count;
	} owners[] = { { OBJ_EIP, LIMIT_EIPS }, { OBJ_PORT_FORWARD, LIMIT_PORT_FORWARDS },
		{ OBJ_SNAT, NAT_SNAT_EPOCHS } };

	for (unsigned int i = 0; i < RTE_DIM(owners); i++) {
		e->count[owners[i].kind] = owners[i].count;
		e->epoch[owners[i].kind] = calloc(owners[i].count, sizeof(uint32_t));
		if (e->epoch[owners[i].kind] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static void free_job(struct sweep_job *job)
{
	session_query_fini(&job->query);
	free(job);
}

static void log_end(void *ctx, const struct session *s, enum session_end cause, uint32_t tick)
{
	struct dataplane *dp = ctx;

	event_ring_push(
		&dp->events[LIMIT_WORKERS], s, SESSION_EVENT_STOP, (uint8_t)cause, rte_rdtsc());
}

static void log_block_end(void *ctx, const struct port_block *b)
{
	struct dataplane *dp = ctx;

	event_ring_push_block(&dp->events[LIMIT_WORKERS], b, SESSION_EVENT_BLOCK_STOP, rte_rdtsc());
}

int sweep_init(struct dataplane *dp)
{
	struct sweeper_conf conf = {
		.on_end = log_end,
		.on_block_end = log_block_end,
		.on_end_ctx = dp,
		.table = &dp->sessions,
		.epochs = &dp->epochs,
		.grace = { dp->qsbr, sweep_grace_start, sweep_grace_passed },
	};
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&dp->sweeper_lock, NULL);
	pthread_cond_init(&dp->sweeper_wake, &attr);
	pthread_condattr_destroy(&attr);
	dp->jobs_end = &dp->jobs;
	sweeper_init(&dp->sweeper, &conf);
	return epochs_create(&dp->epochs);
}

void sweep_fini(struct dataplane *dp)
{
	for (unsigned int k = 0; k < OBJ_KIND_COUNT; k++)
		free((void *)(uintptr_t)dp->epochs.epoch[k]);
	while (dp->jobs != NULL) {
		struct sweep_job *next = dp->jobs->next;

		free_job(dp->jobs);
		dp->jobs = next;
	}
	if (dp->job != NULL)
		free_job(dp->job);
	pthread_cond_destroy(&dp->sweeper_wake);
	pthread_mutex_destroy(&dp->sweeper_lock);
}

void dataplane_kick_sweeper(struct dataplane *dp)
{
	pthread_mutex_lock(&dp->sweeper_lock);
	dp->sweeper_kick = true;
	pthread_cond_signal(&dp->sweeper_wake);
	pthread_mutex_unlock(&dp->sweeper_lock);
}

static int make_job(struct dataplane *dp, const struct msg_sessions *m, struct sweep_job **job)
{
	struct sweep_job *j = calloc(1, sizeof(*j));
	int rc = j == NULL ? -ENOMEM : session_query_init(&j->query, m, &dp->epochs);

	*job = rc < 0 ? NULL : j;
	if (rc < 0)
		free(j);
	return rc;
}

static void queue_job(struct dataplane *dp, struct sweep_job *j)
{
	pthread_mutex_lock(&dp->sweeper_lock);
	*dp->jobs_end = j;
	dp->jobs_end = &j->next;
	pthread_cond_signal(&dp->sweeper_wake);
	pthread_mutex_unlock(&dp->sweeper_lock);
}

int sweep_ask(struct dataplane *dp, const struct msg_sessions *m, struct sweep_job **job)
{
	int rc = make_job(dp, m, job);

	if (rc == 0)
		queue_job(dp, *job);
	return rc;
}

int sweep_end_prepare(struct dataplane *dp, struct session_pick *pick, struct sweep_job **job)
{
	const struct msg_sessions m = { .op = SESSIONS_END };
	int rc = make_job(dp, &m, job);

	if (rc < 0) {
		pick->free(pick);
		return rc;
	}
	(*job)->query.pick = pick;
	(*job)->query.cause = SESSION_END_RULE;
	(*job)->detached = true;
	return 0;
}

void sweep_end_begin(struct dataplane *dp, struct sweep_job *job)
{
	if (job != NULL)
		queue_job(dp, job);
}

void sweep_end_drop(struct sweep_job *job)
{
	if (job != NULL)
		free_job(job);
}

bool sweep_answered(struct dataplane *dp, struct sweep_job *job)
{
	bool done;

	pthread_mutex_lock(&dp->sweeper_lock);
	done = job->done;
	pthread_mutex_unlock(&dp->sweeper_lock);
	return done;
}

void sweep_forget(struct dataplane *dp, struct sweep_job *job)
{
	bool done;

	atomic_store(&job->cancelled, true);
	pthread_mutex_lock(&dp->sweeper_lock);
	done = job->done;
	job->detached = true;
	pthread_mutex_unlock(&dp->sweeper_lock);
	if (done)
		free_job(job);
}

static struct sweep_job *next_job(struct dataplane *dp)
{
	struct sweep_job *job;

	pthread_mutex_lock(&dp->sweeper_lock);
	job = dp->jobs;
	if (job != NULL)
		dp->jobs = job->next;
	if (dp->jobs == NULL)
		dp->jobs_end = &dp->jobs;
	pthread_mutex_unlock(&dp->sweeper_lock);
	return job;
}

static void finish_job(struct dataplane *dp)
{
	struct sweep_job *job = dp->job;
	bool detached;

	dp->job = NULL;
	pthread_mutex_lock(&dp->sweeper_lock);
	job->done = true;
	detached = job->detached;
	pthread_mutex_unlock(&dp->sweeper_lock);
	if (detached)
		free_job(job);
}

bool sweep_serve(struct dataplane *dp, uint32_t tick)
{
	if (dp->job == NULL)
		dp->job = next_job(dp);
	if (dp->job == NULL)
		return false;
	if (atomic_load(&dp->job->cancelled) ||
		session_query_step(&dp->job->query, &dp->sweeper, tick, SWEEP_SLOTS))
		finish_job(dp);
	return true;
}

// Waits for a kick, a job or the time of the next round.
static void sweep_wait(struct dataplane *dp, unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&dp->sweeper_lock);
	while (!dp->sweeper_kick && dp->jobs == NULL && !atomic_load(&dp->stop))
		if (pthread_cond_timedwait(&dp->sweeper_wake, &dp->sweeper_lock, &until) ==
			ETIMEDOUT)
			break;
	dp->sweeper_kick = false;
	pthread_mutex_unlock(&dp->sweeper_lock);
}

static void sweep_count(struct dataplane *dp)
{
	struct process_stats *p = &dp->stats->process;
	uint64_t ended = 0;

	for (unsigned int i = 0; i < SESSION_END_UNDONE; i++)
		ended += dp->sweeper.ended[i];
	__atomic_store_n(
		&p->sessions, slab_used(&dp->sessions.slabs[ARENA_SESSIONS]), __ATOMIC_RELAXED);
	__atomic_store_n(&p->sessions_ended, ended, __ATOMIC_RELAXED);
	__atomic_store_n(&p->sessions_half_open_ended, dp->sweeper.ended[SESSION_END_HALF_OPEN],
		__ATOMIC_RELAXED);
}

static void *sweep_main(void *arg)
{
	struct dataplane *dp = arg;
	unsigned int wait_ms = 1000;

	while (!atomic_load(&dp->stop)) {
		uint32_t tick;

		sweep_wait(dp, wait_ms);
		tick = dataplane_tick(dp, rte_rdtsc());
		// A long job must not keep slots from being given back.
		while (sweep_serve(dp, tick) && !atomic_load(&dp->stop))
			sweeper_step(&dp->sweeper, tick, SWEEP_SLOTS / 4);
		while (!sweeper_step(&dp->sweeper, tick, SWEEP_SLOTS) && !atomic_load(&dp->stop))
			;
		sweep_count(dp);
		wait_ms = sweeper_idle(&dp->sweeper) ? 1000 : SWEEP_WAIT_MS;
	}
	return NULL;
}

int sweep_start(struct dataplane *dp)
{
	int rc = rte_ctrl_thread_create(&dp->sweeper_thread, "vr-sweeper", NULL, sweep_main, dp);

	dp->sweeper_running = rc == 0;
	return rc;
}

void sweep_stop(struct dataplane *dp)
{
	if (!dp->sweeper_running)
		return;
	dataplane_kick_sweeper(dp);
	pthread_join(dp->sweeper_thread, NULL);
	dp->sweeper_running = false;
}
