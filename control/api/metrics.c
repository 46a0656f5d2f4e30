// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// GET /metrics: the control process's own numbers, the data plane's counters and the tables' use.
// Without a data plane the scrape still succeeds, with what is known.
#include "control/api/metrics.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/fill.h"
#include "control/api/handlers.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metric_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP vrouter_%s %s\n# TYPE vrouter_%s %s\n", name, help, name, type);
}

static void write_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
}

void metric_sample(
	FILE *out, const char *name, const char *label, const char *value, uint64_t number)
{
	fprintf(out, "vrouter_%s", name);
	if (label) {
		fprintf(out, "{%s=\"", label);
		write_escaped(out, value);
		fputs("\"}", out);
	}
	fprintf(out, " %llu\n", (unsigned long long)number);
}

void metric_one(FILE *out, const char *name, const char *type, const char *help, uint64_t number)
{
	metric_head(out, name, type, help);
	metric_sample(out, name, NULL, NULL, number);
}

static void write_control(FILE *out, const struct api_env *env, const struct config *now)
{
	struct kernel_counters k = { 0 };

	metric_head(out, "info", "gauge", "Always 1, with the version of vrouter-control.");
	metric_sample(out, "info", "version", env->version, 1);
	metric_one(out, "config_revision", "gauge", "Revision of the running configuration.",
		now ? now->revision : 0);
	metric_one(out, "dataplane_connected", "gauge", "1 when the data plane is connected.",
		client_connected(env->client));
	metric_head(out, "subsystem_degraded", "gauge",
		"1 when a part of the configuration could not be applied yet.");
	for (unsigned int i = 0; i < env->n_subsystems; i++)
		metric_sample(out, "subsystem_degraded", "subsystem", env->subsystems[i].name,
			env->subsystems[i].degraded(env->subsystems[i].ctx) != NULL);
	kernel_counters(env->kernel, &k);
	metric_one(out, "kernel_repairs_total", "counter",
		"Differences in the kernel's addresses and routes that audits repaired.",
		k.repairs);
	metric_one(out, "kernel_route_resyncs_total", "counter",
		"Full reads of the kernel's routes.", k.route_resyncs);
	metric_one(
		out, "kernel_routes", "gauge", "Prefixes that the data plane was told.", k.routes);
	metric_one(out, "kernel_routes_refused_total", "counter",
		"Route batches that the data plane refused.", k.routes_refused);
	metric_one(out, "kernel_routes_drift_total", "counter",
		"Routes that audits found wrong in the data plane, and repaired.", k.routes_drift);
	metric_one(out, "kernel_routes_missing", "gauge",
		"Routes that the data plane refused at the last audit.", k.routes_missing);
	metric_one(out, "kernel_routes_cut", "gauge",
		"Prefixes that have fewer next hops than in the kernel.", k.routes_cut);
}

static void write_frr(FILE *out, const struct api_env *env)
{
	struct routing_counters r;

	routing_counters(env->routing, &r);
	metric_one(out, "frr_repairs_total", "counter",
		"Lines of FRR's configuration that audits put right.", r.repairs);
	metric_one(out, "frr_returns_total", "counter",
		"Times that ospfd came, or came back, and was configured.", r.restarts);
}

static uint64_t uplink_up(const struct kernel_uplink *u)
{
	return u->down == NULL;
}

static uint64_t uplink_in_use(const struct kernel_uplink *u)
{
	return u->in_use;
}

static uint64_t uplink_changes(const struct kernel_uplink *u)
{
	return u->changes;
}

static uint64_t uplink_sent(const struct kernel_uplink *u)
{
	return u->probes_sent;
}

static uint64_t uplink_lost(const struct kernel_uplink *u)
{
	return u->probes_lost;
}

