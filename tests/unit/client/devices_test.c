// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Interfaces that name their NIC by its MAC address, against a scripted data plane with two
// devices.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/config/ids.h"
#include "control/config/parse.h"
#include "control/dataplane/subsystem.h"
#include "tests/unit/client/server.h"

static struct server server;
static struct client *client;
static struct dataplane *dataplane;
static struct subsystem sub;
static struct ids *ids;
static struct problems problems;

static const char by_mac[] = "{\"version\": 1, \"hostname\": \"r\", \"interfaces\": ["
			     "{\"name\": \"pub0\", \"role\": \"public\","
			     " \"addresses\": [\"203.0.113.10/24\"], \"mac\": \"%s\"}]}";

static struct config *with_mac(const char *mac)
{
	char text[512];

	struct problems p = { 0 };
	json_t *document;
	struct config *c;

	snprintf(text, sizeof(text), by_mac, mac);
	document = config_load_text(text, strlen(text), &p);
	c = config_parse(document, ids, &p);
	assert_non_null(c);
	json_decref(document);
	return c;
}

// Has two devices; counts the inventories that it is asked for in s->names.
static void has_devices(struct server *s)
{
	const struct dump_device devices[] = {
		{ .address = "0000:00:05.0", .mac = { 2, 0, 0, 0, 0, 5 } },
		{ .address = "0000:00:06.0", .mac = { 2, 0, 0, 0, 0, 6 } },
	};
	int fd = memfd_create("devices", MFD_CLOEXEC);

	server_welcome(s);
	if (write(fd, devices, sizeof(devices)) != sizeof(devices))
		server_fail(s, "cannot write");
	while (server_receive(s)) {
		const struct msg_header *h = (const void *)s->in;
		const struct msg_objects *o = (const void *)s->in;
		struct msg_dump_reply r = {
			.h = { .len = sizeof(r), .type = MSG_DUMP_REPLY, .seq = h->seq },
			.what = DUMP_DEVICES,
			.record_size = sizeof(devices[0]),
			.count = 2,
		};

		if (h->type == MSG_DUMP) {
			s->names++;
			server_send(s, &r, sizeof(r), fd);
			continue;
		}
		if (h->type == MSG_OBJECTS && o->kind == OBJ_PORT)
			memcpy(s->name[0], ((const struct obj_port *)(o + 1))->address,
				sizeof(s->name[0]));
		server_count(s);
		server_result(s, 0);
	}
	close(fd);
}

static int setup(void **state)
{
	const struct client_deadlines deadlines = { 500, 500, 500 };

	ids = ids_create();
	server_start(&server, has_devices);
	client = client_create(server.path, NULL, NULL);
	client_set_deadlines(client, &deadlines);
	dataplane = dataplane_create(client);
	sub = dataplane_subsystem(dataplane);
	return 0;
}

static int teardown(void **state)
{
	problems_clear(&problems);
	dataplane_destroy(dataplane);
	client_destroy(client);
	server_stop(&server);
	ids_destroy(ids);
	return 0;
}

static int commit(const struct config *from, const struct config *to)
{
	int rc = sub.prepare(sub.ctx, from, to, &problems);

	return rc < 0 ? rc : sub.apply(sub.ctx, from, to, &problems);
}

static void device_is_found_by_its_mac(void **state)
{
	struct config *c = with_mac("02:00:00:00:00:06");

	assert_int_equal(commit(NULL, c), 0);
	assert_int_equal(problems.count, 0);
	assert_string_equal(server.name[0], "0000:00:06.0");
	assert_int_equal(server.names, 1);
	// What the data plane has is not looked for again.
	assert_int_equal(commit(c, c), 0);
	assert_int_equal(sub.compare(sub.ctx, c, false), 0);
	assert_int_equal(server.names, 1);
	config_unref(c);
}

static void unknown_device_is_refused(void **state)
{
	struct config *c = with_mac("02:00:00:00:00:02");

	assert_int_equal(commit(NULL, c), -EINVAL);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.list[0].pointer, "/interfaces/0/mac");
	assert_string_equal(problems.list[0].text,
		"no device has this MAC address; there are 02:00:00:00:00:05, 02:00:00:00:00:06");
	assert_int_equal(problems.status, 422);
	assert_int_equal(server.messages, 0);
	config_unref(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(device_is_found_by_its_mac),
		TEST(unknown_device_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
