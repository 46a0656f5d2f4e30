// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Addresses of interfaces and VIPs; routes of the configuration and of the uplinks' gateways, next
// hops of equal destination and priority joined to one multipath route; the uplinks' tables.
#include "control/kernel/wanted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/text.h"

static void set_mirror(char mirror[IFNAMSIZ], const struct interface_config *i)
{
	memcpy(mirror, i->name, IFNAMSIZ - 1); // zeros follow the name, which is that long at most
	mirror[IFNAMSIZ - 1] = '\0';
}

void wanted_pointer(const struct wanted_place *place, char text[WANTED_POINTER_MAX])
{
	switch (place->kind) {
	case PLACE_ADDRESS:
		snprintf(text, WANTED_POINTER_MAX, "/interfaces/%u/addresses/%u", place->index,
			place->item);
		break;
	case PLACE_GATEWAY:
		snprintf(text, WANTED_POINTER_MAX, "/interfaces/%u/gateway", place->index);
		break;
	case PLACE_VIP:
		snprintf(text, WANTED_POINTER_MAX, "/vips/%u/address", place->index);
		break;
	case PLACE_ROUTE:
		snprintf(text, WANTED_POINTER_MAX, "/routes/%u", place->index);
		break;
	}
}

static struct wanted_address *add_address(
	struct wanted *w, const struct interface_config *i, struct in_addr a, uint8_t plen)
{
	struct wanted_address *x = &w->addresses[w->n_addresses++];

	set_mirror(x->mirror, i);
	x->address = a;
	x->plen = plen;
	return x;
}

static void add_interface(struct wanted *w, const struct config *c, unsigned int index)
{
	const struct interface_config *i = &c->interfaces[index];

	for (unsigned int n = 0; n < i->n_addresses; n++) {
		const struct ipv4_prefix *p = &i->addresses[n].prefix;

		add_address(w, i, p->addr, p->plen)->place =
			(struct wanted_place){ PLACE_ADDRESS, index, n };
	}
}

// VIPs carry the prefix length of their subnet: a /32 would become a stub link in OSPF.
static void add_vip(struct wanted *w, const struct config *c, unsigned int index)
{
	const struct vip_config *v = &c->vips[index];
	const struct interface_config *i = &c->interfaces[v->interface];
	struct wanted_address *x = add_address(w, i, v->address, v->plen);

	x->vip = true;
	x->place = (struct wanted_place){ PLACE_VIP, index, 0 };
}

static bool is_uplink(const struct interface_config *i)
{
	return i->role == INTERFACE_PUBLIC && i->has_gateway;
}

// The uplink that a route by this interface belongs to: its table, 0: none.
static uint32_t uplink_table(const struct interface_config *i)
{
	return is_uplink(i) ? UPLINK_TABLE + i->id : 0;
}

// A default route by an uplink's gateway, whoever configured it, goes with the uplink. Other routes
// may lead to what is near: they stay while the next hop can be reached. So do those of the
// uplink's own table, by which it is probed.
static void add_hop(
	struct wanted_route *r, const struct interface_config *i, struct in_addr gateway)
{
	struct wanted_hop *h = &r->hops[r->n_hops++];

	set_mirror(h->mirror, i);
	h->gateway = gateway;
	if (r->table == 0 && r->plen == 0 && is_uplink(i) && gateway.s_addr == i->gateway.s_addr)
		h->uplink = i->id;
}

static struct in_addr source_address(const struct interface_config *i)
{
	for (unsigned int n = 0; n < i->n_addresses; n++) {
		const struct ipv4_prefix *p = &i->addresses[n].prefix;

		if (((p->addr.s_addr ^ i->gateway.s_addr) & prefix_mask(p->plen)) == 0)
			return p->addr;
	}
	return (struct in_addr){ 0 }; // validation has made sure that there is one
}

static void add_gateway(
	struct wanted *w, const struct config *c, unsigned int index, uint32_t table)
{
	const struct interface_config *i = &c->interfaces[index];
	struct wanted_route *r = &w->routes[w->n_routes++];

	r->table = table;
	r->type = ROUTE_UNICAST;
	r->priority = (uint8_t)i->gateway_priority;
	add_hop(r, i, i->gateway);
	r->place = (struct wanted_place){ PLACE_GATEWAY, index, 0 };
}

static void add_subnet(struct wanted *w, const struct config *c, unsigned int index, unsigned int n)
{
	const struct interface_config *i = &c->interfaces[index];
	const struct ipv4_prefix *p = &i->addresses[n].prefix;
	struct wanted_route *r = &w->routes[w->n_routes++];
	struct wanted_rule *rule = &w->rules[w->n_rules++];

	rule->source.s_addr = p->addr.s_addr & prefix_mask(p->plen);
	rule->plen = p->plen;
	rule->table = uplink_table(i);
	rule->place = (struct wanted_place){ PLACE_ADDRESS, index, n };
	r->table = rule->table;
	r->destination = rule->source;
	r->plen = rule->plen;
	r->type = ROUTE_UNICAST;
	add_hop(r, i, (struct in_addr){ 0 });
	r->place = rule->place;
}

