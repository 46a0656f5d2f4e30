// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The client's connection to a scripted data plane: how it comes and goes, and every way in which
// the peer can be wrong, slow or dead.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/api/schema_hash.h"
#include "tests/unit/client/fixture.h"

static void connects_by_itself(void **state)
{
	start(good);
	server.generation = 41;
	assert_false(client_connected(client));
	assert_null(client_stats(client));
	await_attempt();
	assert_true(client_connected(client));
	assert_int_equal(client_boot_id(client), 0x1111);
	assert_int_equal(client_generation(client), 41);
	assert_int_equal(connected, 1);
	assert_int_equal(fresh, 1);
	assert_int_equal(client_stats(client)->workers, 2);
}

static void connects_for_a_request(void **state)
{
	struct problems p = { 0 };

	start(good);
	assert_int_equal(client_begin(client, 0, true, &p), 0);
	assert_true(client_connected(client));
	assert_int_equal(p.count, 0);
}

static void leaves(struct server *s)
{
	server_welcome(s);
}

// Forwarding waits for it: a tick of the commit thread would be too late.
static void connects_soon_to_one_that_comes_back(void **state)
{
	start(leaves);
	await_attempt();
	await_hangup();
	assert_int_equal(seconds_to_attempt(), 0);
	await_attempt();
	assert_int_equal(connected, 2);
}

static void no_server(void **state)
{
	struct problems p = { 0 };
	size_t count = 5;
	void *records = &p;

	start(good);
	client_destroy(client);
	client = client_create("/tmp/vrouter-client-test.nobody", NULL, NULL);
	assert_int_equal(client_begin(client, 0, true, &p), -ENOTCONN);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.status, 503);
	assert_int_equal(client_routes(client, 0, NULL, 0, 0), -ENOTCONN);
	assert_int_equal(client_dump(client, DUMP_PORTS, &records, 8, &count), -ENOTCONN);
	assert_null(records);
	client_abort(client);
	problems_clear(&p);
}

// A WELCOME with one thing wrong.
static void welcome_with(struct server *s, void (*spoil)(struct msg_welcome *w), int fd)
{
	struct msg_welcome w = { .h = { .len = sizeof(w), .type = MSG_WELCOME },
		.schema = SCHEMA_HASH_BYTES,
		.boot_id = 1,
		.stats_size = sizeof(struct stats_shm) };

	spoil(&w);
	if (server_expect(s, MSG_HELLO))
		server_send(s, &w, sizeof(w), fd);
	server_receive(s);
}

static void spoil_schema(struct msg_welcome *w)
{
	w->schema[3] ^= 1;
}

static void spoil_status(struct msg_welcome *w)
{
	w->h.status = -EPROTO;
}

static void spoil_busy(struct msg_welcome *w)
{
	w->h.status = -EBUSY;
}

static void spoil_boot(struct msg_welcome *w)
{
	w->boot_id = 0;
}

static void spoil_type(struct msg_welcome *w)
{
	w->h.type = MSG_RESULT;
}

static void spoil_len(struct msg_welcome *w)
{
	w->h.len--;
}

static void spoil_nothing(struct msg_welcome *w)
{
}

static void bad_welcome(struct server *s)
{
	welcome_with(s, *(void (**)(struct msg_welcome *))s->user, -1);
}

static void refuses_bad_welcomes(void **state)
{
	static void (*const spoils[])(struct msg_welcome *) = { spoil_schema, spoil_status,
		spoil_busy, spoil_boot, spoil_type, spoil_len, spoil_nothing /* no counters */ };

	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		void (*spoil)(struct msg_welcome *) = spoils[i];
		struct problems p = { 0 };

		start(bad_welcome);
		server.user = &spoil;
		assert_int_equal(client_begin(client, 0, true, &p), -ENOTCONN);
		assert_false(client_connected(client));
		assert_int_equal(connected, 0);
		assert_null(client_stats(client));
		problems_clear(&p);
		stop(NULL);
	}
	start(good);
}

// As a data plane refuses a second client: without listening to it.
static void busy(struct server *s)
{
	struct msg_welcome w = { .h = { .len = sizeof(w), .type = MSG_WELCOME, .status = -EBUSY } };

	if (s->user != NULL) // with its HELLO unread
		jobs_test_wait(s->fd, SERVER_DEADLINE_MS);
	server_send(s, &w, sizeof(w), -1);
}

