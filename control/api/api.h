// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The HTTP API: JSON over a unix socket and loopback TCP. Loop thread only.
#pragma once

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "control/config/engine.h"
#include "control/dataplane/client.h"
#include "control/kernel/kernel.h"
#include "control/main/jobs.h"

struct api;

// What the handlers work on; borrowed for the life of the API.
struct api_env {
	const char *version;
	struct engine *engine;
	struct store *store; // commit thread
	struct client *client;
	struct kernel *kernel;
	struct jobs *jobs;
	const struct subsystem *subsystems;
	unsigned int n_subsystems;
};

// NULL on memory failure.
struct api *api_create(sd_event *loop, const struct api_env *env);

// Serves on a listening socket (listen.h), which it then owns. 0 or negative errno.
int api_serve(struct api *api, int fd);

// Takes no new connections; requests that run are answered. Then jobs_stop(), then api_destroy().
void api_quiesce(struct api *api);
void api_destroy(struct api *api);
