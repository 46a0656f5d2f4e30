// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What an operator should look at now, in one list: parts that are degraded, uplinks that are down,
// tables and external ports that are nearly full.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/api/fill.h"
#include "control/api/state.h"

static void add(json_t *alarms, const char *kind, const char *name, const char *detail)
{
	json_array_append_new(
		alarms, json_pack("{s:s, s:s, s:s}", "kind", kind, "name", name, "detail", detail));
}

static void add_degraded(json_t *alarms, const struct api_env *env)
{
	for (unsigned int i = 0; i < env->n_subsystems; i++) {
		const struct subsystem *s = &env->subsystems[i];
		const char *why = s->degraded(s->ctx);

		if (why != NULL)
			add(alarms, "degraded", s->name, why);
	}
}

static void add_uplinks(json_t *alarms, const struct api_env *env, const struct config *now)
{
	for (unsigned int i = 0; now != NULL && i < now->n_interfaces; i++) {
		const struct interface_config *f = &now->interfaces[i];
		const char *why = kernel_uplink_down(env->kernel, f->id);

		if (why != NULL)
			add(alarms, "uplink", f->name, why);
	}
}

static void add_full(void *alarms, const struct fill *f)
{
	char name[FILL_NAME_MAX], detail[64];

	if (!fill_alarm(f->used, f->max))
		return;
	fill_name(f, name, sizeof(name));
	snprintf(detail, sizeof(detail), "%" PRIu64 " of %" PRIu64 " in use", f->used, f->max);
	add(alarms, "full", name, detail);
}

json_t *state_alarms(const struct api_env *env, const struct config *now)
{
	const struct stats_shm *shm = client_stats(env->client);
	struct counters *c = malloc(sizeof(*c));
	json_t *alarms = json_array();

	add_degraded(alarms, env);
	add_uplinks(alarms, env, now);
	if (c != NULL && shm != NULL && client_connected(env->client) &&
		counters_read(shm, c) == 0) {
		fill_tables(&c->process, add_full, alarms);
		fill_ports(shm, add_full, alarms);
	}
	free(c);
	return alarms;
}
