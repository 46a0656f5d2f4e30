// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The three kernel subsystems. All of them compare what is wanted with what the kernel has:
// additions before the data plane's flip, removals after it; the audit does both.
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/kernel/garp.h"
#include "control/kernel/kernel.h"
#include "control/kernel/netns.h"
#include "control/kernel/route_sync.h"
#include "control/kernel/sync.h"
#include "control/kernel/sysctl.h"
#include "control/kernel/uplinks.h"
#include "control/main/log.h"

static const char no_namespace[] = "the namespace of the mirrors does not exist";
static const char no_mirror[] = "the mirror of an interface is missing or down";
static const char no_answer[] = "the kernel refused, or did not answer";

struct kernel {
	char netns[NETNS_NAME_MAX + 1];
	int netns_fd; // -1: not open
	struct netlink requests;
	struct links links;
	struct garp garp;
	struct route_sync *routes;
	struct uplinks *uplinks;
	struct jobs *jobs;
	struct watch tick;
	struct wanted *now; // of the configuration applied last, NULL: none
	bool touched;	    // this commit reached the kernel: removals or an undo have work
	bool removed;	    // and its removals are done
	bool rerouted;	    // the last pass followed an uplink that came or went
	const char *_Atomic degraded;
	_Atomic uint64_t repairs;
};

static void degrade(struct kernel *k, const char *why)
{
	const char *before = atomic_exchange(&k->degraded, why);

	if (why != NULL && why != before)
		log_warning("kernel: %s", why);
}

static void close_namespace(struct kernel *k)
{
	uplinks_close(k->uplinks);
	route_sync_close(k->routes);
	garp_close(&k->garp);
	netlink_close(&k->requests);
	if (k->netns_fd >= 0)
		close(k->netns_fd);
	k->netns_fd = -1;
}

