// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A client with short deadlines and a scripted peer.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/client/fixture.h"

struct server server;
struct client *client;
unsigned int connected, fresh, links_up;

static void on_connected(void *ctx, bool is_fresh)
{
	connected++;
	fresh += is_fresh;
}

static void on_link(void *ctx, uint32_t port, bool up)
{
	links_up += up && port == 7;
}

void start(void (*script)(struct server *s))
{
	const struct client_events events = { .connected = on_connected, .link = on_link };
	const struct client_deadlines deadlines = { 200, 200, 200 };

	connected = fresh = links_up = 0;
	server_start(&server, script);
	client = client_create(server.path, NULL, &events);
	assert_non_null(client);
	client_set_deadlines(client, &deadlines);
}

int stop(void **state)
{
	client_destroy(client);
	server_stop(&server);
	return 0;
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void await_attempt(void)
{
	const struct watch *timer = jobs_test_watches[0];

	assert_true(jobs_test_wait(timer->fd, SERVER_DEADLINE_MS));
	jobs_test_ready();
}

time_t seconds_to_attempt(void)
{
	struct itimerspec at;

	assert_int_equal(timerfd_gettime(jobs_test_watches[0]->fd, &at), 0);
	return at.it_value.tv_sec;
}

// The peer's end is told by the watch, not by the next request.
void await_hangup(void)
{
	for (int64_t end = now_ms() + 5000; client_connected(client) && now_ms() < end;) {
		for (size_t i = 0; i < 8; i++)
			if (jobs_test_watches[i] != NULL && jobs_test_watches[i]->fd >= 0)
				jobs_test_wait(jobs_test_watches[i]->fd, 100);
		jobs_test_ready();
	}
	assert_false(client_connected(client));
}

void good(struct server *s)
{
	server_welcome(s);
	server_serve(s);
}

void silent(struct server *s)
{
	while (server_receive(s))
		;
}
