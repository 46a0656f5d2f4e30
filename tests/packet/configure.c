// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The harness's configuration: JSON text through control's parser into the data plane's transaction
// engine, and the configured routes as control would report them from the kernel.
#include "tests/packet/harness.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/parse.h"
#include "control/dataplane/objects.h"
#include "dataplane/fib/l3.h"
#include "dataplane/fib/routes.h"
#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/worker.h"

static void say(struct harness *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct harness *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	h->reply_used += vsnprintf(
		(char *)h->reply + h->reply_used, sizeof(h->reply) - h->reply_used, format, args);
	va_end(args);
}

static int put_objects(struct harness *h, const struct config *c)
{
	struct objset *set;
	int rc = objset_build(c, &set);

	if (rc < 0)
		return rc;
	for (unsigned int k = 1; rc == 0 && k < OBJ_KIND_COUNT; k++)
		rc = txn_put(&h->txn, k, set->kind[k].data, set->kind[k].count);
	objset_free(set);
	return rc;
}

void harness_service(struct harness *h, const char *text)
{
	unsigned int proto = 0, first = 0, last = 0;
	char ip[32] = "";

	if (sscanf(text, "%u %31s %u %u", &proto, ip, &first, &last) < 1)
		exit(2);
	h->service_at = inet_addr(ip);
	h->service = (struct obj_service){ .id = LIMIT_SERVICES - 1,
		.proto = (uint8_t)proto,
		.punt_class = PUNT_SERVICE,
		.first = (uint16_t)first,
		.last = (uint16_t)last };
}

static int put_service(struct harness *h)
{
	for (OBJECTS_EACH(&h->txn.staged, OBJ_ADDRESS, const struct obj_address, a))
		if (memcmp(a->addr.bytes, &h->service_at, sizeof(h->service_at)) == 0)
			h->service.address = a->id;
	return txn_put(&h->txn, OBJ_SERVICE, &h->service, 1);
}

static int stage(struct harness *h, const struct config *c, bool commit)
{
	int rc = txn_begin(h->dp, &h->txn, 0, true);

	if (rc == 0)
		rc = put_objects(h, c);
	if (rc == 0 && h->service.proto != 0)
		rc = put_service(h);
	if (rc == 0)
		rc = txn_prepare(h->dp, &h->txn);
	if (rc == 0 && commit)
		rc = txn_commit(h->dp, &h->txn, h->generation + 1);
	if (rc < 0) {
		say(h, "error %d\n", rc);
		for (uint32_t i = 0; i < h->txn.errors.count; i++)
			say(h, "%s\n", h->txn.errors.list[i].text);
		txn_abort(h->dp, &h->txn);
		return rc;
	}
	h->generation += commit;
	return 0;
}

// A round for each look at the transaction, as in the control thread.
static void finish(struct harness *h)
{
	while (!txn_poll(h->dp, &h->txn))
		(void)control_round(h->dp, h->now_ms);
}

struct route_message {
	struct msg_routes m;
	uint8_t body[MSG_MAX - sizeof(struct msg_routes)];
};

static void add_hop(struct route_message *r, struct in_addr gateway, uint32_t port)
{
	struct msg_hop hop = {
		.gateway = { .family = AF_INET, .plen = 32 }, .port = port, .weight = 1
	};

	memcpy(hop.gateway.bytes, &gateway, sizeof(gateway));
	memcpy((uint8_t *)r + r->m.h.len, &hop, sizeof(hop));
	r->m.h.len += sizeof(hop);
}

static void add_route(
	struct route_message *r, struct in_addr dst, uint8_t plen, uint8_t type, uint8_t n_hops)
{
	struct msg_route route = {
		.prefix = { .family = AF_INET, .plen = plen }, .type = type, .n_hops = n_hops
	};
	uint32_t mask = plen == 0 ? 0 : htonl(UINT32_MAX << (32 - plen));

	dst.s_addr &= mask;
	memcpy(route.prefix.bytes, &dst, sizeof(dst));
	memcpy((uint8_t *)r + r->m.h.len, &route, sizeof(route));
	r->m.h.len += sizeof(route);
	r->m.count++;
}

static bool same_prefix(const struct route_config *a, const struct route_config *b)
{
	return a->destination.addr.s_addr == b->destination.addr.s_addr &&
	       a->destination.plen == b->destination.plen;
}

// The first one of a prefix stands for all: their next hops are the route's.
static void add_configured(struct route_message *r, const struct config *c, unsigned int index)
{
	const struct route_config *o = &c->routes[index];
	uint8_t n_hops = 0;

	for (unsigned int i = 0; i < index; i++)
		if (same_prefix(&c->routes[i], o))
			return;
	for (unsigned int i = index; i < c->n_routes; i++)
		n_hops += same_prefix(&c->routes[i], o);
	if (o->type != ROUTE_UNICAST)
		n_hops = 0;
	add_route(r, o->destination.addr, o->destination.plen, o->type, n_hops);
	for (unsigned int i = index; n_hops > 0 && i < c->n_routes; i++)
		if (same_prefix(&c->routes[i], o))
			add_hop(r, c->routes[i].next_hop, c->interfaces[c->routes[i].interface].id);
}

static void report(void *h, uint32_t entry, int code, const char *field, const char *text)
{
	say(h, "route %u: %s: %s\n", entry, field, text);
}

