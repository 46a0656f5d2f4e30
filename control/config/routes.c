// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list `routes`.
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"
#include "dataplane/main/limits.h"

#define PRIORITY_DEFAULT 128
#define PRIORITY_MAX	 254 // an administrative distance; 255 is "never used"

static const char *const types[] = {
	[ROUTE_UNICAST] = "static",
	[ROUTE_BLACKHOLE] = "blackhole",
	[ROUTE_UNREACHABLE] = "unreachable",
	[ROUTE_PROHIBIT] = "prohibit",
	NULL,
};

// What the routes to one destination are compared by.
struct route_key {
	const struct route_config *route;
	uint32_t position;
};

static const char *destination_wrong(const struct ipv4_prefix *destination)
{
	uint32_t a = ntohl(destination->addr.s_addr);

	if (destination->plen >= 8 && a >> 24 == 127)
		return "in the loopback network, which is not routed";
	return destination->plen >= 4 && a >> 28 == 14
		       ? "a multicast destination, which is not routed"
		       : NULL;
}

static enum reading parse_destination(const struct reader *r, struct ipv4_prefix *out)
{
	enum reading got = read_prefix(r, "destination", REQUIRED, out);

	if (got != READ_OK)
		return got;
	out->addr.s_addr &= prefix_mask(out->plen);
	const char *wrong = destination_wrong(out);
	if (wrong == NULL)
		return READ_OK;
	report_member(r, "destination", "%s", wrong);
	return READ_BAD;
}

// The next hop is a neighbour on a subnet of an interface that forwards: `subnet` is that subnet.
static const char *next_hop_wrong(
	const struct parse *ps, const struct subnet *subnet, struct in_addr next_hop)
{
	if (own_find(ps, next_hop) != NULL)
		return "is an address of the router itself";
	if (subnet == NULL)
		return "in no subnet of a public or private interface";
	return address_not_in_subnet(next_hop, subnet->plen);
}

// Finds the interface by the next hop. `wanted` is the one that the route names, -1: none.
static bool resolve_next_hop(
	struct parse *ps, const struct reader *r, struct route_config *route, int wanted)
{
	const struct subnet *subnet = subnet_find(ps, route->next_hop);

	if (!ps->subnets_good)
		return true; // what is wrong was reported at the interfaces
	const char *wrong = next_hop_wrong(ps, subnet, route->next_hop);
	if (wrong != NULL) {
		report_member(r, "next_hop", "%s", wrong);
		return false;
	}
	route->interface = (int)subnet->interface;
	if (wanted >= 0 && wanted != route->interface)
		report_member(r, "interface", "the next hop is on interface \"%s\"",
			ps->config->interfaces[subnet->interface].name);
	return true;
}

static bool parse_static(struct parse *ps, const struct reader *r, struct route_config *route)
{
	unsigned int interface = 0;
	enum reading named = parse_interface_ref(ps, r, "interface", OPTIONAL, &interface);

	return read_host(r, "next_hop", REQUIRED, &route->next_hop) == READ_OK &&
	       resolve_next_hop(ps, r, route, named == READ_OK ? (int)interface : -1);
}

static bool parse_discard(const struct reader *r)
{
	static const char *const members[] = { "next_hop", "interface" };
	bool good = true;

	for (unsigned int i = 0; i < 2; i++) {
		if (reader_member(r, members[i]) == NULL)
			continue;
		report_member(r, members[i], "only a static route has one");
		good = false;
	}
	return good;
}

static void name_route(struct route_config *route)
{
	char *end = text_put_address(route->name, route->destination.addr);

	*end++ = '_';
	end = text_put_number(end, route->destination.plen);
	*end++ = '/';
	if (route->type == ROUTE_UNICAST)
		text_put_address(end, route->next_hop);
	else
		strcpy(end, types[route->type]);
}

// True when what identifies the route is good.
static bool parse_route(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "destination", "type", "next_hop", "interface",
		"priority", NULL };
	struct route_config *route = &ps->config->routes[index];
	unsigned int type = 0;
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return false;
	route->interface = -1;
	route->priority = PRIORITY_DEFAULT;
	bool good = parse_destination(&r, &route->destination) == READ_OK;
	good &= read_integer(&r, "priority", OPTIONAL, 1, PRIORITY_MAX, &route->priority) !=
		READ_BAD;
	if (read_choice(&r, "type", REQUIRED, types, &type) != READ_OK)
		return false;
	route->type = (enum route_type)type;
	good &= route->type == ROUTE_UNICAST ? parse_static(ps, &r, route) : parse_discard(&r);
	name_route(route);
	return good;
}

// By destination, then priority: those that would be used together are neighbours. Among them the
// discarding ones come last.
static int order_routes(const void *a, const void *b)
{
	const struct route_key *k = a, *l = b;
	const struct route_config *x = k->route, *y = l->route;

	if (x->destination.addr.s_addr != y->destination.addr.s_addr)
		return x->destination.addr.s_addr > y->destination.addr.s_addr ? 1 : -1;
	if (x->destination.plen != y->destination.plen)
		return x->destination.plen > y->destination.plen ? 1 : -1;
	if (x->priority != y->priority)
		return x->priority > y->priority ? 1 : -1;
	if (x->type != y->type)
		return x->type > y->type ? 1 : -1;
	return (k->position > l->position) - (k->position < l->position);
}

static bool used_together(const struct route_config *x, const struct route_config *y)
{
	return x->destination.addr.s_addr == y->destination.addr.s_addr &&
	       x->destination.plen == y->destination.plen && x->priority == y->priority;
}

// Several next hops share the traffic; a route that discards it can share it with none.
static void check_shared(struct parse *ps, const struct route_key *keys, size_t n)
{
	const struct route_key *first = keys;

	for (size_t i = 1; i < n; i++) {
		const struct route_config *route = keys[i].route;

		if (!used_together(first->route, route))
			first = &keys[i];
		else if (route->type != ROUTE_UNICAST)
			report_entry(ps, "routes", keys[i].position, "type", -1,
				"/routes/%u has the same destination and priority",
				first->position);
		else if (&keys[i] - first == LIMIT_ECMP)
			report_entry(ps, "routes", keys[i].position, "next_hop", -1,
				"more than %d next hops of one destination and priority",
				LIMIT_ECMP);
	}
}

// A route's name says its destination and next hop.
static void check_repeated(struct parse *ps, const struct route_key *keys, size_t n)
{
	name_index_clear(&ps->names);
	for (size_t i = 0; i < n; i++) {
		const char *name = keys[i].route->name;
		uint32_t position = keys[i].position;
		int ret = name_index_add(&ps->names, name, &position);

		if (ret == -EEXIST)
			report_entry(ps, "routes", keys[i].position, "destination", -1,
				"the same destination and next hop as /routes/%u", position);
		else if (ret < 0)
			ps->no_memory = true;
	}
}

void parse_routes(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	size_t n = parse_list(ps, "routes", DEFAULT_ROUTES, &list, &json), good = 0;
	struct route_key *keys = parse_alloc(ps, n, sizeof(*keys));

	c->routes = parse_alloc(ps, n, sizeof(*c->routes));
	if (keys != NULL && c->routes != NULL) {
		c->n_routes = (unsigned int)n;
		for (size_t i = 0; i < n; i++) {
			struct path path = { .up = &list, .index = i };

			if (parse_route(ps, json_array_get(json, i), &path, i))
				keys[good++] = (struct route_key){ &c->routes[i], (uint32_t)i };
		}
		check_repeated(ps, keys, good);
		qsort(keys, good, sizeof(*keys), order_routes);
		check_shared(ps, keys, good);
	}
	free(keys);
}
