// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The views, as data, and their printing.
#include "control/vrctl/views.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT(title, key)                                                                           \
	{                                                                                          \
		{ title, false }, key, CELL_PLAIN                                                  \
	}
#define NUMBER(title, key)                                                                         \
	{                                                                                          \
		{ title, true }, key, CELL_PLAIN                                                   \
	}
#define LINK(title, key)                                                                           \
	{                                                                                          \
		{ title, false }, key, CELL_LINK                                                   \
	}
#define MIB(title, key)                                                                            \
	{                                                                                          \
		{ title, true }, key, CELL_MIB                                                     \
	}
#define TIME(title, key)                                                                           \
	{                                                                                          \
		{ title, false }, key, CELL_TIME                                                   \
	}
#define PERCENT(title)                                                                             \
	{                                                                                          \
		{ title, true }, "", CELL_PERCENT                                                  \
	}

#define HOPS(title, key)                                                                           \
	{                                                                                          \
		{ title, false }, key, CELL_HOPS                                                   \
	}

#define FILTER                                                                                     \
	"protocol source destination inside external outside rule rule_kind uplink state min_age " \
	"max_age"

static const struct view show_views[] = {
	{ .word = "interfaces",
		.path = "/v1/state/interfaces",
		.list = "items",
		.n_columns = 19,
		.columns = { TEXT("NAME", "name"), TEXT("ROLE", "role"), LINK("LINK", "link_up"),
			TEXT("UPLINK", "uplink.state"), TEXT("REASON", "uplink.reason"),
			TEXT("IN USE", "uplink.in_use"), TEXT("ADDRESSES", "addresses"),
			TEXT("MAC", "mac"), NUMBER("MTU B", "mtu"), TEXT("DRIVER", "driver"),
			TEXT("RX WORKERS", "rx_workers"),
			NUMBER("RX PACKETS", "counters.rx_packets"),
			NUMBER("RX B", "counters.rx_bytes"),
			NUMBER("TX PACKETS", "counters.tx_packets"),
			NUMBER("TX B", "counters.tx_bytes"),
			NUMBER("RX MISSED", "counters.rx_missed"),
			NUMBER("RX NO BUFFER", "counters.rx_no_buffer"),
			NUMBER("RX ERRORS", "counters.rx_errors"),
			NUMBER("TX ERRORS", "counters.tx_errors") } },
	{ .word = "routes",
		.path = "/v1/state/routes",
		.list = "items",
		.options = "limit cursor",
		.n_columns = 7,
		.columns = { TEXT("PREFIX", "prefix"), TEXT("TYPE", "type"),
			HOPS("NEXT HOP", "next_hop"), HOPS("INTERFACE", "interface"),
			HOPS("WEIGHT", "weight"), HOPS("USABLE", "usable"),
			TEXT("SOURCE", "source") } },
	{ .word = "routes-compare",
		.path = "/v1/state/routes/compare",
		.list = "items",
		.options = "differing limit",
		.n_columns = 5,
		.columns = { TEXT("PREFIX", "prefix"), TEXT("AGREE", "agree"),
			TEXT("KERNEL", "kernel"), TEXT("FRR", "frr"),
			TEXT("DATA PLANE", "dataplane") } },
	{ .word = "neighbours",
		.path = "/v1/state/neighbours",
		.list = "items",
		.options = "limit",
		.n_columns = 5,
		.columns = { TEXT("ADDRESS", "address"), TEXT("INTERFACE", "interface"),
			TEXT("MAC", "mac"), TEXT("RESOLVED", "resolved"),
			NUMBER("PACKETS HELD", "packets_held") } },
	{ .word = "ospf",
		.path = "/v1/state/ospf",
		.list = "neighbours",
		.n_columns = 9,
		.columns = { TEXT("ROUTER ID", "router_id"), TEXT("STATE", "state"),
			TEXT("ROLE", "role"), TEXT("ADDRESS", "address"),
			TEXT("INTERFACE", "interface"), TEXT("AREA", "area"),
			NUMBER("FULL FOR s", "full_for_s"), NUMBER("DEAD IN s", "dead_in_s"),
			TEXT("LAST LOSS", "last_loss") } },
	{ .word = "ospf-interfaces",
		.path = "/v1/state/ospf",
		.list = "interfaces",
		.n_columns = 9,
		.columns = { TEXT("NAME", "name"), TEXT("AREA", "area"), LINK("LINK", "up"),
			TEXT("STATE", "state"), NUMBER("COST", "cost"),
			NUMBER("HELLO s", "hello_interval_s"), NUMBER("DEAD s", "dead_interval_s"),
			NUMBER("NEIGHBOURS", "neighbours"), NUMBER("ADJACENT", "adjacent") } },
	{ .word = "ospf-areas",
		.path = "/v1/state/ospf",
		.list = "areas",
		.n_columns = 6,
		.columns = { TEXT("AREA", "id"), TEXT("TYPE", "type"),
			NUMBER("INTERFACES", "interfaces"),
			NUMBER("FULL NEIGHBOURS", "neighbours_full"), NUMBER("LSAS", "lsas"),
			NUMBER("SPF RUNS", "spf_runs") } },
	{ .word = "ospf-problems",
		.path = "/v1/state/ospf",
		.list = "problems",
		.n_columns = 3,
		.columns = { TEXT("INTERFACE", "interface"), TEXT("ROUTER ID", "router_id"),
			TEXT("PROBLEM", "text") } },
	{ .word = "ospf-routes",
		.path = "/v1/state/ospf/routes",
		.list = "items",
		.options = "limit",
		.n_columns = 6,
		.columns = { TEXT("PREFIX", "prefix"), TEXT("NEXT HOP", "next_hop"),
			TEXT("INTERFACE", "interface"), NUMBER("METRIC", "metric"),
			TEXT("SELECTED", "selected"), TEXT("INSTALLED", "installed") } },
	{ .word = "devices",
		.path = "/v1/state/devices",
		.list = "items",
		.n_columns = 4,
		.columns = { TEXT("ADDRESS", "address"), TEXT("MAC", "mac"),
			TEXT("DRIVER", "driver"), TEXT("IN USE", "in_use") } },
	{ .word = "drops",
		.path = "/v1/state/drops",
		.list = "items",
		.only_if = "packets",
		.n_columns = 3,
		.columns = { TEXT("REASON", "reason"), NUMBER("PACKETS", "packets"),
			TEXT("DESCRIPTION", "description") } },
	{ .word = "punts",
		.path = "/v1/state/punts",
		.list = "items",
		.n_columns = 3,
		.columns = { TEXT("CLASS", "class"), NUMBER("TO KERNEL PACKETS", "punted"),
			NUMBER("OVER RATE PACKETS", "policed") } },
	{ .word = "limits",
		.path = "/v1/state/limits",
		.list = "items",
		.n_columns = 6,
		.columns = { TEXT("TABLE", "name"), NUMBER("USED", "used"), NUMBER("MAX", "max"),
			PERCENT("USED %"), TEXT("ALARM", "alarm"), MIB("MEMORY MiB", "bytes") } },
	{ .word = "dataplane",
		.path = "/v1/state/dataplane",
		.list = "workers",
		.members = true,
		.n_columns = 16,
		.columns = { NUMBER("WORKER", "worker"), NUMBER("WALKS", "walks"),
			NUMBER("BUSY s", "busy_s"), NUMBER("CYCLES/PACKET", "cycles_per_packet"),
			NUMBER("CYCLES P10", "burst_cycles.p10"),
			NUMBER("CYCLES MEDIAN", "burst_cycles.median"),
			NUMBER("RECEIVED", "accounts.received"),
			NUMBER("INJECTED", "accounts.injected"),
			NUMBER("GENERATED", "accounts.generated"),
			NUMBER("TAKEN OVER", "accounts.taken_over"),
			NUMBER("SENT", "accounts.sent"), NUMBER("PUNTED", "accounts.punted"),
			NUMBER("DROPPED", "accounts.dropped"),
			NUMBER("CONSUMED", "accounts.consumed"),
			NUMBER("HANDED OVER", "accounts.handed_over"),
			NUMBER("HELD", "accounts.held") } },
	{ .word = "history",
		.path = "/v1/config/revisions",
		.list = "items",
		.options = "limit offset",
		.n_columns = 6,
		.columns = { NUMBER("REVISION", "revision"), TIME("STORED", "time_s"),
			TEXT("BY", "author"), NUMBER("B", "bytes"), TEXT("CURRENT", "current"),
			TEXT("COMMENT", "comment") } },
	{ .word = "status", .path = "/v1/state", .members = true },
};

