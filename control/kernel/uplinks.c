// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Rounds of probes: in each, every monitored address of an uplink is asked once; the next round
// counts who has answered. A commit that takes long delays a round, and is taken for no loss: what
// has come meanwhile is read before a round is judged.
#include "control/kernel/uplinks.h"

#include <errno.h>
#include <stdatomic.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "control/kernel/monitor.h"
#include "control/kernel/probe.h"
#include "control/main/log.h"
#include "dataplane/main/limits.h"

struct target {
	uint64_t cookie; // of this round
	bool answered;
};

struct uplink {
	struct wanted_uplink wanted;
	struct monitor monitor;
	struct target targets[MONITOR_TARGETS_MAX];
	bool asked;   // a round is under way
	bool carrier; // when it was looked at last
	bool judged;  // at least once
	uint64_t due; // of the next round, milliseconds
	struct uplink_state state;
};

struct uplinks {
	struct uplinks_conf conf;
	struct probe probe;
	struct watch timer;
	struct uplink list[LIMIT_PORTS];
	unsigned int count;
	uint8_t levels[LIMIT_PORTS];
	_Atomic uint8_t told[LIMIT_PORTS]; // the same, for other threads
	bool moved;			   // since they were taken
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

const char *uplink_level_text(enum uplink_level level)
{
	switch (level) {
	case UPLINK_NO_ANSWER:
		return "no answer";
	case UPLINK_NO_CARRIER:
		return "no carrier";
	default:
		return NULL;
	}
}

static void set_level(struct uplinks *u, struct uplink *x, enum uplink_level level)
{
	const char *why = uplink_level_text(level);

	if (x->judged && x->state.level == level)
		return;
	u->moved |= u->levels[x->wanted.port] != level;
	u->levels[x->wanted.port] = (uint8_t)level;
	atomic_store(&u->told[x->wanted.port], (uint8_t)level);
	if (why != NULL && !x->judged)
		log_info("uplink %s is not up yet: %s", x->wanted.mirror, why);
	else if (why != NULL)
		log_warning("uplink %s is down: %s", x->wanted.mirror, why);
	else if (x->judged)
		log_notice("uplink %s is up", x->wanted.mirror);
	x->state.changes += x->judged;
	x->state.since = time(NULL);
	x->state.level = level;
	x->judged = true;
}

// A carrier that comes for the first time is no recovery: nothing has to be proved.
static void judge(struct uplinks *u, struct uplink *x)
{
	const struct link *l = links_by_name(u->conf.links, x->wanted.mirror);
	bool carrier = l != NULL && (l->flags & IFF_UP) != 0 && (l->flags & IFF_RUNNING) != 0;

	if (x->carrier && !carrier && x->state.monitored)
		monitor_fall(&x->monitor);
	x->carrier = carrier;
	set_level(u, x,
		!carrier	  ? UPLINK_NO_CARRIER
		: x->monitor.down ? UPLINK_NO_ANSWER
				  : UPLINK_USABLE);
}

bool uplinks_judge(struct uplinks *u)
{
	for (unsigned int i = 0; i < u->count; i++)
		judge(u, &u->list[i]);
	return u->moved;
}

const uint8_t *uplinks_take(struct uplinks *u)
{
	u->moved = false;
	return u->levels;
}

static struct uplink *find(struct uplinks *u, uint32_t port)
{
	for (unsigned int i = 0; i < u->count; i++)
		if (u->list[i].wanted.port == port)
			return &u->list[i];
	return NULL;
}

bool uplinks_state(struct uplinks *u, uint32_t port, struct uplink_state *out)
{
	const struct uplink *x = find(u, port);

	if (x != NULL)
		*out = x->state;
	return x != NULL;
}

enum uplink_level uplinks_level(const struct uplinks *u, uint32_t port)
{
	return port < LIMIT_PORTS ? atomic_load(&u->told[port]) : UPLINK_USABLE;
}

static void on_answer(void *ctx, int ifindex, struct in_addr from, uint64_t cookie)
{
	struct uplinks *u = ctx;
	const struct link *l = links_by_index(u->conf.links, ifindex);
	struct uplink *x = l != NULL ? find(u, l->port) : NULL;

	for (unsigned int i = 0; x != NULL && i < x->wanted.monitor.n_targets; i++)
		if (x->wanted.monitor.targets[i].s_addr == from.s_addr &&
			x->targets[i].cookie == cookie)
			x->targets[i].answered = true;
}

static bool count_answers(struct uplink *x)
{
	bool any = false;

	for (unsigned int i = 0; i < x->wanted.monitor.n_targets; i++) {
		any |= x->targets[i].answered;
		x->state.lost += !x->targets[i].answered;
	}
	return any;
}

static void ask(struct uplinks *u, struct uplink *x)
{
	const struct link *l = links_by_name(u->conf.links, x->wanted.mirror);

	for (unsigned int i = 0; l != NULL && i < x->wanted.monitor.n_targets; i++) {
		struct target *t = &x->targets[i];
		ssize_t got = getrandom(&t->cookie, sizeof(t->cookie), 0);
		int rc = got == sizeof(t->cookie)
				 ? probe_send(&u->probe, l->ifindex, x->wanted.source,
					   x->wanted.monitor.targets[i], t->cookie)
				 : -EIO;

		// One that could not be sent is as good as lost.
		if (rc < 0)
			log_debug("probe by %s: %s", x->wanted.mirror, strerror(-rc));
		t->answered = false;
		x->state.sent++;
	}
	x->asked = l != NULL;
}

// Nothing is concluded from silence while the data plane is away.
static void run_round(struct uplinks *u, struct uplink *x)
{
	const struct monitor_config *m = &x->wanted.monitor;

	if (!x->carrier || !client_connected(u->conf.client)) {
		x->asked = false;
		return;
	}
	if (x->asked)
		(void)monitor_round(&x->monitor, count_answers(x), m->failures, m->successes);
	ask(u, x);
}

// The timer runs for the round that is due first; without one it stands.
static void arm(struct uplinks *u)
{
	struct itimerspec next = { 0 };
	uint64_t first = UINT64_MAX;

	for (unsigned int i = 0; i < u->count; i++)
		if (u->list[i].state.monitored && u->list[i].due < first)
			first = u->list[i].due;
	if (first != UINT64_MAX) {
		next.it_value.tv_sec = (time_t)(first / 1000);
		next.it_value.tv_nsec = (long)(first % 1000) * 1000000;
	}
	if (u->timer.fd >= 0 && timerfd_settime(u->timer.fd, TFD_TIMER_ABSTIME, &next, NULL) < 0)
		log_warning("uplinks are not probed: %s", strerror(errno));
}

static void on_timer(void *ctx, uint32_t events)
{
	struct uplinks *u = ctx;
	uint64_t expirations, now = now_ms();

	if (read(u->timer.fd, &expirations, sizeof(expirations)) < 0)
		return;
	probe_read(&u->probe, on_answer, u);
	for (unsigned int i = 0; i < u->count; i++) {
		struct uplink *x = &u->list[i];

		if (!x->state.monitored || x->due > now)
			continue;
		run_round(u, x);
		x->due += x->wanted.monitor.interval_ms;
		if (x->due <= now)
			x->due = now + x->wanted.monitor.interval_ms;
	}
	arm(u);
	if (uplinks_judge(u))
		u->conf.changed(u->conf.ctx);
}

static void add_uplink(
	struct uplinks *u, const struct wanted_uplink *w, const struct uplink *before)
{
	struct uplink *x = &u->list[u->count++];