static void routes(struct harness *h, const struct config *c)
{
	struct route_message r = { .m = { .h = { .len = sizeof(r.m), .type = MSG_ROUTES },
					   .flags = ROUTES_MARK | ROUTES_SWEEP } };

	for (unsigned int i = 0; i < c->n_routes; i++)
		add_configured(&r, c, i);
	for (unsigned int i = 0; i < c->n_interfaces; i++)
		if (c->interfaces[i].has_gateway) {
			add_route(&r, (struct in_addr){ 0 }, 0, ROUTE_UNICAST, 1);
			add_hop(&r, c->interfaces[i].gateway, c->interfaces[i].id);
			break;
		}
	routes_apply(h->dp->l3, &r, r.m.h.len, report, h);
	harness_settle(h);
}

// NULL with the reply's text.
static struct config *parse(struct harness *h, const char *text, size_t n)
{
	struct problems p = { .count = 0 };
	json_t *document = config_load_text(text, n, &p);
	struct config *c = NULL;

	if (h->ids == NULL)
		h->ids = ids_create();
	if (document != NULL)
		c = config_parse(document, h->ids, &p);
	for (size_t i = 0; i < p.count; i++)
		say(h, "%s: %s\n", p.list[i].pointer, p.list[i].text);
	json_decref(document);
	problems_clear(&p);
	return c;
}

void harness_configure(struct harness *h, const char *text, size_t n)
{
	struct config *c = parse(h, text, n);

	if (c != NULL && stage(h, c, true) == 0) {
		finish(h);
		routes(h, c);
	}
	config_unref(c);
}

void harness_stage(struct harness *h, const char *text, size_t n, bool commit)
{
	struct config *c = parse(h, text, n);

	if (c != NULL)
		(void)stage(h, c, commit);
	config_unref(c);
}

void harness_stage_end(struct harness *h)
{
	if (h->txn.state == TXN_ADDING)
		finish(h);
	else
		txn_abort(h->dp, &h->txn);
}

static void say_accounts(struct harness *h)
{
#define X(sym, name) name,
	static const char *const names[] = { ACCOUNTS(X) };
#undef X
	for (unsigned int i = 0; i < ACCT_COUNT; i++) {
		uint64_t sum = 0;

		for (unsigned int w = 0; w < h->dp->n_workers; w++)
			sum += h->dp->workers[w]->stats.accounts[i];
		say(h, "%s\"%s\":%llu", i ? "," : "", names[i], (unsigned long long)sum);
	}
}

static void say_drops(struct harness *h)
{
#define X(sym, name, text) name,
	static const char *const names[] = { DROP_REASONS(X) };
#undef X
	for (unsigned int i = 0; i < DROP_COUNT; i++) {
		uint64_t sum = 0;

		for (unsigned int w = 0; w < h->dp->n_workers; w++)
			sum += h->dp->workers[w]->stats.drops[i];
		say(h, "%s\"%s\":%llu", i ? "," : "", names[i], (unsigned long long)sum);
	}
}

static unsigned long long degraded(const struct harness *h)
{
	unsigned long long sum = 0;

	for (unsigned int w = 0; w < h->dp->n_workers; w++)
		sum += h->dp->workers[w]->stats.sessions_degraded;
	return sum;
}

// Frames that found no buffer at their port, as the control thread last read it.
static unsigned long long lost(const struct harness *h)
{
	unsigned long long sum = 0;

	for (unsigned int id = 0; id < LIMIT_PORTS; id++)
		sum += h->dp->stats->losses[id].rx_no_buffer;
	return sum;
}

static void say_rules(struct harness *h)
{
	static const unsigned int kinds[] = { OBJ_EIP, OBJ_PORT_FORWARD, OBJ_SNAT };
	const char *comma = "";

	for (unsigned int k = 0; k < RTE_DIM(kinds); k++)
		for (uint32_t id = 1; id < object_limit(kinds[k]); id++) {
			struct rule_stats s = rules_stats_of(h->dp->stats, kinds[k], id);

			if (objects_get(&h->dp->objects, kinds[k], id) == NULL)
				continue;
			say(h, "%s\"%s/%u\":[%llu,%llu]", comma, object_kind_name(kinds[k]), id,
				(unsigned long long)s.created, (unsigned long long)s.refused);
			comma = ",";
		}
}

void harness_stats(struct harness *h)
{
	const struct session_table *t = &h->dp->sessions;

	say(h, "{\"accounts\":{");
	say_accounts(h);
	say(h, "},\"drops\":{");
	say_drops(h);
	say(h, "},\"rules\":{");
	say_rules(h);
	say(h,
		"},\"degraded\":%llu,\"sessions\":%u,\"mappings\":%u,\"hosts\":%u,"
		"\"neighbours\":%u,\"buffers\":%u,\"lost\":%llu,\"half_open_ended\":%llu}",
		degraded(h), slab_used(&t->slabs[ARENA_SESSIONS]),
		slab_used(&t->slabs[ARENA_MAPPINGS]), slab_used(&t->slabs[ARENA_HOSTS]),
		neigh_count(h->dp->l3->neigh), rte_mempool_in_use_count(h->dp->pool) - h->n_hoard,
		lost(h), (unsigned long long)h->dp->sweeper.ended[SESSION_END_HALF_OPEN]);
}

void harness_finish(struct harness *h)
{
	ids_destroy(h->ids);
}
