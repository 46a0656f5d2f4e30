// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The HTTP API: JSON over a unix socket, and over TCP with tokens and TLS. Loop thread only.
#pragma once

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "control/config/engine.h"
#include "control/dataplane/client.h"
#include "control/kernel/kernel.h"
#include "control/main/jobs.h"
#include "control/routing/routing.h"

struct api;

// What the handlers work on; borrowed for the life of the API.
struct api_env {
	const char *version;
	struct engine *engine;
	struct store *store; // commit thread
	struct client *client;
	struct kernel *kernel;
	struct jobs *jobs;    // commit thread
	struct jobs *queries; // query thread
	struct routing *routing;
	const struct subsystem *subsystems;
	unsigned int n_subsystems;
};

// NULL on memory failure.
struct api *api_create(sd_event *loop, const struct api_env *env);

// Serves on a listening socket (listen.h), which it then owns. `conf` says how a TCP socket is
// guarded (access.h), NULL on the unix socket. 0 or negative errno, logged.
struct access_conf;
int api_serve(struct api *api, int fd, const struct access_conf *conf);

// Reads the tokens again. What is wrong is logged, and the old ones stay.
void api_reload(struct api *api, const struct access_conf *conf);

// Takes no new connections; requests that run are answered. Then jobs_stop(), then api_destroy().
void api_quiesce(struct api *api);
void api_destroy(struct api *api);
