// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The same routes as three parties have them: the kernel, FRR's zebra, the data plane. Read one
// after the other: a route that changes meanwhile may differ once. Query thread.
#include "control/api/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/kernel/route_read.h"
#include "control/routing/state.h"

#define HOP_MAX 64 // "255.255.255.255 dev abcdefghijklmno"

// A question to the data plane, which the commit thread asks for this one.
struct question {
	struct job job;
	struct client *client;
	sem_t answered;
	uint32_t from;
	struct client_page page;
	int rc;
};

static void ask(struct job *j)
{
	struct question *q = (struct question *)j;

	q->rc = client_dump_page(
		q->client, DUMP_ROUTES, q->from, PAGE_MAX, sizeof(struct dump_route), &q->page);
}

static void answered(struct job *j)
{
	sem_post(&((struct question *)j)->answered);
}

// The routes from `from` on, as many as commits may wait for.
static int ask_dataplane(const struct api_env *env, uint32_t from, struct question *q)
{
	*q = (struct question){ .job = { .run = ask, .done = answered, .question = true },
		.client = env->client,
		.from = from,
		.rc = -ESHUTDOWN };
	if (sem_init(&q->answered, 0, 0) < 0)
		return -errno;
	jobs_submit(env->jobs, &q->job);
	while (sem_wait(&q->answered) < 0)
		;
	sem_destroy(&q->answered);
	return q->rc;
}

// {prefix: {who: text}}, to which all three add.
struct comparison {
	struct route_reader reader;
	json_t *prefixes;
	const struct names *names;
};