// Nothing that has the uplink's address leaves by another one, not even when its own routes are
// gone with its mirror.
static void add_last_resort(struct wanted *w, const struct config *c, unsigned int index)
{
	struct wanted_route *r = &w->routes[w->n_routes++];

	r->table = uplink_table(&c->interfaces[index]);
	r->type = ROUTE_UNREACHABLE;
	r->priority = UPLINK_LAST_RESORT;
	r->place = (struct wanted_place){ PLACE_GATEWAY, index, 0 };
}

static void add_uplink(struct wanted *w, const struct config *c, unsigned int index)
{
	const struct interface_config *i = &c->interfaces[index];
	struct wanted_uplink *u = &w->uplinks[w->n_uplinks++];

	set_mirror(u->mirror, i);
	u->port = i->id;
	u->source = source_address(i);
	u->monitor = i->monitor;
	for (unsigned int n = 0; n < i->n_addresses; n++)
		add_subnet(w, c, index, n);
	add_gateway(w, c, index, uplink_table(i));
	add_last_resort(w, c, index);
	// Behind all other default routes there may be, among its like by priority.
	add_gateway(w, c, index, 0);
	w->routes[w->n_routes - 1].priority = UPLINK_FALLBACK;
	w->routes[w->n_routes - 1].rank = (uint8_t)i->gateway_priority;
}

static int refuse(struct problems *p, const struct wanted_place *place, const char *text)
{
	char pointer[WANTED_POINTER_MAX];

	wanted_pointer(place, pointer);
	problem_add(p, pointer, "%s", text);
	if (p->status == 0)
		p->status = 422;
	return -EINVAL;
}

static void add_route(struct wanted *w, const struct config *c, unsigned int index, uint32_t table)
{
	const struct route_config *from = &c->routes[index];
	struct wanted_route *r = &w->routes[w->n_routes++];

	r->table = table;
	r->destination = from->destination.addr;
	r->plen = from->destination.plen;
	r->priority = (uint8_t)from->priority;
	r->type = (uint8_t)from->type;
	r->place = (struct wanted_place){ PLACE_ROUTE, index, 0 };
	if (from->type == ROUTE_UNICAST)
		add_hop(r, &c->interfaces[from->interface], from->next_hop);
}

static void add_routes(struct wanted *w, const struct config *c)
{
	for (unsigned int i = 0; i < c->n_routes; i++) {
		int interface = c->routes[i].interface;
		uint32_t table = interface < 0 ? 0 : uplink_table(&c->interfaces[interface]);

		add_route(w, c, i, 0);
		if (table != 0)
			add_route(w, c, i, table);
	}
}

static int compare_key(const struct wanted_route *a, const struct wanted_route *b)
{
	uint32_t x = ntohl(a->destination.s_addr), y = ntohl(b->destination.s_addr);

	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	if (x != y)
		return x < y ? -1 : 1;
	if (a->plen != b->plen)
		return a->plen - b->plen;
	if (a->priority != b->priority)
		return a->priority - b->priority;
	return a->rank - b->rank;
}

static int by_key_and_hop(const void *a, const void *b)
{
	const struct wanted_route *x = a, *y = b;
	int order = compare_key(x, y);

	if (order == 0)
		order = x->type - y->type;
	if (order == 0)
		order = memcmp(&x->hops[0], &y->hops[0], sizeof(x->hops[0]));
	return order;
}

static bool same_hop(const struct wanted_hop *a, const struct wanted_hop *b)
{
	return strcmp(a->mirror, b->mirror) == 0 && a->gateway.s_addr == b->gateway.s_addr;
}

static int join(struct wanted_route *into, const struct wanted_route *r, struct problems *p)
{
	if (into->type != ROUTE_UNICAST || r->type != ROUTE_UNICAST)
		return refuse(p, &r->place,
			"another route with this destination and priority excludes it");
	if (same_hop(&into->hops[into->n_hops - 1], &r->hops[0]))
		return 0; // a configured default route to an uplink's gateway
	if (into->n_hops == MSG_ROUTE_HOPS)
		return refuse(p, &r->place, "too many next hops of the same priority");
	into->hops[into->n_hops++] = r->hops[0];
	return 0;
}

// After sorting, routes of one key are neighbours.
static int join_routes(struct wanted *w, struct problems *p)
{
	size_t kept = 0;
	int rc = 0;

	qsort(w->routes, w->n_routes, sizeof(*w->routes), by_key_and_hop);
	for (size_t i = 0; i < w->n_routes; i++) {
		struct wanted_route *last = kept > 0 ? &w->routes[kept - 1] : NULL;

		if (last != NULL && compare_key(last, &w->routes[i]) == 0) {
			int one = join(last, &w->routes[i], p);

			rc = one < 0 ? one : rc;
		} else {
			w->routes[kept++] = w->routes[i];
		}
	}
	w->n_routes = kept;
	return rc;
}

