// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The router's state at a glance, its health, and what the other state handlers share.
#include "control/api/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"

int state_page(struct request *r, struct page *page)
{
	int ret = request_number(r, "limit", PAGE_DEFAULT, PAGE_MAX, &page->limit);

	return ret < 0 ? ret : request_number(r, "offset", 0, UINT32_MAX, &page->offset);
}

bool state_on_page(const struct page *page, size_t index)
{
	return index >= page->offset && index - page->offset < page->limit;
}

static void reply_no_data_plane(struct request *r)
{
	reply_problem(r, 503, "The data plane is not connected.");
}

// `ret` of a question to the data plane, with the reply made when it is an error.
static int asked(struct request *r, int ret)
{
	if (ret == -ENOTCONN)
		reply_no_data_plane(r);
	else if (ret < 0)
		reply_problem(r, ret == -ENOMEM ? 500 : 503, "The data plane did not answer: %s.",
			strerror(-ret));
	return ret;
}

int state_dump(
	struct request *r, enum dump_what what, void **records, size_t record_size, size_t *count)
{
	return asked(r, client_dump(r->env->client, what, records, record_size, count));
}

int state_dump_page(struct request *r, enum dump_what what, uint32_t from, uint32_t most,
	size_t record_size, struct client_page *page)
{
	return asked(r, client_dump_page(r->env->client, what, from, most, record_size, page));
}

int state_sessions(struct request *r, const struct msg_sessions *ask, struct session_page *page)
{
	return asked(r, client_sessions(r->env->client, ask, page));
}

struct counters *state_counters(struct request *r)
{
	struct counters *c;
	int ret;

	// The counters of a data plane that is gone are still mapped, but say nothing about now.
	if (!client_connected(r->env->client)) {
		reply_no_data_plane(r);
		return NULL;
	}
	c = malloc(sizeof(*c));
	ret = c ? counters_read(client_stats(r->env->client), c) : -ENOMEM;
	if (ret == 0)
		return c;
	free(c);
	reply_problem(r, ret == -ENOMEM ? 500 : 503,
		"The data plane's counters cannot be read: %s.", strerror(-ret));
	return NULL;
}

struct names *state_names(struct request *r)
{
	struct config *now = engine_current(r->env->engine);
	struct names *n = names_create(now);

	config_unref(now);
	if (!n)
		reply_problem(r, 500, "out of memory");
	return n;
}

json_t *state_subsystems(const struct api_env *env, bool *degraded)
{
	json_t *all = json_object();

	*degraded = false;
	for (unsigned int i = 0; i < env->n_subsystems; i++) {
		const struct subsystem *s = &env->subsystems[i];
		const char *why = s->degraded(s->ctx);

		*degraded |= why != NULL;
		json_object_set_new(all, s->name, json_name(why));
	}
	return all;
}

void health_get(struct request *r)
{
	bool connected = client_connected(r->env->client);
	bool degraded;
	json_t *subsystems = state_subsystems(r->env, &degraded);

	reply_json(r, connected ? 200 : 503,
		json_pack("{s:s, s:b, s:o}", "status",
			!connected ? "unavailable" : (degraded ? "degraded" : "ok"),
			"dataplane_connected", connected, "subsystems", subsystems));
}

static json_t *dataplane_summary(const struct api_env *env)
{
	const struct stats_shm *shm = client_stats(env->client);
	struct counters *c;
	json_t *summary;

	if (!client_connected(env->client) || !shm)
		return json_pack("{s:b}", "connected", 0);
	c = malloc(sizeof(*c));
	if (!c || counters_read(shm, c) < 0)
		summary = json_pack("{s:b}", "connected", 1);
	else
		summary = json_pack("{s:b, s:I, s:i, s:I, s:I, s:I, s:I}", "connected", 1,
			"generation", (json_int_t)c->process.generation, "workers", (int)c->workers,
			"sessions", (json_int_t)c->process.sessions, "sessions_max",
			(json_int_t)c->process.sessions_max, "routes",
			(json_int_t)c->process.routes, "neighbours",
			(json_int_t)c->process.neighbours);
	if (c && json_object_get(summary, "generation"))
		state_fill(summary, shm, &c->process);
	free(c);
	return summary;
}

// How the routes of the kernel come to the data plane.
static json_t *routes_summary(const struct api_env *env)
{
	struct kernel_counters k = { 0 };

	kernel_counters(env->kernel, &k);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "told", (json_int_t)k.routes, "missing",
		(json_int_t)k.routes_missing, "cut", (json_int_t)k.routes_cut, "drift",
		(json_int_t)k.routes_drift, "resyncs", (json_int_t)k.route_resyncs);
}

void state_summary(struct request *r)
{
	struct config *now = engine_current(r->env->engine);
	static const struct problems none;
	bool degraded;
	json_t *subsystems = state_subsystems(r->env, &degraded);

	degraded |= !client_connected(r->env->client);
	reply_json(r, 200,
		json_pack("{s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "version",
			r->env->version, "status", degraded ? "degraded" : "ok", "hostname",
			json_name(now && now->hostname[0] ? now->hostname : NULL), "revision",
			(json_int_t)(now ? now->revision : 0), "dataplane",
			dataplane_summary(r->env), "routes", routes_summary(r->env), "subsystems",
			subsystems, "alarms", state_alarms(r->env, now), "warnings",
			problems_json(now ? &now->warnings : &none)));
	config_unref(now);
}
