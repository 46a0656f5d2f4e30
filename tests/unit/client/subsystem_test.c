// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The data plane subsystem: objects of a configuration, differences between two, and what it does
// when the data plane is new, away, refuses, or is not what it was.
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/config/ids.h"
#include "control/config/parse.h"
#include "control/dataplane/objects.h"
#include "control/dataplane/pointers.h"
#include "control/dataplane/subsystem.h"
#include "tests/unit/client/server.h"

static struct server server;
static struct client *client;
static struct dataplane *dataplane;
static struct subsystem sub;
static struct ids *ids;
static struct problems problems;
static int refuse_type, refuse_status; // answer to this message type

static const char base[] =
	"{\"version\": 1, \"hostname\": \"r\", \"interfaces\": ["
	"{\"name\": \"mgmt0\", \"role\": \"management\", \"mac\": \"02:00:00:00:00:01\","
	" \"addresses\": [\"192.168.29.31/24\"]},"
	"{\"name\": \"pub0\", \"role\": \"public\", \"addresses\": [\"203.0.113.10/24\"],"
	" \"mac\": \"02:00:00:00:00:02\", \"mtu\": 1400, \"queues\": 2,"
	" \"port\": {\"driver\": \"tap\", \"address\": \"eth0@a\"}},"
	"{\"name\": \"vpc1\", \"role\": \"private\", \"addresses\": [\"10.1.0.1/16\"],"
	" \"port\": {\"driver\": \"tap\", \"address\": \"eth0@c\"}}],"
	"\"vips\": [{\"name\": \"web\", \"address\": \"203.0.113.20\", \"interface\": \"pub0\"},"
	"{\"name\": \"vm1\", \"address\": \"203.0.113.21\", \"interface\": \"pub0\"}],"
	"\"snat\": [{\"name\": \"out\", \"source\": \"10.1.9.9/16\", \"interface\": \"pub0\","
	" \"addresses\": [\"203.0.113.10\", \"web\"], \"port_range\": \"2000-3000\"}],"
	"\"eips\": [{\"name\": \"e\", \"vip\": \"vm1\", \"target\": \"10.1.0.%s\"}],"
	"\"port_forwards\": [{\"name\": \"ssh\", \"vip\": \"web\", \"protocol\": \"tcp\","
	" \"ports\": \"2222\", \"target\": \"10.1.0.9\", \"target_ports\": \"22\","
	" \"allowed_cidr\": \"198.51.100.0/24\"}]}";

static struct config *parse(const char *text)
{
	struct problems p = { 0 };
	json_t *document = config_load_text(text, strlen(text), &p);
	struct config *c = config_parse(document, ids, &p);

	for (size_t i = 0; i < p.count; i++)
		print_message("%s: %s\n", p.list[i].pointer, p.list[i].text);
	assert_non_null(c);
	json_decref(document);
	return c;
}

static struct config *with_target(const char *target, uint64_t revision)
{
	char text[2048];
	struct config *c;

	snprintf(text, sizeof(text), base, target);
	c = parse(text);
	c->revision = revision;
	return c;
}

static int setup(void **state)
{
	ids = ids_create();
	return 0;
}

static void start(void (*script)(struct server *s))
{
	const struct client_deadlines deadlines = { 500, 500, 500 };

	refuse_type = refuse_status = 0;
	server_start(&server, script);
	client = client_create(server.path, NULL, NULL);
	client_set_deadlines(client, &deadlines);
	dataplane = dataplane_create(client);
	sub = dataplane_subsystem(dataplane);
}

static int teardown(void **state)
{
	problems_clear(&problems);
	if (dataplane != NULL) {
		dataplane_destroy(dataplane);
		client_destroy(client);
		server_stop(&server);
	}
	dataplane = NULL;
	ids_destroy(ids);
	return 0;
}

static void refusing(struct server *s)
{
	server_welcome(s);
	while (server_receive(s)) {
		const struct msg_header *h = (const void *)s->in;

		if (h->type == refuse_type) {
			server_result(s, refuse_status);
			continue;
		}
		server_count(s);
		server_result(s, 0);
	}
}

