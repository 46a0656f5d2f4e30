// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// vrouter-dataplane: start-up, threads, and the end.
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <systemd/sd-daemon.h>

#include "dataplane/api/server.h"
#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/eal.h"
#include "dataplane/main/log.h"
#include "dataplane/main/options.h"
#include "dataplane/main/session_log.h"
#include "dataplane/main/sweep.h"
#include "dataplane/main/worker.h"
#include "dataplane/port/xdp.h"
#include "dataplane/punt/thread.h"

// The one thing that a signal handler can reach.
static _Atomic(_Atomic bool *) stop_flag;

static void on_signal(int number)
{
	_Atomic bool *stop = atomic_load(&stop_flag);

	if (stop != NULL)
		atomic_store(stop, true);
}

static void catch_signals(struct dataplane *dp)
{
	struct sigaction stop = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };

	atomic_store(&stop_flag, &dp->stop);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL); // a peer that goes away is an errno
}

static int create_ports_environment(struct dataplane *dp)
{
	int rc;

	dp->port_create = port_create;
	dp->port_env = (struct port_env){
		.workers = dp->n_workers,
		.pool = dp->pool,
		.mirror_netns = dp->options.netns,
		.adopt_fd = server_adopt_fd,
		.keep_fd = server_keep_fd,
		.forget_fd = server_forget_fd,
		.ctx = dp,
	};
	rc = xdp_create(&dp->port_env.xdp);
	return rc < 0 ? rc : punt_create(&dp->stats->process, &dp->port_env.punt);
}

static int start_threads(struct dataplane *dp)
{
	int rc = sweep_start(dp);

	if (rc == 0)
		rc = session_log_start(dp);

	for (unsigned int i = 0; rc == 0 && i < dp->n_workers; i++)
		rc = rte_eal_remote_launch(worker_main, dp->workers[i], i + 1);
	return rc;
}

static int run(const struct options *o)
{
	struct dataplane *dp;
	int rc = dataplane_create(o, &dp);

	if (rc < 0)
		return rc;
	catch_signals(dp);
	rc = create_ports_environment(dp);
	if (rc == 0)
		rc = control_open(dp);
	if (rc == 0)
		rc = start_threads(dp);
	if (rc == 0) {
		sd_notify(0, "READY=1");
		log_info("ready");
		control_loop(dp);
		sd_notify(0, "STOPPING=1");
	}
	atomic_store(&dp->stop, true);
	rte_eal_mp_wait_lcore();
	sweep_stop(dp);
	session_log_stop(dp);
	control_close(dp);
	dataplane_destroy(dp);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o;
	int rc = options_parse(&o, argc, argv);

	if (rc != 0)
		return rc < 0 ? 2 : 0;
	if (eal_start(&o) < 0)
		return EXIT_FAILURE;
	rc = run(&o);
	log_info("stopped");
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