static const struct view nat_views[] = {
	{ .word = "sessions",
		.path = "/v1/state/nat/sessions",
		.list = "items",
		.options = FILTER " limit cursor",
		.n_columns = 16,
		.columns = { TEXT("PROTOCOL", "protocol"), TEXT("SOURCE", "source"),
			NUMBER("PORT", "source_port"), TEXT("DESTINATION", "destination"),
			NUMBER("PORT", "destination_port"), TEXT("NEW SOURCE", "translated_source"),
			NUMBER("PORT", "translated_source_port"),
			TEXT("NEW DESTINATION", "translated_destination"),
			NUMBER("PORT", "translated_destination_port"), TEXT("STATE", "state"),
			NUMBER("AGE s", "age_s"), NUMBER("IDLE s", "idle_s"),
			NUMBER("EXPIRES s", "expires_s"), TEXT("UPLINK", "uplink"),
			TEXT("RULE", "rule"), TEXT("DEGRADED", "degraded") } },
	{ .word = "rules",
		.path = "/v1/state/nat/rules",
		.list = "items",
		.n_columns = 6,
		.columns = { TEXT("KIND", "kind"), TEXT("NAME", "name"), NUMBER("ID", "id"),
			NUMBER("SESSIONS", "sessions"), NUMBER("CREATED", "created"),
			NUMBER("REFUSED", "refused") } },
	{ .word = "ports",
		.path = "/v1/state/nat/ports",
		.list = "items",
		.n_columns = 6,
		.columns = { TEXT("ADDRESS", "address"), TEXT("PROTOCOL", "protocol"),
			NUMBER("USED", "used"), NUMBER("MAX", "max"), PERCENT("USED %"),
			TEXT("ALARM", "alarm") } },
	{ .word = "clear",
		.method = "DELETE",
		.path = "/v1/state/nat/sessions",
		.members = true,
		.options = FILTER " all" },
};