static int by_source(const void *a, const void *b)
{
	const struct wanted_rule *x = a, *y = b;
	uint32_t s = ntohl(x->source.s_addr), t = ntohl(y->source.s_addr);

	if (s != t)
		return s < t ? -1 : 1;
	return x->plen - y->plen;
}

// An interface may have several addresses in one subnet.
static void join_rules(struct wanted *w)
{
	size_t kept = 0;

	if (w->n_rules > 0)
		qsort(w->rules, w->n_rules, sizeof(*w->rules), by_source);
	for (size_t i = 0; i < w->n_rules; i++)
		if (kept == 0 || by_source(&w->rules[kept - 1], &w->rules[i]) != 0)
			w->rules[kept++] = w->rules[i];
	w->n_rules = kept;
}

static struct wanted *allocate(const struct config *c)
{
	struct wanted *w = calloc(1, sizeof(*w));
	size_t addresses = 0;

	if (w == NULL)
		return NULL;
	for (unsigned int i = 0; i < c->n_interfaces; i++)
		addresses += c->interfaces[i].n_addresses;
	w->addresses = calloc(addresses + c->n_vips + 1, sizeof(*w->addresses));
	// Configured ones in two tables; of an uplink two default routes, fallback, last resort.
	w->routes =
		calloc(2 * c->n_routes + addresses + 4 * c->n_interfaces + 1, sizeof(*w->routes));
	w->rules = calloc(addresses + 1, sizeof(*w->rules));
	w->mirrors = calloc(c->n_interfaces + 1, sizeof(*w->mirrors));
	w->uplinks = calloc(c->n_interfaces + 1, sizeof(*w->uplinks));
	if (w->addresses == NULL || w->routes == NULL || w->rules == NULL || w->mirrors == NULL ||
		w->uplinks == NULL) {
		wanted_free(w);
		return NULL;
	}
	return w;
}

int wanted_build(const struct config *c, struct wanted **out, struct problems *p)
{
	struct wanted *w = allocate(c);
	int rc;

	*out = NULL;
	if (w == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < c->n_interfaces; i++) {
		const struct interface_config *f = &c->interfaces[i];

		if (f->role == INTERFACE_MANAGEMENT)
			continue;
		set_mirror(w->mirrors[w->n_mirrors].mirror, f);
		w->mirrors[w->n_mirrors++].public = f->role == INTERFACE_PUBLIC;
		add_interface(w, c, i);
		if (f->has_gateway)
			add_gateway(w, c, i, 0);
		if (uplink_table(f) != 0)
			add_uplink(w, c, i);
	}
	for (unsigned int i = 0; i < c->n_vips; i++)
		add_vip(w, c, i);
	add_routes(w, c);
	join_rules(w);
	rc = join_routes(w, p);
	if (rc < 0)
		wanted_free(w);
	else
		*out = w;
	return rc;
}

void wanted_free(struct wanted *w)
{
	if (w == NULL)
		return;
	free(w->addresses);
	free(w->routes);
	free(w->rules);
	free(w->mirrors);
	free(w->uplinks);
	free(w);
}

bool wanted_same_addresses(const struct wanted *a, const struct wanted *b)
{
	if (a->n_addresses != b->n_addresses)
		return false;
	for (size_t i = 0; i < a->n_addresses; i++) {
		const struct wanted_address *x = &a->addresses[i], *y = &b->addresses[i];

		if (strcmp(x->mirror, y->mirror) != 0 || x->address.s_addr != y->address.s_addr ||
			x->plen != y->plen || x->vip != y->vip)
			return false;
	}
	return true;
}

bool wanted_same_routes(const struct wanted *a, const struct wanted *b)
{
	if (a->n_routes != b->n_routes)
		return false;
	for (size_t i = 0; i < a->n_routes; i++) {
		const struct wanted_route *x = &a->routes[i], *y = &b->routes[i];

		if (compare_key(x, y) != 0 || x->type != y->type || x->n_hops != y->n_hops ||
			memcmp(x->hops, y->hops, sizeof(x->hops)) != 0)
			return false;
	}
	return true;
}

bool wanted_same_rules(const struct wanted *a, const struct wanted *b)
{
	if (a->n_rules != b->n_rules || a->n_mirrors != b->n_mirrors)
		return false;
	for (size_t i = 0; i < a->n_rules; i++)
		if (by_source(&a->rules[i], &b->rules[i]) != 0 ||
			a->rules[i].table != b->rules[i].table)
			return false;
	for (size_t i = 0; i < a->n_mirrors; i++)
		if (strcmp(a->mirrors[i].mirror, b->mirrors[i].mirror) != 0 ||
			a->mirrors[i].public != b->mirrors[i].public)
			return false;
	return true;
}
