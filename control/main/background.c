// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the commit thread does by itself: restoring the stored configuration at the start, and
// bringing the world back to the configuration, now and then and when the data plane appears.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "control/config/confirm.h"
#include "control/main/control.h"
#include "control/main/log.h"

struct background {
	struct job job;
	struct control *control;
	bool ran;
};

static void log_problems(const char *what, int err, const struct problems *p)
{
	log_warning("%s: %s", what, strerror(-err));
	for (size_t i = 0; i < p->count && i < PROBLEM_MAX; i++)
		log_warning("%s: %s: %s", what, p->list[i].pointer ? p->list[i].pointer : "",
			p->list[i].text ? p->list[i].text : "");
}

// Commits on trial whose time is over go back.
static void check_trial(struct control *c)
{
	struct problems p = { 0 };
	int ret = confirm_check(c->engine, c->store, &p);

	if (ret < 0 && !c->trial_failed)
		log_problems("the configuration on trial cannot be taken back", ret, &p);
	c->trial_failed = ret < 0;
	problems_clear(&p);
}

static void on_tick(void *ctx)
{
	check_trial(ctx);
}

static void restore_run(struct job *j)
{
	struct background *b = (struct background *)j;
	struct problems p = { 0 };
	struct config *now;
	int ret = engine_restore(b->control->engine, &p);

	b->ran = true;
	if (ret < 0)
		log_problems("the stored configuration is not applied yet", ret, &p);
	problems_clear(&p);
	check_trial(b->control);
	b->control->trial = (struct watch){ .fd = -1, .tick = on_tick, .ctx = b->control };
	if (jobs_watch(b->control->jobs, &b->control->trial) < 0)
		log_error("commits on trial will not be taken back: out of memory");
	now = engine_current(b->control->engine);
	if (now)
		log_info("configuration revision %llu", (unsigned long long)now->revision);
	else
		log_info("no stored configuration");
	config_unref(now);
}

static int serve(struct control *c)
{
	for (int i = 0; i < API_SOCKETS; i++) {
		int ret = 0;

		if (c->api_fds[i] >= 0)
			ret = api_serve(c->api, c->api_fds[i], i > 0 ? &c->access : NULL);

		c->api_fds[i] = -1;
		if (ret < 0)
			return ret;
	}
	return 0;
}

// Nobody may see the router without the configuration that it has: clients wait in the backlog.
static void restore_done(struct job *j)
{
	struct background *b = (struct background *)j;
	struct control *c = b->control;
	int ret;

	if (b->ran) {
		ret = serve(c);
		if (ret < 0)
			sd_event_exit(c->loop, ret);
		else
			sd_notify(0, "READY=1");
	}
	free(b);
}

static struct background *background_create(
	struct control *c, void (*run)(struct job *), void (*done)(struct job *))
{
	struct background *b = calloc(1, sizeof(*b));

	if (b) {
		b->job = (struct job){ .run = run, .done = done };
		b->control = c;
	}
	return b;
}

int background_restore(struct control *c)
{
	struct background *b = background_create(c, restore_run, restore_done);

	if (!b)
		return -ENOMEM;
	jobs_submit(c->jobs, &b->job);
	return 0;
}

static void reconcile_run(struct job *j)
{
	struct control *c = ((struct background *)j)->control;
	struct problems p = { 0 };
	int ret;

	// From here on, a new cause needs a new job.
	atomic_store(&c->reconcile_waits, false);
	ret = engine_reconcile(c->engine, &p);
	if (ret < 0 && !c->was_unreconciled)
		log_problems("the configuration is not fully applied", ret, &p);
	else if (ret == 0 && c->was_unreconciled)
		log_notice("the configuration is fully applied again");
	c->was_unreconciled = ret < 0;
	problems_clear(&p);
}

static void reconcile_done(struct job *j)
{
	free(j);
}

void background_reconcile(struct control *c)
{
	struct background *b;

	if (atomic_exchange(&c->reconcile_waits, true))
		return;
	b = background_create(c, reconcile_run, reconcile_done);
	if (b)
		jobs_submit(c->jobs, &b->job);
	else
		atomic_store(&c->reconcile_waits, false); // the next audit tries again
}
