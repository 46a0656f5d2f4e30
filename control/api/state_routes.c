// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the data plane forwards by: its routes and neighbours.
#include "control/api/state.h"

#include <stdlib.h>

#include "control/api/handlers.h"

static json_t *next_hop(const struct dump_route *d, const struct names *names)
{
	return json_pack("{s:o, s:o, s:I, s:b}", "next_hop", json_address(&d->gateway), "interface",
		json_name(names_get(names, OBJ_PORT, d->port)), "weight", (json_int_t)d->weight,
		"usable", !d->unusable);
}

// The records of a route, of which there is one for each next hop.
static size_t records_of(const struct dump_route *d, size_t left)
{
	size_t n = 1;

	while (n < left && d[n].hop != 0)
		n++;
	return n;
}

// The first next hop has its place beside the list: most routes have one.
static json_t *route(const struct dump_route *d, size_t n, const struct names *names)
{
	json_t *hops = json_array();

	for (size_t i = 0; i < n && d[i].port != 0; i++)
		json_array_append_new(hops, next_hop(&d[i], names));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "prefix", json_prefix(&d->prefix),
		"type", json_sprintf("%.*s", (int)sizeof(d->type), d->type), "next_hop",
		json_address(&d->gateway), "interface",
		json_name(names_get(names, OBJ_PORT, d->port)), "next_hops", hops, "source",
		json_sprintf("%.*s", (int)sizeof(d->source), d->source));
}

void state_routes(struct request *r)
{
	struct dump_route *records = NULL;
	struct names *names = state_names(r);
	struct page page;
	json_t *items;
	size_t count, total = 0;

	if (names && state_page(r, &page) == 0 &&
		state_dump(r, DUMP_ROUTES, (void **)&records, sizeof(*records), &count) == 0) {
		items = json_array();
		for (size_t i = 0, n; i < count; i += n, total++) {
			n = records_of(&records[i], count - i);
			total -= records[i].hidden;
			if (!records[i].hidden && state_on_page(&page, total))
				json_array_append_new(items, route(&records[i], n, names));
		}
		reply_list(r, items, total);
	}
	free(records);
	names_destroy(names);
}

static json_t *neighbour(const struct dump_neighbour *d, const struct names *names)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:I}", "address", json_address(&d->addr),
		"interface", json_name(names_get(names, OBJ_PORT, d->port)), "mac",
		d->valid ? json_mac(d->mac) : json_null(), "resolved", d->valid != 0,
		"packets_held", (json_int_t)d->held);
}

void state_neighbours(struct request *r)
{
	struct dump_neighbour *records = NULL;
	struct names *names = state_names(r);
	struct page page;
	json_t *items;
	size_t count;

	if (names && state_page(r, &page) == 0 &&
		state_dump(r, DUMP_NEIGHBOURS, (void **)&records, sizeof(*records), &count) == 0) {
		items = json_array();
		for (size_t i = page.offset; i < count && state_on_page(&page, i); i++)
			json_array_append_new(items, neighbour(&records[i], names));
		reply_list(r, items, count);
	}
	free(records);
	names_destroy(names);
}