static const struct view *views_of(bool nat, size_t *count)
{
	*count = nat ? sizeof(nat_views) / sizeof(nat_views[0])
		     : sizeof(show_views) / sizeof(show_views[0]);
	return nat ? nat_views : show_views;
}

const struct view *view_find(const char *word, bool nat)
{
	size_t count;
	const struct view *views = views_of(nat, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(views[i].word, word) == 0)
			return &views[i];
	return NULL;
}

const struct view *view_at(size_t index, bool nat)
{
	size_t count;
	const struct view *views = views_of(nat, &count);

	return index < count ? &views[index] : NULL;
}

void view_print_words(bool nat)
{
	size_t count;
	const struct view *views = views_of(nat, &count);

	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? "|" : "", views[i].word);
	putchar('\n');
}

static json_t *member(json_t *item, const char *key)
{
	const char *dot = strchr(key, '.');
	char first[32];

	if (!dot)
		return json_object_get(item, key);
	snprintf(first, sizeof(first), "%.*s", (int)(dot - key), key);
	return json_object_get(json_object_get(item, first), dot + 1);
}

// Text of a JSON value, malloc'd; NULL for null, for nothing and for lack of memory.
static char *value_text(json_t *value)
{
	char *text = NULL, *joined;
	json_t *element;
	size_t i;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		return strdup(json_string_value(value));
	case JSON_INTEGER:
		return asprintf(&text, "%lld", (long long)json_integer_value(value)) < 0 ? NULL
											 : text;
	case JSON_REAL:
		return asprintf(&text, "%.3f", json_real_value(value)) < 0 ? NULL : text;
	case JSON_TRUE:
		return strdup("yes");
	case JSON_FALSE:
		return strdup("no");
	case JSON_ARRAY:
		json_array_foreach(value, i, element)
		{
			if (asprintf(&joined, "%s%s%s", text ? text : "", text ? "," : "",
				    json_string_value(element)) < 0)
				break;
			free(text);
			text = joined;
		}
		return text;
	default:
		return NULL;
	}
}

// One member of each next hop.
static char *hops_text(json_t *hops, const char *key)
{
	char *text = NULL;
	json_t *hop;
	size_t i;

	json_array_foreach(hops, i, hop)
	{
		char *one = value_text(json_object_get(hop, key)), *joined;
		int n = asprintf(
			&joined, "%s%s%s", text ? text : "", text ? "," : "", one ? one : "");

		free(one);
		if (n < 0)
			break;
		free(text);
		text = joined;
	}
	return text;
}

static char *percent_text(json_t *item)
{
	double max = json_number_value(json_object_get(item, "max"));
	double used = json_number_value(json_object_get(item, "used"));
	char *text = NULL;

	return max <= 0 || asprintf(&text, "%.1f", 100 * used / max) < 0 ? NULL : text;
}