// Asked again soon: the other client is usually our own end that the peer has not noticed.
static void busy_peer_is_asked_again(void **state)
{
	start(busy);
	server.user = &server;
	for (unsigned int i = 1; i <= 3; i++) {
		await_attempt();
		assert_false(client_connected(client));
		assert_int_equal(server.connections, i);
	}
}

static void small_counters(struct server *s)
{
	int fd = memfd_create("small", MFD_CLOEXEC);

	welcome_with(s, spoil_nothing, fd);
	close(fd);
}

static void refuses_small_counters(void **state)
{
	start(small_counters);
	await_attempt();
	assert_false(client_connected(client));
	assert_null(client_stats(client));
}

static void silent_peer_is_given_up(void **state)
{
	int64_t begin = now_ms();

	start(silent);
	await_attempt();
	assert_false(client_connected(client));
	assert_in_range(now_ms() - begin, 200, 5000);
	assert_true(seconds_to_attempt() >= 1);
}

static void dies(struct server *s)
{
	server_welcome(s);
	server_receive(s);
}

static void death_in_a_request(void **state)
{
	struct problems p = { 0 };

	start(dies);
	assert_int_equal(client_begin(client, 0, true, &p), -ENOTCONN);
	assert_false(client_connected(client));
	assert_non_null(client_stats(client)); // still readable
	assert_int_equal(client_stats(client)->magic, STATS_MAGIC);
	problems_clear(&p);
}

static void hangup_is_noticed(void **state)
{
	start(leaves);
	await_attempt();
	await_hangup();
}

// First life: three descriptors, one of which is forgotten; dies. The same data plane again (the
// connection broke): one descriptor is gone. Then another boot id: gets the rest back.
static void lives(struct server *s)
{
	if (s->connections == 3)
		s->boot_id = 0x2222;
	server_welcome(s);
	if (s->connections == 1) {
		server_fd(s, "mirror:pub0", true);
		server_fd(s, "mirror:vpc1", true);
		server_fd(s, "tap:eth0@host1", true);
		server_fd(s, "mirror:vpc2", true);
		server_fd(s, "mirror:vpc2", false);
	}
	if (s->connections == 2) {
		server_fd(s, "mirror:pub0", true);
		server_fd(s, "mirror:vpc1", true);
	}
	if (s->connections <= 2) {
		if (server_receive(s))
			server_result(s, 0);
		return;
	}
	while (server_receive(s)) {
		const struct msg_fd *m = (const void *)s->in;

		if (m->h.type != MSG_FD) {
			server_result(s, 0);
			continue;
		}
		if (s->passed_fd < 0 || m->keep != 1 || m->h.seq != 0 || s->names == 8)
			server_fail(s, "malformed descriptor");
		snprintf(s->name[s->names++], 64, "%s", m->name);
		close(s->passed_fd);
	}
}

static unsigned int open_descriptors(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++) {
		struct stat st;

		n += fstat(fd, &st) == 0;
	}
	return n;
}

static void descriptors_survive_the_data_plane(void **state)
{
	unsigned int before = open_descriptors();
	struct problems p = { 0 };

	start(lives);
	for (unsigned int life = 1; life <= 2; life++) {
		assert_int_equal(client_begin(client, 0, true, &p), 0);
		await_hangup();
		assert_int_equal(fresh, 1);
	}
	assert_int_equal(client_begin(client, 0, true, &p), 0);
	assert_int_equal(fresh, 2);
	client_destroy(client);
	client = NULL;
	server_stop(&server);
	assert_int_equal(server.names, 2);
	assert_string_equal(server.name[0], "mirror:pub0");
	assert_string_equal(server.name[1], "mirror:vpc1");
	assert_int_equal(open_descriptors(), before);
	start(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(connects_by_itself, stop),
		cmocka_unit_test_teardown(connects_for_a_request, stop),
		cmocka_unit_test_teardown(connects_soon_to_one_that_comes_back, stop),
		cmocka_unit_test_teardown(no_server, stop),
		cmocka_unit_test_teardown(refuses_bad_welcomes, stop),
		cmocka_unit_test_teardown(busy_peer_is_asked_again, stop),
		cmocka_unit_test_teardown(refuses_small_counters, stop),
		cmocka_unit_test_teardown(silent_peer_is_given_up, stop),
		cmocka_unit_test_teardown(death_in_a_request, stop),
		cmocka_unit_test_teardown(hangup_is_noticed, stop),
		cmocka_unit_test_teardown(descriptors_survive_the_data_plane, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
