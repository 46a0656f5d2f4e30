// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The client's requests: transactions, routes and dumps, with replies that are wrong, late or never
// come, and messages in between that nobody asked for.
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

#include "tests/unit/client/fixture.h"

static void silent_after_welcome(struct server *s)
{
	server_welcome(s);
	silent(s);
}

static void silent_request_times_out(void **state)
{
	struct problems p = { 0 };

	start(silent_after_welcome);
	assert_int_equal(client_begin(client, 0, true, &p), -ETIMEDOUT);
	assert_false(client_connected(client));
	assert_int_equal(p.status, 503);
	problems_clear(&p);
}

enum wrong_reply {
	WRONG_SEQ,
	WRONG_TYPE,
	WRONG_LEN,
	WRONG_COUNT,
	WRONG_STATUS,
	WRONG_SHORT,
	WRONG_LONG,
	WRONG_FD,
	WRONG_EVENT,
	WRONG_KINDS,
};

static void wrong(struct server *s)
{
	static uint8_t huge[MSG_MAX + 32];
	struct msg_result r = { .h = { .len = sizeof(r), .type = MSG_RESULT } };
	enum wrong_reply kind = *(enum wrong_reply *)s->user;
	size_t len = sizeof(r);
	int fd = -1;

	server_welcome(s);
	if (!server_receive(s))
		return;
	r.h.seq = ((const struct msg_header *)(const void *)s->in)->seq;
	r.h.seq += kind == WRONG_SEQ;
	r.h.type = kind == WRONG_TYPE ? MSG_WELCOME : kind == WRONG_EVENT ? MSG_EVENT : MSG_RESULT;
	if (kind == WRONG_EVENT)
		r.h.seq = 0; // of another size than an event
	r.h.len += kind == WRONG_LEN;
	r.count = kind == WRONG_COUNT;
	r.h.status = kind == WRONG_STATUS;
	if (kind == WRONG_SHORT)
		r.h.len = (uint32_t)(len = 6);
	if (kind == WRONG_FD)
		fd = STDERR_FILENO;
	if (kind == WRONG_LONG) {
		r.h.len = len = sizeof(huge);
		memcpy(huge, &r, sizeof(r));
	}
	server_send(s, kind == WRONG_LONG ? (void *)huge : &r, len, fd);
	server_receive(s);
}

static void wrong_replies_end_the_connection(void **state)
{
	for (enum wrong_reply kind = 0; kind < WRONG_KINDS; kind++) {
		struct problems p = { 0 };

		start(wrong);
		server.user = &kind;
		assert_int_equal(client_begin(client, 0, true, &p), -EPROTO);
		assert_false(client_connected(client));
		assert_int_equal(p.count, 1);
		problems_clear(&p);
		stop(NULL);
	}
	start(good);
}

static void interleaving(struct server *s)
{
	struct msg_event e = { .h = { .len = sizeof(e), .type = MSG_EVENT }, .what = EVENT_LINK };

	server_welcome(s);
	if (!server_expect(s, MSG_BEGIN))
		return;
	e.port = 7;
	e.value = 1;
	server_fd(s, "mirror:pub0", true);
	server_send(s, &e, sizeof(e), -1);
	server_fd(s, "mirror:pub0", false);
	server_result(s, 0);
	server_send(s, &e, sizeof(e), -1);
	server_serve(s);
}

static void unsolicited_messages_are_served(void **state)
{
	struct problems p = { 0 };

	start(interleaving);
	assert_int_equal(client_begin(client, 0, true, &p), 0);
	assert_int_equal(client_prepare(client, &p), 0);
	assert_int_equal(links_up, 2);
	assert_true(client_connected(client));
}

static void complains(struct server *s)
{
	_Alignas(8) uint8_t m[sizeof(struct msg_result) + 2 * sizeof(struct msg_error)] = { 0 };
	struct msg_result *r = (void *)m;

	r->h = (struct msg_header){ .len = sizeof(m), .type = MSG_RESULT, .status = -EINVAL };
	r->truncated = 3;
	r->count = 2;
	r->errors[0] =
		(struct msg_error){ .kind = OBJ_EIP, .id = 5, .code = -EEXIST, .field = "target" };
	memset(r->errors[0].text, 'x', sizeof(r->errors[0].text)); // no NUL
	r->errors[1] = (struct msg_error){ .code = -ENOSPC, .field = "routes" };
	server_welcome(s);
	if (!server_receive(s))
		return;
	r->h.seq = ((const struct msg_header *)(const void *)s->in)->seq;
	server_send(s, m, sizeof(m), -1);
	server_serve(s);
}

static void name_it(
	void *ctx, enum obj_kind kind, uint32_t id, const char *field, char *out, size_t size)
{
	snprintf(out, size, "/%d/%u/%s", (int)kind, id, field);
}

