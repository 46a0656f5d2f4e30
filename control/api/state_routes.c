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

static void reply_routes(
	struct request *r, const struct client_page *page, const struct names *names)
{
	const struct dump_route *records = page->records;
	json_t *items = json_array();

	for (size_t i = 0, n; i < page->count; i += n) {
		n = records_of(&records[i], page->count - i);
		if (!records[i].hidden)
			json_array_append_new(items, route(&records[i], n, names));
	}
	reply_json(r, 200,
		json_pack("{s:o, s:I, s:o}", "items", items, "total", (json_int_t)page->total,
			"next", page->next != 0 ? json_counter(page->next) : json_null()));
}

void state_routes(struct request *r)
{
	struct names *names = state_names(r);
	uint32_t limit, cursor;
	struct client_page page;

	if (names && request_number(r, "limit", PAGE_DEFAULT, PAGE_MAX, &limit) == 0 &&
		request_number(r, "cursor", 0, UINT32_MAX, &cursor) == 0) {
		if (limit == 0)
			reply_problem(r, 400, "query parameter limit: a page of 0 routes");
		else if (state_dump_page(r, DUMP_ROUTES, cursor, limit, sizeof(struct dump_route),
				 &page) == 0) {
			reply_routes(r, &page, names);
			free(page.records);
		}
	}
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
