// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Route monitor: follows the main table of the mirrors' namespace, whoever writes it, and keeps the
// data plane's routes the same. Commit thread only.
#pragma once

#include <stdint.h>

#include "control/dataplane/client.h"
#include "control/kernel/kernel.h"
#include "control/kernel/links.h"
#include "control/main/jobs.h"

struct route_sync;

// What it needs; all borrowed. changed() is called from the watch
// after netdevs or addresses changed in a way that may have cost us routes.
struct route_sync_conf {
	struct client *client;
	struct jobs *jobs;
	struct links *links;
	void (*changed)(void *ctx);
	void *ctx;
};

struct route_sync *route_sync_create(const struct route_sync_conf *conf); // NULL: memory
void route_sync_destroy(struct route_sync *s);

// Subscribes in the namespace; the table is read at the next pumps. The descriptor is borrowed
// until it is closed. 0 or negative errno.
int route_sync_open(struct route_sync *s, int netns_fd);
void route_sync_close(struct route_sync *s);

// Takes what the kernel told, reads its table again when something was missed, and tells the data
// plane: some milliseconds' worth of it. 0, or negative errno: what is left is done by a later
// call, or between jobs. Call it after own changes, and about once a second.
int route_sync_pump(struct route_sync *s);

// While absence() is not 0, ospfd is away or has not had time to learn its routes again: those that
// the kernel loses stay with the data plane. Another number is another absence.
void route_sync_hold(struct route_sync *s, uint64_t (*absence)(void *ctx), void *ctx);

// Whether the data plane was told of a default route by this port.
bool route_sync_default_by(const struct route_sync *s, uint32_t port);
// Begins to compare the kernel's table, what control knows of it and what the data plane has, and
// to tell the data plane what differs, also what it refused before. A small table is done with when
// it returns: then the number of differences. 0 also when the rest is done between jobs (the
// counters have the result), and when the last audit was not long ago for the time that it took; or
// negative errno.
int route_sync_audit(struct route_sync *s);

void route_sync_counters(const struct route_sync *s, struct kernel_counters *out); // any thread
