// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Tables and external ports with their use, and an alarm for those that are nearly full.
#include "control/api/fill.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "control/api/handlers.h"
#include "control/api/state.h"

struct summary {
	json_t *tables;
	json_t *alarms;
};

static void add_alarm(void *ctx, const struct fill *f)
{
	char name[FILL_NAME_MAX];

	if (!fill_alarm(f->used, f->max))
		return;
	fill_name(f, name, sizeof(name));
	json_array_append_new(((struct summary *)ctx)->alarms, json_string(name));
}

static void add_table(void *ctx, const struct fill *f)
{
	json_object_set_new(((struct summary *)ctx)->tables, f->name,
		json_pack("{s:I, s:I, s:b}", "used", (json_int_t)f->used, "max", (json_int_t)f->max,
			"alarm", fill_alarm(f->used, f->max)));
	add_alarm(ctx, f);
}

void state_fill(json_t *into, const struct stats_shm *shm, const struct process_stats *process)
{
	struct summary s = { json_object(), json_array() };

	fill_tables(process, add_table, &s);
	fill_ports(shm, add_alarm, &s);
	json_object_set_new(into, "tables", s.tables);
	json_object_set_new(into, "alarms", s.alarms);
}

static void add_ports(void *items, const struct fill *f)
{
	char address[INET_ADDRSTRLEN] = "";

	inet_ntop(AF_INET, &f->address, address, sizeof(address));
	json_array_append_new(
		items, json_pack("{s:s, s:s, s:I, s:I, s:b}", "address", address, "protocol",
			       f->protocol ? f->protocol : "blocks", "used", (json_int_t)f->used,
			       "max", (json_int_t)f->max, "alarm", fill_alarm(f->used, f->max)));
}

void state_nat_ports(struct request *r)
{
	struct counters *c = state_counters(r); // makes the reply when there are none
	json_t *items;

	if (!c)
		return;
	free(c);
	items = json_array();
	fill_ports(client_stats(r->env->client), add_ports, items);
	reply_list(r, items, json_array_size(items));
}

static json_t *limit(json_t *name, uint64_t used, uint64_t max, uint64_t bytes)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:b}", "name", name, "used", (json_int_t)used, "max",
		(json_int_t)max, "bytes", (json_int_t)bytes, "alarm", fill_alarm(used, max));
}

static void add_ports_limit(void *items, const struct fill *f)
{
	char name[FILL_NAME_MAX];

	fill_name(f, name, sizeof(name));
	json_array_append_new(items, limit(json_string(name), f->used, f->max, 0));
}

void state_limits(struct request *r)
{
	const struct stats_shm *shm = client_stats(r->env->client);
	struct dump_limit *limits = NULL;
	json_t *items;
	size_t count;

	if (state_dump(r, DUMP_LIMITS, (void **)&limits, sizeof(*limits), &count) < 0)
		return;
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			items, limit(json_wire_string(limits[i].name, sizeof(limits[i].name)),
				       limits[i].used, limits[i].max, limits[i].bytes));
	if (shm)
		fill_ports(shm, add_ports_limit, items);
	free(limits);
	reply_list(r, items, json_array_size(items));
}
