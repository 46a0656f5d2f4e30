// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Everything that the control process has, in one struct.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include <systemd/sd-event.h>

#include "control/api/access.h"
#include "control/api/api.h"
#include "control/config/engine.h"
#include "control/config/store.h"
#include "control/dataplane/client.h"
#include "control/dataplane/natlog.h"
#include "control/dataplane/subsystem.h"
#include "control/kernel/kernel.h"
#include "control/main/jobs.h"
#include "control/main/options.h"
#include "control/routing/routing.h"

#define SUBSYSTEMS_MAX 16
#define API_SOCKETS    2 // unix, TCP

struct control {
	struct options options;
	sd_event *loop;
	sd_event_source *audit; // timer
	struct jobs *jobs;	// the commit thread
	struct jobs *queries;	// questions to daemons, which may take their time
	struct store *store;
	struct client *client;
	struct dataplane *dataplane;
	struct kernel *kernel;
	struct natlog *natlog;
	struct routing *routing;
	struct subsystem subsystems[SUBSYSTEMS_MAX]; // in the order of a commit
	unsigned int n_subsystems;
	struct engine *engine;
	struct api *api;
	int api_fds[API_SOCKETS];  // listening; -1: none, or the API serves it
	struct access_conf access; // of the TCP one; owns the PEM texts
	struct client_events client_events;
	struct watch trial;	     // once a second: commits on trial
	bool trial_failed;	     // going back did: its problems are logged once. Commit thread
	atomic_bool reconcile_waits; // a reconcile job is queued and does not run yet
	bool was_unreconciled;	     // the last one failed: its problems are logged once. Commit
				     // thread
};

// control.c: the parts in the order in which they need each other. 0, or negative errno, logged.
int control_create(struct control *c);
void control_destroy(struct control *c); // also after a failed control_create()
int control_run(struct control *c);	 // until a signal; 0 or negative errno, logged

// subsystems.c: creates the subsystems and orders them. 0 or -ENOMEM.
int subsystems_create(struct control *c);
void subsystems_destroy(struct control *c);

// background.c: the commit thread's work that no request asks for.
int background_restore(struct control *c);    // first job; serves the API when it is done
void background_reconcile(struct control *c); // any thread