static int commit(const struct config *from, const struct config *to)
{
	int rc;

	problems_clear(&problems);
	memset(server.objects, 0, sizeof(server.objects));
	server.deletions = server.replaced = server.messages = 0;
	rc = sub.prepare(sub.ctx, from, to, &problems);
	if (rc < 0)
		return rc;
	rc = sub.apply(sub.ctx, from, to, &problems);
	if (rc < 0)
		sub.undo(sub.ctx, from, to, false);
	return rc;
}

static const void *record(const struct objset *s, enum obj_kind kind, size_t index)
{
	assert_true(index < s->kind[kind].count);
	return s->kind[kind].data + index * objset_size(kind);
}

static void assert_addr(const struct msg_addr *a, const char *text, uint8_t plen)
{
	char got[16];

	assert_int_equal(a->family, AF_INET);
	assert_string_equal(inet_ntop(AF_INET, a->bytes, got, sizeof(got)), text);
	assert_int_equal(a->plen, plen);
}

static void objects_of_a_configuration(void **state)
{
	static const uint8_t mac[] = { 2, 0, 0, 0, 0, 2 };
	struct config *c = with_target("5", 1);
	const struct obj_port_forward *f;
	const struct obj_service *service;
	const struct obj_address *a;
	const struct obj_port *p;
	const struct obj_snat *n;
	const struct obj_nat *nat;
	const struct obj_eip *e;
	struct objset *s;

	assert_int_equal(objset_build(c, &s), 0);
	assert_int_equal(s->kind[OBJ_PORT].count, 2); // management is none
	assert_int_equal(s->kind[OBJ_ADDRESS].count, 4);
	p = record(s, OBJ_PORT, 0);
	assert_int_equal(p->id, c->interfaces[1].id);
	assert_int_equal(p->driver, PORT_TAP);
	assert_int_equal(p->role, ROLE_PUBLIC);
	assert_int_equal(p->mtu, 1400);
	assert_int_equal(p->queues, 2);
	assert_memory_equal(p->mac, mac, 6);
	assert_string_equal(p->name, "pub0");
	assert_string_equal(p->address, "eth0@a");
	for (size_t i = 0; i < 4; i++) {
		a = record(s, OBJ_ADDRESS, i);
		if (a->id == c->vips[0].id)
			assert_addr(&a->addr, "203.0.113.20", 24);
		assert_int_equal(a->flags,
			a->id == c->vips[0].id || a->id == c->vips[1].id ? 0 : ADDRESS_INTERFACE);
	}
	e = record(s, OBJ_EIP, 0);
	assert_int_equal(e->address, c->vips[1].id);
	assert_addr(&e->target, "10.1.0.5", 32);
	f = record(s, OBJ_PORT_FORWARD, 0);
	assert_int_equal(f->proto, IPPROTO_TCP);
	assert_int_equal(f->first, 2222);
	assert_int_equal(f->last, 2222);
	assert_int_equal(f->target_first, 22);
	assert_addr(&f->allowed, "198.51.100.0", 24);
	n = record(s, OBJ_SNAT, 0);
	assert_addr(&n->source, "10.1.0.0", 16);
	assert_int_equal(n->port, c->interfaces[1].id);
	assert_int_equal(n->n_pool, 2);
	assert_int_equal(n->pool[0], c->interfaces[1].addresses[0].id);
	assert_int_equal(n->pool[1], c->vips[0].id);
	assert_int_equal(n->port_first, 2000);
	assert_int_equal(n->port_last, 3000);
	service = record(s, OBJ_SERVICE, 0);
	assert_int_equal(service->address, 0);
	assert_int_equal(service->proto, IPPROTO_ICMP);
	assert_int_equal(service->first, 8);
	assert_int_equal(service->punt_class, PUNT_ICMP);
	nat = record(s, OBJ_NAT, 0);
	assert_int_equal(s->kind[OBJ_NAT].count, 1);
	assert_int_equal(nat->id, NAT_SETTINGS);
	assert_int_equal(nat->tcp_established_s, 7440);
	assert_int_equal(nat->tcp_transitory_s, 240);
	assert_int_equal(nat->udp_s, 300);
	assert_int_equal(nat->icmp_s, 60);
	assert_int_equal(nat->other_s, 600);
	objset_free(s);
	config_unref(c);
}