static void note(struct comparison *c, const char *prefix, const char *who, json_t *text)
{
	json_t *entry = json_object_get(c->prefixes, prefix);

	if (entry == NULL) {
		entry = json_object();
		json_object_set_new(c->prefixes, prefix, entry);
	}
	json_object_set_new(entry, who, text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

// "via 10.0.0.1 dev pub0, 10.0.0.2 dev pub1": in one order, each next hop once.
static json_t *hops_text(char (*hops)[HOP_MAX], size_t n)
{
	char text[MSG_ROUTE_HOPS * (HOP_MAX + 2) + 8] = "via ";
	size_t len = strlen(text);

	qsort(hops, n, sizeof(*hops), by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(hops[i], hops[i - 1]) != 0)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
				i == 0 ? "" : ", ", hops[i]);
	return json_string(text);
}

static void hop_text(char out[HOP_MAX], const void *gateway, const char *interface)
{
	char address[INET_ADDRSTRLEN] = "";

	inet_ntop(AF_INET, gateway, address, sizeof(address));
	snprintf(out, HOP_MAX, "%s dev %.15s", address, interface ? interface : "?");
}

static const char *type_text(uint8_t type)
{
	return type == ROUTE_BLACKHOLE	   ? "blackhole"
	       : type == ROUTE_UNREACHABLE ? "unreachable"
					   : "prohibit";
}

// The best route comes first, if a next hop of it is alive.
static void on_kernel_route(struct route_reader *r, const struct table_route *route)
{
	struct comparison *c = (struct comparison *)r;
	char prefix[INET_ADDRSTRLEN + 4], hops[MSG_ROUTE_HOPS][HOP_MAX];
	size_t n = 0, len;

	inet_ntop(AF_INET, &route->prefix, prefix, sizeof(prefix));
	len = strlen(prefix);
	snprintf(prefix + len, sizeof(prefix) - len, "/%u", route->plen);
	if (json_object_get(json_object_get(c->prefixes, prefix), "kernel") != NULL)
		return;
	for (unsigned int i = 0; i < route->hops.n; i++) {
		const struct table_hop *h = &route->hops.hop[i];

		if (!h->down)
			hop_text(hops[n++], &h->gateway, r->name(r, h->ifindex));
	}
	if (route->hops.type != ROUTE_UNICAST)
		note(c, prefix, "kernel", json_string(type_text(route->hops.type)));
	else if (n > 0)
		note(c, prefix, "kernel", hops_text(hops, n));
}

static void add_frr(struct comparison *c, json_t *routes)
{
	const char *prefix;
	json_t *route, *hop;
	size_t i;

	json_object_foreach(routes, prefix, route)
	{
		const char *type = json_string_value(json_object_get(route, "type"));
		char hops[MSG_ROUTE_HOPS][HOP_MAX];
		size_t n = 0;

		json_array_foreach(json_object_get(route, "next_hops"), i, hop)
		{
			const char *address = json_string_value(json_object_get(hop, "address"));
			struct in_addr gateway = { 0 };

			if (address != NULL)
				(void)inet_pton(AF_INET, address, &gateway);
			if (n < MSG_ROUTE_HOPS && json_is_true(json_object_get(hop, "installed")))
				hop_text(hops[n++], &gateway,
					json_string_value(json_object_get(hop, "interface")));
		}
		note(c, prefix, "frr",
			type && strcmp(type, "unicast") != 0 ? json_string(type)
							     : hops_text(hops, n));
	}
}

static void add_dataplane(struct comparison *c, const struct dump_route *d, size_t count)
{
	for (size_t i = 0, n; i < count; i += n) {
		char hops[MSG_ROUTE_HOPS][HOP_MAX];
		json_t *prefix = json_prefix(&d[i].prefix);

		for (n = 0; n == 0 || (i + n < count && d[i + n].hop != 0); n++)
			if (n < MSG_ROUTE_HOPS)
				hop_text(hops[n], d[i + n].gateway.bytes,
					names_get(c->names, OBJ_PORT, d[i + n].port));
		if (strncmp(d[i].source, "route", sizeof(d[i].source)) == 0)
			note(c, json_string_value(prefix), "dataplane",
				d[i].port != 0
					? hops_text(hops, n < MSG_ROUTE_HOPS ? n : MSG_ROUTE_HOPS)
					: json_sprintf("%.*s", (int)sizeof(d[i].type), d[i].type));
		json_decref(prefix);
	}
}

// FRR says nothing of some routes, and nothing at all when it is away.
static bool agrees(json_t *entry, bool frr)
{
	json_t *kernel = json_object_get(entry, "kernel");

	return kernel != NULL && json_equal(kernel, json_object_get(entry, "dataplane")) &&
	       (!frr || json_equal(kernel, json_object_get(entry, "frr")));
}

static void reply_comparison(
	struct request *r, const struct comparison *c, bool frr, bool differing, struct page page)
{
	json_t *items = json_array(), *entry, *body;
	size_t total = 0, differ = 0;
	const char *prefix;

	json_object_foreach(c->prefixes, prefix, entry)
	{
		bool same = agrees(entry, frr);

		differ += !same;
		if (same && differing)
			continue;
		if (state_on_page(&page, total++))
			json_array_append_new(items,
				json_pack("{s:s, s:b, s:O?, s:O?, s:O?}", "prefix", prefix, "agree",
					same, "kernel", json_object_get(entry, "kernel"), "frr",
					json_object_get(entry, "frr"), "dataplane",
					json_object_get(entry, "dataplane")));
	}
	body = json_pack("{s:b, s:I, s:I, s:o}", "frr_running", frr, "differing",
		(json_int_t)differ, "total", (json_int_t)total, "items", items);
	reply_json(r, 200, body);
}

static int read_dataplane(const struct api_env *env, struct comparison *c)
{
	uint32_t from = 0;
	struct question q;
	int rc;

	do {
		rc = ask_dataplane(env, from, &q);
		if (rc < 0)
			return rc;
		add_dataplane(c, q.page.records, q.page.count);
		free(q.page.records);
		from = q.page.next;
	} while (from != 0);
	return 0;
}

static void compare(struct request *r, struct comparison *c, bool differing, struct page page)
{
	json_t *frr = NULL;
	int rc = read_dataplane(r->env, c);

	if (rc < 0) {
		reply_problem(r, 503, "The data plane did not answer: %s.", strerror(-rc));
		return;
	}
	rc = kernel_routes_read(kernel_netns(r->env->kernel), &c->reader);
	if (rc < 0) {
		reply_problem(r, 503, "The kernel did not answer: %s.", strerror(-rc));
		return;
	}
	if (zebra_routes(routing_vtysh(r->env->routing), &frr) == 0)
		add_frr(c, frr);
	reply_comparison(r, c, frr != NULL, differing, page);
	json_decref(frr);
}

void state_routes_compare(struct request *r)
{
	struct comparison c = { .reader.each = on_kernel_route };
	struct names *names = state_names(r);
	struct page page;
	bool differing;

	c.names = names;
	c.prefixes = json_object();
	if (names && state_page(r, &page) == 0 && request_flag(r, "differing", &differing) == 0)
		compare(r, &c, differing, page);
	json_decref(c.prefixes);
	names_destroy(names);
}
