// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel of the mirrors' namespace: sysctls, addresses and routes by netlink, gratuitous ARP,
// and the monitor that hands the kernel's routes (ours and the routing daemons') to the data plane.
// Three subsystems of one state, because additions, announcements and removals have their own
// places in a commit: kernel-add, data plane, garp, kernel-remove. Commit thread only, except
// degraded() and kernel_counters().
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/config/engine.h"
#include "control/dataplane/client.h"
#include "control/main/jobs.h"

struct kernel;

struct kernel_counters {
	uint64_t repairs;	 // differences that audits repaired
	uint64_t route_resyncs;	 // full reads of the kernel's routes
	uint64_t routes;	 // prefixes that the data plane was told
	uint64_t routes_refused; // route batches that the data plane refused
	uint64_t routes_cut;	 // prefixes that have fewer next hops than in the kernel
	uint64_t routes_drift;	 // routes that audits found wrong in the data plane, and repaired
	uint64_t routes_missing; // that the data plane still refused at the last audit
};

// `netns` is a name under /run/netns. The namespace may go away and come back: meanwhile the
// subsystems are degraded. `client` and `jobs` are borrowed. NULL on memory failure.
struct kernel *kernel_create(const char *netns, struct client *client, struct jobs *jobs);
void kernel_destroy(struct kernel *k);

const char *kernel_netns(const struct kernel *k); // any thread
// Routes of OSPF are held while absence() is not 0 (route_sync_hold()). Before anything is applied.
void kernel_hold_ospf(struct kernel *k, uint64_t (*absence)(void *ctx), void *ctx);

struct kernel_uplink {
	const char *down; // why, NULL: it is up
	bool in_use;	  // the data plane's default route leads there
	bool monitored;
	int64_t since; // seconds since 1970
	uint64_t changes;
	uint64_t probes_sent, probes_lost;
};

struct subsystem kernel_add_subsystem(struct kernel *k);
struct subsystem kernel_garp_subsystem(struct kernel *k);
struct subsystem kernel_remove_subsystem(struct kernel *k);

// The uplink of this port. False: it is none. Commit thread.
bool kernel_uplink(struct kernel *k, uint32_t port, struct kernel_uplink *out);
// Why the uplink of this port is down, NULL: it is up, or none. A static text. Any thread.
const char *kernel_uplink_down(const struct kernel *k, uint32_t port);
void kernel_counters(const struct kernel *k, struct kernel_counters *out); // any thread