// Whether the descriptor still is the namespace that has the name: it may be deleted and made
// again.
static bool is_current(const struct kernel *k)
{
	char path[128];
	struct stat mine, named;

	snprintf(path, sizeof(path), "/run/netns/%s", k->netns);
	return k->netns_fd >= 0 && fstat(k->netns_fd, &mine) == 0 && stat(path, &named) == 0 &&
	       mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

static int open_namespace(struct kernel *k)
{
	int rc;

	if (is_current(k))
		return 0;
	close_namespace(k);
	rc = netns_open(k->netns);
	if (rc < 0)
		return rc;
	k->netns_fd = rc;
	rc = netlink_open(&k->requests, k->netns_fd, NULL);
	if (rc == 0)
		rc = garp_open(&k->garp, k->netns_fd);
	if (rc == 0)
		rc = sysctl_apply(k->netns_fd);
	if (rc == 0)
		rc = route_sync_open(k->routes, k->netns_fd);
	if (rc == 0)
		rc = uplinks_open(k->uplinks, k->netns_fd);
	if (rc < 0)
		close_namespace(k);
	return rc;
}

// Mirrors before addresses before routes, which need them; rules last, so that they lead to what is
// there.
static int sync_all(struct kernel *k, const struct wanted *w, struct sync *s)
{
	int rc = links_refresh(&k->links, &k->requests);

	s->nl = &k->requests;
	s->links = &k->links;
	s->garp = &k->garp;
	k->rerouted = uplinks_judge(k->uplinks);
	s->levels = uplinks_take(k->uplinks);
	if (rc == 0)
		rc = mirror_sync(s, w);
	if (rc == 0)
		rc = addr_sync(s, w);
	if (rc == 0)
		rc = static_sync(s, w);
	if (rc == 0)
		rc = rule_sync(s, w);
	return rc;
}

static void judge(struct kernel *k, int rc, const struct sync *s)
{
	if (rc < 0 || s->refused < 0)
		degrade(k, no_answer);
	else
		degrade(k, s->absent > 0 ? no_mirror : NULL);
}

static int add_prepare(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct kernel *k = ctx;
	struct wanted *w;
	int rc = wanted_build(to, &w, p);

	k->touched = k->removed = false;
	wanted_free(w);
	return rc;
}

// Nothing differs from what was applied, nothing is known to be wrong: the audit finds the rest.
static bool unchanged(const struct kernel *k, const struct wanted *to)
{
	return k->now != NULL && atomic_load(&k->degraded) == NULL &&
	       wanted_same_addresses(k->now, to) && wanted_same_routes(k->now, to) &&
	       wanted_same_rules(k->now, to);
}

// From here on the kernel is to have `w`. Whether uplinks are to be treated differently.
static bool want(struct kernel *k, struct wanted *w)
{
	wanted_free(k->now);
	k->now = w;
	return uplinks_configure(k->uplinks, w);
}

static int add_apply(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct sync s = { .todo = SYNC_ADD, .problems = p };
	struct kernel *k = ctx;
	struct wanted *w;
	int rc = wanted_build(to, &w, p);

	if (rc == 0)
		rc = links_set_mirrors(&k->links, to);
	if (rc < 0) {
		wanted_free(w);
		return rc;
	}
	if (open_namespace(k) < 0) {
		degrade(k, no_namespace);
	} else if (from == NULL || !unchanged(k, w)) {
		k->touched = true;
		rc = sync_all(k, w, &s);
	}
	if (rc < 0)
		problem_add(p, "", "cannot configure the kernel: %s", strerror(-rc));
	if (rc == 0)
		rc = s.refused;
	if (rc < 0) {
		wanted_free(w);
		return rc; // undo() takes back what was added
	}
	if (s.absent > 0)
		degrade(k, no_mirror);
	if (want(k, w) && k->netns_fd >= 0) {
		k->touched = true;
		rc = sync_all(k, w, &(struct sync){ .todo = SYNC_ADD });
	}
	return rc;
}

static int repair(struct kernel *k, struct sync *s)
{
	int rc = open_namespace(k);

	if (rc < 0) {
		degrade(k, no_namespace);
		return rc;
	}
	rc = sync_all(k, k->now, s);
	judge(k, rc, s);
	return rc;
}

// Differences that could be repaired: what waits for its mirror is none of them, nor is what an
// uplink's state asks for.
static void count_repairs(struct kernel *k, const struct sync *s)
{
	unsigned int n = s->missing + s->extra - s->absent;

	if (n == 0 || s->missing + s->extra < s->absent || k->rerouted)
		return;
	atomic_fetch_add(&k->repairs, n);
	log_notice("kernel: %u differences repaired", n);
}

static void add_undo(void *ctx, const struct config *from, const struct config *to, bool applied)
{
	struct sync s = { .todo = SYNC_ADD | SYNC_REMOVE };
	struct problems ignored = { 0 };
	struct kernel *k = ctx;
	struct wanted *w = NULL;

	if (k->touched && from != NULL && wanted_build(from, &w, &ignored) == 0 &&
		links_set_mirrors(&k->links, from) == 0) {
		want(k, w);
		repair(k, &s);
	} else {
		wanted_free(w);
	}
	problems_clear(&ignored);
}

static int add_compare(void *ctx, const struct config *now, bool do_repair)
{
	struct sync s = { .todo = do_repair ? SYNC_ADD | SYNC_REMOVE : 0 };
	struct problems ignored = { 0 };
	struct kernel *k = ctx;
	struct wanted *w;
	int rc = wanted_build(now, &w, &ignored);

	problems_clear(&ignored);
	if (rc == 0)
		rc = links_set_mirrors(&k->links, now);
	if (rc < 0) {
		wanted_free(w);
		return rc;
	}
	want(k, w);
	rc = repair(k, &s);
	if (rc < 0)
		return rc;
	if (do_repair) {
		count_repairs(k, &s);
		garp_send(&k->garp, &k->links);
		route_sync_pump(k->routes);
	}
	return (int)(s.missing + s.extra);
}

// Removes what is not wanted any more, and makes up for routes that went with an address; once.
static int remove_extra(struct kernel *k, struct problems *p)
{
	struct sync s = { .todo = SYNC_ADD | SYNC_REMOVE, .problems = p };
	int rc = sync_all(k, k->now, &s);

	rc = rc == 0 ? s.refused : rc;
	if (rc == 0)
		judge(k, rc, &s);
	k->removed = rc == 0;
	return rc;
}

// The kernel's routes are with the data plane when this returns.
static int remove_apply(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct kernel *k = ctx;
	int rc;

	if (k->netns_fd < 0 || k->now == NULL || !k->touched)
		return 0; // it has no routes to wait for
	rc = k->removed ? 0 : remove_extra(k, p);
	if (rc < 0)
		return rc;
	rc = route_sync_pump(k->routes);
	if (rc < 0 && rc != -ENOTCONN)
		log_warning("routes are not with the data plane yet: %s", strerror(-rc));
	return 0;
}

// What is to go does so before FRR is told: that may take seconds, in which packets must not meet
// old routes without their rules. At a start, FRR is first: routes depend on an absence of ospfd.
static int garp_apply(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct kernel *k = ctx;

	if (k->netns_fd >= 0)
		garp_send(&k->garp, &k->links);
	return from != NULL ? remove_apply(ctx, from, to, p) : 0;
}

static int nothing_to_prepare(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	return 0;
}

// kernel-add restores `from` for all three.
static void nothing_to_undo(
	void *ctx, const struct config *from, const struct config *to, bool applied)
{
}

static int nothing_to_compare(void *ctx, const struct config *now, bool do_repair)
{
	return 0;
}

// The last subsystem of all: a data plane that was just repaired has made the mirrors that were
// missing before, and gets its routes at once.
static int remove_compare(void *ctx, const struct config *now, bool do_repair)
{
	struct sync s = { .todo = SYNC_ADD | SYNC_REMOVE };
	struct kernel *k = ctx;
	int rc;

	if (!do_repair)
		return 0;
	if (atomic_load(&k->degraded) != NULL && k->now != NULL && repair(k, &s) == 0)
		count_repairs(k, &s);
	route_sync_pump(k->routes);
	rc = route_sync_audit(k->routes);
	return rc < 0 ? 0 : rc; // not connected: nothing to compare
}

static const char *degraded(void *ctx)
{
	struct kernel *k = ctx;

	return atomic_load(&k->degraded);
}

static const char *never_degraded(void *ctx)
{
	return NULL;
}

// Netdevs or addresses changed behind our back: a restarted data plane's mirrors, or somebody's
// hands.
static void on_changed(void *ctx)
{
	struct sync s = { .todo = SYNC_ADD | SYNC_REMOVE };
	struct kernel *k = ctx;

	if (k->now == NULL || repair(k, &s) < 0)
		return;
	count_repairs(k, &s);
	route_sync_pump(k->routes);
}

static void on_tick(void *ctx)
{
	struct kernel *k = ctx;

	if (k->netns_fd < 0) {
		if (k->now != NULL && open_namespace(k) == 0)
			on_changed(k);
		return;
	}
	garp_send(&k->garp, &k->links);
	route_sync_pump(k->routes);
}

struct kernel *kernel_create(const char *netns, struct client *client, struct jobs *jobs)
{
	struct kernel *k = calloc(1, sizeof(*k));
	struct route_sync_conf conf = { .client = client, .jobs = jobs };
	struct uplinks_conf uplinks = { .client = client, .jobs = jobs };

	if (k == NULL)
		return NULL;
	k->netns_fd = -1;
	k->garp.fd = -1;
	k->jobs = jobs;
	snprintf(k->netns, sizeof(k->netns), "%s", netns);
	conf.links = &k->links;
	conf.changed = on_changed;
	conf.ctx = k;
	k->routes = route_sync_create(&conf);
	uplinks.links = &k->links;
	uplinks.changed = on_changed;
	uplinks.ctx = k;
	k->uplinks = uplinks_create(&uplinks);
	k->tick = (struct watch){ .fd = -1, .tick = on_tick, .ctx = k };
	if (k->routes == NULL || k->uplinks == NULL || jobs_watch(jobs, &k->tick) < 0) {
		route_sync_destroy(k->routes);
		uplinks_destroy(k->uplinks);
		free(k);
		return NULL;
	}
	return k;
}

void kernel_hold_ospf(struct kernel *k, uint64_t (*absence)(void *ctx), void *ctx)
{
	route_sync_hold(k->routes, absence, ctx);
}

void kernel_destroy(struct kernel *k)
{
	if (k == NULL)
		return;
	jobs_unwatch(k->jobs, &k->tick);
	close_namespace(k);
	route_sync_destroy(k->routes);
	uplinks_destroy(k->uplinks);
	links_clear(&k->links);
	wanted_free(k->now);
	free(k);
}

struct subsystem kernel_add_subsystem(struct kernel *k)
{
	return (struct subsystem){
		.name = "kernel-add",
		.ctx = k,
		.prepare = add_prepare,
		.apply = add_apply,
		.undo = add_undo,
		.compare = add_compare,
		.degraded = degraded,
	};
}

struct subsystem kernel_garp_subsystem(struct kernel *k)
{
	return (struct subsystem){
		.name = "garp",
		.ctx = k,
		.prepare = nothing_to_prepare,
		.apply = garp_apply,
		.undo = nothing_to_undo,
		.compare = nothing_to_compare,
		.degraded = never_degraded,
	};
}

struct subsystem kernel_remove_subsystem(struct kernel *k)
{
	return (struct subsystem){
		.name = "kernel-remove",
		.ctx = k,
		.prepare = nothing_to_prepare,
		.apply = remove_apply,
		.undo = nothing_to_undo,
		.compare = remove_compare,
		.degraded = never_degraded,
	};
}

void kernel_counters(const struct kernel *k, struct kernel_counters *out)
{
	*out = (struct kernel_counters){ .repairs = atomic_load(&k->repairs) };
	route_sync_counters(k->routes, out);
}

bool kernel_uplink(struct kernel *k, uint32_t port, struct kernel_uplink *out)
{
	struct uplink_state state;

	if (!uplinks_state(k->uplinks, port, &state))
		return false;
	*out = (struct kernel_uplink){
		.down = uplink_level_text(state.level),
		.in_use = route_sync_default_by(k->routes, port),
		.monitored = state.monitored,
		.since = state.since,
		.changes = state.changes,
		.probes_sent = state.sent,
		.probes_lost = state.lost,
	};
	return true;
}

const char *kernel_uplink_down(const struct kernel *k, uint32_t port)
{
	return uplink_level_text(uplinks_level(k->uplinks, port));
}

const char *kernel_netns(const struct kernel *k)
{
	return k->netns;
}