static void complaints_become_problems(void **state)
{
	const struct client_namer namer = { .pointer = name_it };
	struct problems p = { 0 };

	start(complains);
	client_set_namer(client, &namer);
	assert_int_equal(client_begin(client, 0, true, &p), -EINVAL);
	assert_true(client_connected(client));
	assert_int_equal(p.count, 2);
	assert_int_equal(p.dropped, 3);
	assert_int_equal(p.status, 422);
	assert_string_equal(p.list[0].pointer, "/3/5/target");
	assert_int_equal(strlen(p.list[0].text), MSG_TEXT_MAX - 1);
	assert_string_equal(p.list[1].pointer, "");
	assert_non_null(strstr(p.list[1].text, "No space"));
	problems_clear(&p);
}

static void refuses(struct server *s)
{
	server_welcome(s);
	while (server_receive(s))
		server_result(s, -EOPNOTSUPP);
}

static void refused_routes_keep_the_connection(void **state)
{
	struct msg_route r = { 0 };

	start(refuses);
	await_attempt();
	assert_int_equal(client_routes(client, 0, &r, sizeof(r), 1), -EOPNOTSUPP);
	assert_int_equal(client_routes(client, 0, &r, MSG_MAX, 1), -EMSGSIZE);
	assert_true(client_connected(client));
}

static void many_objects_go_in_batches(void **state)
{
	struct obj_port_forward *all = calloc(10000, sizeof(*all));
	uint32_t *ids = calloc(10000, sizeof(*ids));
	struct problems p = { 0 };

	start(good);
	assert_int_equal(client_begin(client, 0, true, &p), 0);
	assert_int_equal(client_put(client, OBJ_PORT_FORWARD, all, sizeof(*all), 10000, &p), 0);
	assert_int_equal(client_delete(client, OBJ_PORT_FORWARD, ids, 10000, &p), 0);
	assert_int_equal(client_put(client, OBJ_EIP, NULL, sizeof(struct obj_eip), 0, &p), 0);
	assert_int_equal(client_prepare(client, &p), 0);
	assert_int_equal(client_commit(client, 9, &p), 0);
	assert_int_equal(client_generation(client), 9);
	assert_int_equal(server.objects[OBJ_PORT_FORWARD], 10000);
	assert_int_equal(server.deletions, 10000);
	free(all);
	free(ids);
}

static void dumps(struct server *s)
{
	int fd = memfd_create("dump", MFD_CLOEXEC);
	struct dump_limit l[3] = { { .name = "one" }, { .name = "two" }, { .name = "three" } };

	server_welcome(s);
	if (write(fd, l, sizeof(l)) != sizeof(l))
		server_fail(s, "cannot write");
	while (server_receive(s)) {
		const struct msg_dump *d = (const void *)s->in;
		struct msg_dump_reply r = { .h = { .len = sizeof(r), .type = MSG_DUMP_REPLY } };

		r.h.seq = d->h.seq;
		r.what = d->what;
		r.record_size = sizeof(l[0]);
		r.count = d->what == DUMP_LIMITS ? 3 : d->what == DUMP_PORTS ? 0 : 4;
		r.h.status = d->what == DUMP_NEIGHBOURS ? -ENOMEM : 0;
		server_send(s, &r, sizeof(r), r.count == 0 || r.h.status < 0 ? -1 : fd);
	}
	close(fd);
}

static void dumps_are_copied(void **state)
{
	struct dump_limit *l;
	void *records;
	size_t count;

	start(dumps);
	assert_int_equal(client_dump(client, DUMP_LIMITS, &records, sizeof(*l), &count), 0);
	l = records;
	assert_int_equal(count, 3);
	assert_string_equal(l[2].name, "three");
	free(records);
	assert_int_equal(client_dump(client, DUMP_PORTS, &records, sizeof(*l), &count), 0);
	assert_int_equal(count, 0);
	assert_null(records);
	assert_int_equal(
		client_dump(client, DUMP_NEIGHBOURS, &records, sizeof(*l), &count), -ENOMEM);
	assert_true(client_connected(client));
	// More records than there are bytes; another record size.
	assert_int_equal(client_dump(client, DUMP_ROUTES, &records, sizeof(*l), &count), -EPROTO);
	assert_false(client_connected(client));
	assert_int_equal(client_dump(client, DUMP_LIMITS, &records, 8, &count), -EPROTO);
	assert_null(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(silent_request_times_out, stop),
		cmocka_unit_test_teardown(wrong_replies_end_the_connection, stop),
		cmocka_unit_test_teardown(unsolicited_messages_are_served, stop),
		cmocka_unit_test_teardown(complaints_become_problems, stop),
		cmocka_unit_test_teardown(refused_routes_keep_the_connection, stop),
		cmocka_unit_test_teardown(many_objects_go_in_batches, stop),
		cmocka_unit_test_teardown(dumps_are_copied, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