static void write_uplinks(FILE *out, const struct api_env *env, const struct config *now)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*value)(const struct kernel_uplink *u);
	} metrics[] = {
		{ "uplink_up", "gauge", "1 when the uplink is usable.", uplink_up },
		{ "uplink_in_use", "gauge", "1 when the default route leads there.",
			uplink_in_use },
		{ "uplink_changes_total", "counter", "Times that the uplink's state changed.",
			uplink_changes },
		{ "uplink_probes_total", "counter", "Echo requests sent.", uplink_sent },
		{ "uplink_probes_lost_total", "counter", "Echo requests without an answer.",
			uplink_lost },
	};

	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		metric_head(out, metrics[m].name, metrics[m].type, metrics[m].help);
		for (unsigned int i = 0; now != NULL && i < now->n_interfaces; i++) {
			struct kernel_uplink u;

			if (kernel_uplink(env->kernel, now->interfaces[i].id, &u))
				metric_sample(out, metrics[m].name, "interface",
					now->interfaces[i].name, metrics[m].value(&u));
		}
	}
}

static void write_limits(FILE *out, struct client *client)
{
	struct dump_limit *limits = NULL;
	size_t count;

	if (client_dump(client, DUMP_LIMITS, (void **)&limits, sizeof(*limits), &count) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		limits[i].name[sizeof(limits[i].name) - 1] = '\0';
	metric_head(out, "table_used", "gauge", "Entries of a data plane table that are in use.");
	for (size_t i = 0; i < count; i++)
		metric_sample(out, "table_used", "table", limits[i].name, limits[i].used);
	metric_head(out, "table_max", "gauge", "Entries that a data plane table can hold.");
	for (size_t i = 0; i < count; i++)
		metric_sample(out, "table_max", "table", limits[i].name, limits[i].max);
	free(limits);
}

struct fill_writer {
	FILE *out;
	bool max, blocks;
	unsigned int alarms;
};

static void write_ports(void *ctx, const struct fill *f)
{
	struct fill_writer *w = ctx;
	const char *which = w->max ? "max" : "used";
	unsigned long long value = w->max ? f->max : f->used;
	char address[INET_ADDRSTRLEN] = "";

	if (w->blocks != (f->protocol == NULL))
		return;
	inet_ntop(AF_INET, &f->address, address, sizeof(address));
	if (w->blocks)
		fprintf(w->out, "vrouter_nat_port_blocks_%s{address=\"%s\"} %llu\n", which, address,
			value);
	else
		fprintf(w->out, "vrouter_nat_ports_%s{address=\"%s\",protocol=\"%s\"} %llu\n",
			which, address, f->protocol, value);
}

static void count_alarm(void *ctx, const struct fill *f)
{
	((struct fill_writer *)ctx)->alarms += fill_alarm(f->used, f->max);
}

static void write_fill(FILE *out, const struct stats_shm *shm, const struct process_stats *process)
{
	struct fill_writer w = { .out = out };

	metric_head(out, "nat_ports_used", "gauge", "External ports in use.");
	fill_ports(shm, write_ports, &w);
	metric_head(out, "nat_ports_max", "gauge", "External ports that rules may use.");
	w.max = true;
	fill_ports(shm, write_ports, &w);
	metric_head(out, "nat_port_blocks_max", "gauge", "Port blocks that hosts may get.");
	w.blocks = true;
	fill_ports(shm, write_ports, &w);
	metric_head(out, "nat_port_blocks_used", "gauge", "Port blocks that hosts have.");
	w.max = false;
	fill_ports(shm, write_ports, &w);
	fill_tables(process, count_alarm, &w);
	fill_ports(shm, count_alarm, &w);
	metric_one(out, "alarms", "gauge",
		"Tables of sessions and external addresses of which nearly all is in use.",
		w.alarms);
}

static void write_dataplane(FILE *out, const struct api_env *env, const struct config *now)
{
	struct counters *c = malloc(sizeof(*c));

	if (c && counters_read(client_stats(env->client), c) == 0) {
		metrics_counters(out, c, now);
		write_fill(out, client_stats(env->client), &c->process);
	}
	free(c);
	write_limits(out, env->client);
}

void metrics_get(struct request *r)
{
	struct config *now = engine_current(r->env->engine);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		write_control(out, r->env, now);
		write_frr(out, r->env);
		write_uplinks(out, r->env, now);
		if (client_connected(r->env->client))
			write_dataplane(out, r->env, now);
		if (fclose(out) != 0) {
			free(text);
			text = NULL;
		}
	}
	reply_text(r, 200, CONTENT_TYPE, text, len);
	config_unref(now);
}