static char *mib_text(json_t *bytes)
{
	double value = json_number_value(bytes);
	char *text = NULL;

	return value <= 0 || asprintf(&text, "%.1f", value / (1 << 20)) < 0 ? NULL : text;
}

static char *time_text(json_t *seconds)
{
	time_t t = (time_t)json_integer_value(seconds);
	struct tm tm;
	char text[32];

	if (!json_is_integer(seconds) || !localtime_r(&t, &tm) ||
		strftime(text, sizeof(text), "%F %T", &tm) == 0)
		return NULL;
	return strdup(text);
}

static char *cell_text(const struct view_column *c, json_t *item)
{
	json_t *value = member(item, c->key);

	switch (c->cell) {
	case CELL_LINK:
		return json_is_boolean(value) ? strdup(json_is_true(value) ? "up" : "down") : NULL;
	case CELL_TIME:
		return time_text(value);
	case CELL_MIB:
		return mib_text(value);
	case CELL_PERCENT:
		return percent_text(item);
	case CELL_HOPS:
		return hops_text(json_object_get(item, "next_hops"), c->key);
	default:
		return value_text(value);
	}
}

static void add_row(struct table *t, const struct view *view, json_t *item)
{
	for (unsigned int i = 0; i < view->n_columns; i++) {
		char *text = cell_text(&view->columns[i], item);

		table_add(t, text);
		free(text);
	}
}

static int print_items(const struct view *view, json_t *items)
{
	struct column columns[VIEW_COLUMNS];
	struct table *t;
	json_t *item;
	size_t i;
	int ret;

	for (unsigned int c = 0; c < view->n_columns; c++)
		columns[c] = view->columns[c].column;
	t = table_create(columns, view->n_columns);
	if (!t)
		return -ENOMEM;
	json_array_foreach(items, i, item)
	{
		if (!view->only_if || json_integer_value(json_object_get(item, view->only_if)) != 0)
			add_row(t, view, item);
	}
	ret = table_print(t, stdout);
	table_destroy(t);
	return ret;
}

// One line a member; those of an object in it are indented below its name. `none` stands for null:
// for a subsystem it is good news.
static void print_members(json_t *object, int indent, const char *none)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		char *text;

		if (json_is_array(value))
			continue;
		if (json_is_object(value)) {
			printf("%*s%s:\n", indent, "", key);
			print_members(
				value, indent + 2, strcmp(key, "subsystems") == 0 ? "ok" : none);
			continue;
		}
		text = value_text(value);
		printf("%*s%-*s %s\n", indent, "", 22 - indent, key, text ? text : none);
		free(text);
	}
}

// What the router says about its document, as after a commit.
static void print_warnings(json_t *warnings)
{
	json_t *warning;
	size_t i;

	json_array_foreach(warnings, i, warning)
	{
		char *pointer = value_text(json_object_get(warning, "pointer"));
		char *detail = value_text(json_object_get(warning, "detail"));

		printf("warning: %s: %s\n", pointer ? pointer : "", detail ? detail : "");
		free(pointer);
		free(detail);
	}
}

static void print_alarms(json_t *alarms)
{
	json_t *alarm;
	size_t i;

	json_array_foreach(alarms, i, alarm)
	{
		char *kind = value_text(json_object_get(alarm, "kind"));
		char *name = value_text(json_object_get(alarm, "name"));
		char *detail = value_text(json_object_get(alarm, "detail"));

		printf("alarm: %s %s: %s\n", kind ? kind : "", name ? name : "",
			detail ? detail : "");
		free(kind);
		free(name);
		free(detail);
	}
}

int view_print(const struct view *view, json_t *document)
{
	json_t *items = view->list ? json_object_get(document, view->list) : NULL;
	json_int_t total = json_integer_value(json_object_get(document, "total"));
	json_t *next = json_object_get(document, "next");
	int ret = 0;

	if (view->members)
		print_members(document, 0, "-");
	print_alarms(json_object_get(document, "alarms"));
	print_warnings(json_object_get(document, "warnings"));
	if (view->members && items)
		putchar('\n');
	if (items)
		ret = print_items(view, items);
	if (items && total > (json_int_t)json_array_size(items))
		fprintf(stderr, "%zu of %lld shown; --limit shows more\n", json_array_size(items),
			(long long)total);
	if (json_is_integer(next))
		fprintf(stderr, "the next page: --cursor %lld\n",
			(long long)json_integer_value(next));
	return ret;
}
