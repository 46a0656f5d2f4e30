// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Building and tearing down the process state, and the deferred freeing of what workers may still
// see. Control thread.
#include "dataplane/main/dataplane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "dataplane/api/errors.h"
#include "dataplane/fib/l3.h"
#include "dataplane/main/grace.h"
#include "dataplane/main/graph.h"
#include "dataplane/main/log.h"
#include "dataplane/main/session_log.h"
#include "dataplane/main/sweep.h"
#include "dataplane/main/worker.h"
#include "dataplane/nat/create.h"
#include "dataplane/port/pool.h"
#include "dataplane/port/rxq_map.h"
#include "dataplane/port/xdp.h"
#include "dataplane/punt/thread.h"

#define MBUF_CACHE 256

static int create_stats(struct dataplane *dp)
{
	dp->stats_fd = memfd_create("vrouter-stats", MFD_CLOEXEC);
	if (dp->stats_fd < 0 || ftruncate(dp->stats_fd, sizeof(*dp->stats)) < 0)
		return -errno;
	dp->stats =
		mmap(NULL, sizeof(*dp->stats), PROT_READ | PROT_WRITE, MAP_SHARED, dp->stats_fd, 0);
	if (dp->stats == MAP_FAILED) {
		dp->stats = NULL;
		return -errno;
	}
	dp->stats->magic = STATS_MAGIC;
	dp->stats->workers = dp->n_workers;
	dp->stats->process.tsc_hz = dp->tsc_hz;
	dp->stats->process.sessions_max = dp->options.sessions;
	return 0;
}

static int create_qsbr(struct dataplane *dp)
{
	size_t size = rte_rcu_qsbr_get_memsize(DATAPLANE_QSBR_THREADS);

	dp->qsbr = rte_zmalloc("qsbr", size, RTE_CACHE_LINE_SIZE);
	if (dp->qsbr == NULL || rte_rcu_qsbr_init(dp->qsbr, DATAPLANE_QSBR_THREADS) != 0)
		return -ENOMEM;
	return rte_rcu_qsbr_thread_register(dp->qsbr, DATAPLANE_QSBR_LOG) == 0 ? 0 : -EINVAL;
}

static int create_tables(struct dataplane *dp)
{
	const struct options *o = &dp->options;
	struct l3_conf l3 = { .max_routes = o->routes,
		.tbl8 = o->tbl8,
		.seed = (uint32_t)dp->boot_id,
		.qsbr = dp->qsbr };
	struct session_table_conf sessions = {
		.sizes = { .sessions = o->sessions,
			.hosts = o->hosts,
			.nat_addresses = o->nat_addresses },
		.timers = SESSION_TIMERS_DEFAULT,
		.huge = !o->no_huge,
	};
	int rc = l3_create(&l3, &dp->l3);

	if (rc < 0) {
		log_error("no memory for a FIB of %u routes: raise --memory or lower --routes",
			o->routes);
		return rc;
	}
	rc = session_table_create(&dp->sessions, &sessions);
	if (rc < 0)
		log_error("no memory for %u sessions: %s", o->sessions, strerror(-rc));
	return rc;
}

static int create_set(struct dataplane *dp)
{
	struct set *set = set_copy(NULL, 0);
	struct port *none[LIMIT_PORTS] = { NULL };
	struct txn_errors errors = { .count = 0 };
	struct rxq_map *map = rxq_map_build(none, LIMIT_PORTS, dp->n_workers);

	if (set == NULL || map == NULL)
		return -ENOMEM;
	set->poll = map;
	for (unsigned int i = 0; i < SECTION_COUNT; i++) {
		int rc = section_ops[i]->build(dp, &dp->objects, &set->section[i], &errors);

		if (rc < 0)
			return rc;
	}
	atomic_store(&dp->set, set);
	return 0;
}

static int create_workers(struct dataplane *dp)
{
	int rc = graph_attach_services();

	for (unsigned int i = 0; rc == 0 && i < dp->n_workers; i++)
		rc = worker_create(dp, i, &dp->workers[i]);
	for (unsigned int i = 0; rc == 0 && i < dp->n_workers; i++)
		rc = worker_connect(dp->workers[i], dp->workers, dp->n_workers);
	return rc;
}

static int create_pool(struct dataplane *dp)
{
	dp->pool = port_pool_create("packets", dp->options.mbufs, MBUF_CACHE);
	if (dp->pool != NULL)
		return 0;
	log_error("no memory for %u packet buffers: raise --memory or lower --mbufs",
		dp->options.mbufs);
	return -ENOMEM;
}

int dataplane_create(const struct options *o, struct dataplane **out)
{
	struct dataplane *dp = rte_zmalloc("dataplane", sizeof(*dp), RTE_CACHE_LINE_SIZE);
	int rc;

	if (dp == NULL)
		return -ENOMEM;
	dp->options = *o;
	dp->n_workers = o->n_cores;
	dp->stats_fd = -1;
	dp->tsc_hz = rte_get_tsc_hz();
	dp->start_tsc = rte_rdtsc();
	rc = getrandom(&dp->boot_id, sizeof(dp->boot_id), 0) == sizeof(dp->boot_id) ? 0 : -EIO;
	if (rc == 0)
		rc = create_stats(dp);
	if (rc == 0)
		rc = create_qsbr(dp);
	if (rc == 0)
		rc = create_pool(dp);
	if (rc == 0)
		rc = create_tables(dp);
	if (rc == 0)
		rc = sweep_init(dp);
	if (rc == 0)
		rc = session_log_create(dp);
	if (rc == 0)
		rc = create_set(dp);
	if (rc == 0)
		rc = create_workers(dp);
	*out = dp;
	if (rc < 0)
		log_error("start failed: %s", strerror(-rc));
	return rc;
}

void dataplane_retire(struct dataplane *dp, void (*destroy)(struct dataplane *, void *), void *what)
{
	struct garbage *g = calloc(1, sizeof(*g));
	struct garbage **tail = &dp->garbage;

	if (g == NULL) {
		rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
		destroy(dp, what);
		return;
	}
	g->token = rte_rcu_qsbr_start(dp->qsbr);
	g->destroy = destroy;
	g->what = what;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = g;
}

void dataplane_collect(struct dataplane *dp)
{
	while (dp->garbage != NULL && grace_passed(dp->qsbr, dp->garbage->token)) {
		struct garbage *g = dp->garbage;

		dp->garbage = g->next;
		g->destroy(dp, g->what);
		free(g);
	}
}

void dataplane_destroy(struct dataplane *dp)
{
	const struct set *set;

	if (dp == NULL)
		return;
	for (unsigned int i = 0; i < dp->n_workers; i++)
		worker_destroy(dp->workers[i]);
	dataplane_collect(dp);
	set = atomic_load(&dp->set);
	for (unsigned int i = 0; set != NULL && i < LIMIT_PORTS; i++)
		port_release(set->port[i]);
	punt_destroy(dp->port_env.punt);
	xdp_destroy(dp->port_env.xdp);
	atomic_store(&dp->set, NULL);
	if (set != NULL)
		rxq_map_free((struct rxq_map *)(uintptr_t)set->poll);
	set_free(dp, (struct set *)(uintptr_t)set);
	objects_free(&dp->objects);
	sweep_fini(dp);
	session_log_destroy(dp);
	session_table_close(&dp->sessions);
	l3_destroy(dp->l3);
	rte_mempool_free(dp->pool);
	rte_free(dp->qsbr);
	if (dp->stats != NULL)
		munmap(dp->stats, sizeof(*dp->stats));
	if (dp->stats_fd >= 0)
		close(dp->stats_fd);
	rte_free(dp);
}