static void complaints_point_into_the_document(void **state)
{
	struct config *c = with_target("5", 1);
	const struct {
		enum obj_kind kind;
		uint32_t id;
		const char *field, *pointer;
	} cases[] = {
		{ OBJ_PORT, c->interfaces[2].id, "driver", "/interfaces/2/port/driver" },
		{ OBJ_PORT, c->interfaces[1].id, "", "/interfaces/1" },
		{ OBJ_ADDRESS, c->interfaces[2].addresses[0].id, "addr",
			"/interfaces/2/addresses/0" },
		{ OBJ_ADDRESS, c->vips[1].id, "addr", "/vips/1/address" },
		{ OBJ_EIP, c->eips[0].id, "target", "/eips/0/target" },
		{ OBJ_EIP, c->eips[0].id, "address", "/eips/0/vip" },
		{ OBJ_EIP, 77, "target", "" },
		{ OBJ_PORT_FORWARD, c->port_forwards[0].id, "first", "/port_forwards/0/ports" },
		{ OBJ_SNAT, c->snat[0].id, "pool", "/snat/0/addresses" },
		{ OBJ_SERVICE, 1, "", "" },
		{ OBJ_NAT, NAT_SETTINGS, "udp_s", "/nat/timeouts/udp_s" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[64];

		object_pointer(c, cases[i].kind, cases[i].id, cases[i].field, out, sizeof(out));
		assert_string_equal(out, cases[i].pointer);
	}
	config_unref(c);
}

static void sends_only_what_differs(void **state)
{
	struct config *a = with_target("5", 7), *b = with_target("6", 8), *c;

	start(refusing);
	assert_int_equal(commit(NULL, a), 0);
	assert_int_equal(server.replaced, 1);
	assert_int_equal(server.objects[OBJ_PORT], 2);
	assert_int_equal(server.objects[OBJ_ADDRESS], 4);
	assert_int_equal(server.objects[OBJ_EIP], 1);
	assert_int_equal(client_generation(client), 7);
	assert_int_equal(commit(a, b), 0);
	assert_int_equal(server.replaced, 0);
	assert_int_equal(server.objects[OBJ_PORT], 0);
	assert_int_equal(server.objects[OBJ_ADDRESS], 0);
	assert_int_equal(server.objects[OBJ_EIP], 1);
	assert_int_equal(server.deletions, 0);
	assert_int_equal(client_generation(client), 8);
	c = parse("{\"version\": 1, \"hostname\": \"r\", \"interfaces\": ["
		  "{\"name\": \"pub0\", \"role\": \"public\", \"addresses\": [\"203.0.113.10/24\"],"
		  " \"mac\": \"02:00:00:00:00:02\", \"mtu\": 1400, \"queues\": 2,"
		  " \"port\": {\"driver\": \"tap\", \"address\": \"eth0@a\"}}]}");
	assert_int_equal(commit(b, c), 0); // revision 0: the generation rises all the same
	assert_int_equal(server.deletions, 1 + 3 + 1 + 1 + 1);
	assert_int_equal(client_generation(client), 9);
	config_unref(a);
	config_unref(b);
	config_unref(c);
}

static void no_difference_is_no_message(void **state)
{
	struct config *a = with_target("5", 1), *b = with_target("5", 2);

	start(refusing);
	assert_int_equal(commit(NULL, a), 0);
	assert_int_equal(commit(a, b), 0);
	assert_int_equal(server.messages, 0);
	assert_int_equal(sub.compare(sub.ctx, b, true), 0);
	assert_int_equal(server.messages, 0);
	config_unref(a);
	config_unref(b);
}

static void refusal_leaves_all_as_it_was(void **state)
{
	struct config *a = with_target("5", 1), *b = with_target("6", 2);

	start(refusing);
	assert_int_equal(commit(NULL, a), 0);
	refuse_type = MSG_PREPARE;
	refuse_status = -EINVAL;
	assert_int_equal(commit(a, b), -EINVAL);
	assert_int_equal(problems.status, 422);
	refuse_type = MSG_COMMIT;
	assert_int_equal(commit(a, b), -EINVAL);
	refuse_type = 0;
	assert_int_equal(sub.compare(sub.ctx, a, false), 0);
	assert_int_equal(commit(a, b), 0);
	assert_int_equal(server.objects[OBJ_EIP], 1);
	config_unref(a);
	config_unref(b);
}

static void undo_goes_back(void **state)
{
	struct config *a = with_target("5", 1), *b = with_target("6", 2);

	start(refusing);
	assert_int_equal(commit(NULL, a), 0);
	assert_int_equal(sub.prepare(sub.ctx, a, b, &problems), 0); // a dry run
	sub.undo(sub.ctx, a, b, false);
	assert_int_equal(sub.compare(sub.ctx, a, false), 0);
	assert_int_equal(commit(a, b), 0);
	sub.undo(sub.ctx, a, b, true);
	assert_int_equal(sub.compare(sub.ctx, a, false), 0);
	assert_int_equal(client_generation(client), 3);
	config_unref(a);
	config_unref(b);
}

static void foreign_generation_replaces_all(void **state)
{
	struct config *a = with_target("5", 1), *b = with_target("6", 2);

	start(refusing);
	assert_int_equal(commit(NULL, a), 0);
	server.generation = 100; // somebody else's commit, told with the next answer
	assert_int_equal(commit(a, b), 0);
	assert_int_equal(sub.compare(sub.ctx, b, false), 0);
	server.generation = 200;
	client_abort(client);
	assert_int_equal(sub.compare(sub.ctx, b, false), 1);
	assert_int_equal(sub.compare(sub.ctx, b, true), 1);
	assert_int_equal(server.replaced, 1);
	assert_int_equal(sub.compare(sub.ctx, b, true), 0);
	config_unref(a);
	config_unref(b);
}

static void one_commit(struct server *s)
{
	server_welcome(s);
	while (server_receive(s)) {
		const struct msg_header *h = (const void *)s->in;
		bool last = h->type == MSG_COMMIT && s->connections == 1;

		server_count(s);
		server_result(s, 0);
		if (last)
			break;
	}
	s->boot_id++;
	s->generation = 0;
}

static void absence_is_no_refusal(void **state)
{
	struct config *a = with_target("5", 1), *b = with_target("6", 2);

	start(one_commit);
	assert_int_equal(commit(NULL, a), 0);
	assert_null(sub.degraded(sub.ctx));
	// It dies with the reply; another one takes its place and gets everything.
	client_abort(client);
	assert_false(client_connected(client));
	assert_true(sub.compare(sub.ctx, a, true) < 0);
	assert_non_null(sub.degraded(sub.ctx));
	assert_int_equal(commit(a, b), 0);
	assert_int_equal(server.replaced, 1);
	assert_int_equal(server.objects[OBJ_PORT], 2);
	assert_null(sub.degraded(sub.ctx));
	config_unref(a);
	config_unref(b);
}

static void silent(struct server *s)
{
	server_welcome(s);
	while (server_receive(s))
		;
}

static void silence_is_no_refusal(void **state)
{
	struct config *a = with_target("5", 1);

	start(silent);
	assert_int_equal(commit(NULL, a), 0);
	assert_non_null(sub.degraded(sub.ctx));
	assert_int_equal(problems.count, 0);
	assert_int_equal(sub.compare(sub.ctx, a, true), -ENOTCONN);
	config_unref(a);
}

static void stale(struct server *s)
{
	server_welcome(s);
	while (server_receive(s)) {
		const struct msg_begin *b = (const void *)s->in;

		server_count(s);
		server_result(s, b->h.type == MSG_BEGIN && !b->replace && s->user ? -ESTALE : 0);
	}
}

static void stale_base_is_replaced(void **state)
{
	struct config *a = with_target("5", 1), *b = with_target("6", 2);

	start(stale);
	assert_int_equal(commit(NULL, a), 0);
	server.user = &server;
	assert_int_equal(commit(a, b), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(server.replaced, 1);
	assert_int_equal(server.objects[OBJ_PORT], 2);
	config_unref(a);
	config_unref(b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(objects_of_a_configuration),
		TEST(complaints_point_into_the_document),
		TEST(sends_only_what_differs),
		TEST(no_difference_is_no_message),
		TEST(refusal_leaves_all_as_it_was),
		TEST(undo_goes_back),
		TEST(foreign_generation_replaces_all),
		TEST(absence_is_no_refusal),
		TEST(silence_is_no_refusal),
		TEST(stale_base_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
