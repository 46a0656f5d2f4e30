// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A world for tests of the kernel subsystems: a namespace with veth netdevs in place of mirrors, a
// data plane that only remembers routes, watches that the test drives, and commits as the engine
// makes them. What the kernel has is read with ip(8).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/config/ids.h"
#include "control/config/model.h"
#include "control/config/problem.h"
#include "control/kernel/kernel.h"

#define WORLD_ROUTES 32768

struct world_route {
	char prefix[20];
	struct msg_route route;
	struct msg_hop hops[MSG_ROUTE_HOPS];
	bool stale;
};

// Where a test may come between two system calls of the route monitor.
enum world_moment {
	WORLD_PART, // before a part of a dump is received
	WORLD_NEWS, // before a notification is
	WORLD_PAGE, // before the data plane is asked for its routes
	WORLD_MOMENTS,
};

struct world {
	char netns[32];
	struct kernel *kernel;
	struct subsystem list[3]; // additions, announcements, removals
	struct ids *ids;
	struct problems problems;
	// The data plane.
	bool away;
	uint64_t boot_id, generation;
	struct world_route routes[WORLD_ROUTES];
	unsigned int n_routes;
	unsigned int messages, marks, sweeps, entries;
	bool marked; // since the last sweep
	int refuse;  // answer to route messages
	struct {
		unsigned int after; // so many of them
		void (*call)(void); // once
	} moments[WORLD_MOMENTS];
	unsigned int room; // routes above it are refused, 0: no limit
};

extern struct world world;

int world_setup(void **state); // namespace with mirrors pub0, pub1, vpc1, and the kernel
int world_teardown(void **state);

// Output of a command in the namespace ("ip ..."), in one buffer that the next call overwrites.
const char *world_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void world_mirror(const char *name); // makes one
// Static routes by the thousand: of those from `first` to `n` - 1 every `step`th is the object of
// "ip route `what`", by gateway 10.1.0.`via`, 0: of route i 10.1.0.(2 + i % 250).
void world_many(
	const char *what, unsigned int first, unsigned int n, unsigned int step, unsigned int via);
const char *world_many_prefix(unsigned int i); // in a buffer that the next call overwrites
bool world_has(const char *command, const char *text);
// Sets the far end of a mirror, and waits until the kernel has told of the mirror's carrier: it
// does so when it has the time.
void world_carrier(const char *name, bool up);

// The configuration: the three interfaces, with `more` members (", \"vips\": ...") after them.
struct config *world_config(const char *more);
struct config *world_config_text(const char *text);
int world_commit(const struct config *from, const struct config *to);

const struct world_route *world_route(const char *prefix); // NULL: the data plane has none
int world_gateway(const char *prefix); // last byte of that of the first hop; -1: no route or no hop
bool world_turn(void);		       // serves each watch that is ready; false: none was
void world_events(void);	       // serves them until they are quiet
void world_tick(void);
int world_monitor_fd(void); // of the route monitor's watch