	*x = before != NULL ? *before : (struct uplink){ .due = now_ms() };
	if (memcmp(&x->wanted, w, sizeof(*w)) != 0)
		x->asked = false; // the round was about others
	x->wanted = *w;
	x->state.monitored = w->monitor.n_targets > 0;
	if (!x->state.monitored)
		x->monitor = (struct monitor){ 0 };
	else if (x->due > now_ms() + w->monitor.interval_ms)
		x->due = now_ms() + w->monitor.interval_ms;
}

bool uplinks_configure(struct uplinks *u, const struct wanted *w)
{
	struct uplinks *old = malloc(sizeof(*old));

	if (old == NULL) {
		log_warning("no memory for the uplinks: they stay as they were");
		return false;
	}
	*old = *u;
	u->count = 0;
	memset(u->levels, UPLINK_USABLE, sizeof(u->levels));
	for (size_t i = 0; i < w->n_uplinks; i++) {
		add_uplink(u, &w->uplinks[i], find(old, w->uplinks[i].port));
		u->levels[w->uplinks[i].port] = old->levels[w->uplinks[i].port];
	}
	free(old);
	for (unsigned int port = 0; port < LIMIT_PORTS; port++)
		atomic_store(&u->told[port], u->levels[port]);
	arm(u);
	return uplinks_judge(u);
}

struct uplinks *uplinks_create(const struct uplinks_conf *conf)
{
	struct uplinks *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->conf = *conf;
	u->probe.fd = -1;
	u->timer = (struct watch){ .fd = -1, .ready = on_timer, .ctx = u };
	return u;
}

void uplinks_destroy(struct uplinks *u)
{
	if (u == NULL)
		return;
	uplinks_close(u);
	free(u);
}

int uplinks_open(struct uplinks *u, int netns_fd)
{
	int rc = probe_open(&u->probe, netns_fd);

	if (rc < 0)
		return rc;
	u->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	rc = u->timer.fd < 0 ? -errno : jobs_watch(u->conf.jobs, &u->timer);
	if (rc < 0) {
		uplinks_close(u);
		return rc;
	}
	arm(u);
	return 0;
}

void uplinks_close(struct uplinks *u)
{
	if (u->timer.fd >= 0) {
		jobs_unwatch(u->conf.jobs, &u->timer);
		close(u->timer.fd);
	}
	u->timer.fd = -1;
	probe_close(&u->probe);
}
