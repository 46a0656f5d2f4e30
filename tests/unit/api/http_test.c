// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// HTTP on the event loop, over real sockets: bodies, limits, clients that do nothing, requests that
// wait for the commit thread, and a stop in the middle. The test drives the loop itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control/api/listen.h"
#include "tests/unit/api/fixture.h"

#define DEADLINE_S 30
#define CLOSE	   "Host: r\r\nConnection: close\r\n"
#define MIB	   (1u << 20)

struct server {
	struct fixture *fixture;
	sd_event *loop;
	struct jobs *jobs;
	struct api *api;
	char path[64];
};

static int on_jobs(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	jobs_collect(arg);
	return 0;
}

static int server_setup(void **state)
{
	struct server *s = calloc(1, sizeof(*s));

	fixture_setup((void **)&s->fixture);
	snprintf(s->path, sizeof(s->path), "%s/api.sock", s->fixture->directory);
	s->jobs = jobs_create("commit");
	s->fixture->env.jobs = s->jobs;
	assert_int_equal(sd_event_new(&s->loop), 0);
	assert_true(sd_event_add_io(
			    s->loop, NULL, jobs_wake_fd(s->jobs), EPOLLIN, on_jobs, s->jobs) >= 0);
	s->api = api_create(s->loop, &s->fixture->env);
	assert_int_equal(api_serve(s->api, listen_unix(s->path), NULL), 0);
	*state = s;
	return 0;
}

static void server_stop(struct server *s)
{
	api_quiesce(s->api);
	jobs_stop(s->jobs);
	api_destroy(s->api);
	s->api = NULL;
}

static int server_teardown(void **state)
{
	struct server *s = *state;

	if (s->api)
		server_stop(s);
	jobs_destroy(s->jobs);
	sd_event_unref(s->loop);
	fixture_teardown((void **)&s->fixture);
	free(s);
	return 0;
}

static int connect_client(const struct server *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(sun.sun_path, s->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

// One turn of the loop, at most 10 ms.
static void turn(struct server *s, time_t end)
{
	assert_true(sd_event_run(s->loop, 10000) >= 0);
	assert_true(time(NULL) < end);
}

static void send_all(struct server *s, int fd, const char *data, size_t len)
{
	time_t end = time(NULL) + DEADLINE_S;

	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		assert_true(n >= 0 || errno == EAGAIN);
		if (n < 0)
			turn(s, end);
		else
			data += n, len -= n;
	}
}

// Everything until the server closes, terminated.
static void receive_all(struct server *s, int fd, char *out, size_t size)
{
	time_t end = time(NULL) + DEADLINE_S;
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(fd, out + len, size - 1 - len, 0);

		// A reset says that the server closed with unread input; the answer is there.
		assert_true(n >= 0 || errno == EAGAIN || errno == ECONNRESET);
		if (n < 0) {
			turn(s, end);
			continue;
		}
		len += n;
		if (n == 0)
			break;
	}
	out[len] = '\0';
	close(fd);
}

static void assert_answer(struct server *s, int fd, const char *status, const char *text)
{
	char reply[65536];

	receive_all(s, fd, reply, sizeof(reply));
	if (strncmp(reply, status, strlen(status)) != 0 || !strstr(reply, text))
		fail_msg("not \"%s ... %s\": %s", status, text, reply);
}

static int begin(struct server *s, const char *text)
{
	int fd = connect_client(s);

	send_all(s, fd, text, strlen(text));
	return fd;
}

static void test_answers(void **state)
{
	struct server *s = *state;

	assert_answer(s, begin(s, "GET /v1/config HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 200",
		"ETag: \"0\"\r\n");
	assert_answer(s, begin(s, "GET /v1/nope HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 404",
		"Content-Type: application/problem+json\r\n");
	assert_answer(s, begin(s, "DELETE /v1/config HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 405",
		"Allow: GET, HEAD, PUT, PATCH\r\n");
	assert_answer(s, begin(s, "GET /v1/config?x=1 HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 400",
		"unknown query parameter");
	assert_answer(
		s, begin(s, "GET /v1/config%00x HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 400", "NUL");
}

static void test_many_requests_on_a_connection(void **state)
{
	struct server *s = *state;
	int fd = begin(s, "GET /v1/state HTTP/1.1\r\nHost: r\r\n\r\n"
			  "GET /healthz HTTP/1.1\r\nHost: r\r\n\r\n"
			  "GET /v1/config HTTP/1.1\r\n" CLOSE "\r\n");
	char reply[16384], *at = reply;
	int answers = 0;

	receive_all(s, fd, reply, sizeof(reply));
	while ((at = strstr(at, "HTTP/1.1 "))) {
		answers++;
		at++;
	}
	assert_int_equal(answers, 3);
}

static int begin_put(struct server *s, size_t len, const char *more)
{
	char head[256];

	snprintf(head, sizeof(head),
		"PUT /v1/config HTTP/1.1\r\n" CLOSE "%sContent-Length: %zu\r\n\r\n", more, len);
	return begin(s, head);
}

// The commit thread answers while the request is suspended; the loop goes on meanwhile.
static void test_a_change_waits_for_the_commit_thread(void **state)
{
	static const char document[] = "{ \"version\": 1 }";
	struct server *s = *state;
	int fd = begin_put(s, strlen(document), "");

	send_all(s, fd, document, strlen(document));
	assert_answer(s, begin(s, "GET /v1/state HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 200",
		"\"revision\": 0");
	assert_int_equal(jobs_start(s->jobs), 0);
	assert_answer(s, fd, "HTTP/1.1 200", "\"revision\": 1");
}

static void put_blanks(struct server *s, size_t len, const char *status, const char *text)
{
	char *body = malloc(len);
	int fd = begin_put(s, len, "");

	memset(body, ' ', len);
	send_all(s, fd, body, len);
	free(body);
	assert_answer(s, fd, status, text);
}

static void test_body_limit(void **state)
{
	struct server *s = *state;

	assert_int_equal(jobs_start(s->jobs), 0);
	put_blanks(s, 16 * MIB, "HTTP/1.1 400", "not JSON"); // read, and found to be blank
	put_blanks(s, 16 * MIB + 1, "HTTP/1.1 413", "16777216 bytes");
	// A client that waits is answered at once, and so is one that wants to send without end.
	assert_answer(s, begin_put(s, 17 * MIB, "Expect: 100-continue\r\n"), "HTTP/1.1 413", "");
	assert_answer(s, begin_put(s, 1u << 31, ""), "HTTP/1.1 413", "");
}

static void test_headers_limit(void **state)
{
	struct server *s = *state;
	int fd = begin(s, "GET /v1/config HTTP/1.1\r\n" CLOSE "X: ");
	char many[40000];

	memset(many, 'x', sizeof(many));
	send_all(s, fd, many, sizeof(many));
	assert_answer(s, fd, "HTTP/1.1 431", "");
}

static void test_slow_clients_are_in_nobodys_way(void **state)
{
	struct server *s = *state;
	int slow[60];

	for (int i = 0; i < 60; i++)
		slow[i] = i % 2 ? connect_client(s) : begin_put(s, 100, "");
	assert_answer(s, begin(s, "GET /v1/config HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 200", "");
	for (int i = 0; i < 60; i++)
		close(slow[i]);
}

static void test_a_client_that_goes_away_while_it_waits(void **state)
{
	struct server *s = *state;
	int fd = begin(s, "GET /v1/state/routes HTTP/1.1\r\n" CLOSE "\r\n");

	assert_answer(s, begin(s, "GET /v1/config HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 200", "");
	close(fd);
	assert_int_equal(jobs_start(s->jobs), 0);
	assert_answer(s, begin(s, "GET /v1/state/routes HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 503",
		"not connected");
}

static void test_a_stop_answers_who_waits(void **state)
{
	struct server *s = *state;
	int fd = begin(s, "GET /v1/state/routes HTTP/1.1\r\n" CLOSE "\r\n");
	struct stat st;

	assert_answer(s, begin(s, "GET /v1/config HTTP/1.1\r\n" CLOSE "\r\n"), "HTTP/1.1 200", "");
	server_stop(s); // the commit thread was never started: the job is dropped
	assert_answer(s, fd, "HTTP/1.1 503", "is stopping");
	assert_int_equal(stat(s->path, &st), -1); // the socket's file is gone
}

static void test_unix_socket_files(void **state)
{
	struct server *s = *state;
	char path[80];
	struct stat st;
	int fd, file;

	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(listen_unix(s->path), -EADDRINUSE);
	snprintf(path, sizeof(path), "%s/stale", s->fixture->directory);
	fd = listen_unix(path);
	assert_true(fd >= 0);
	close(fd); // leaves the file, as a killed process does
	fd = listen_unix(path);
	assert_true(fd >= 0);
	listen_close(fd);
	assert_int_equal(stat(path, &st), -1);
	file = open(path, O_CREAT | O_WRONLY, 0600);
	close(file);
	assert_int_equal(listen_unix(path), -EEXIST); // not ours to remove
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(listen_unix("/nonexistent/api.sock"), -ENOENT);
}

static void test_tcp_addresses(void **state)
{
	static const char *const bad[] = { "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
		"127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:80x", "localhost:80", "::1:80",
		"[::1]", "[::1:80", "[:80", "[127.0.0.1]:80" };
	static const char *const open[] = { "0.0.0.0:8480", "192.0.2.1:8480", "[::]:8480",
		"128.0.0.1:1" };
	char err[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(listen_tcp(bad[i], true, err, sizeof(err)), -EINVAL);
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		assert_int_equal(listen_tcp(open[i], false, err, sizeof(err)), -EACCES);
	assert_non_null(strstr(err, "not a loopback address"));
}

#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(test_answers),
		SERVER_TEST(test_many_requests_on_a_connection),
		SERVER_TEST(test_a_change_waits_for_the_commit_thread),
		SERVER_TEST(test_body_limit),
		SERVER_TEST(test_headers_limit),
		SERVER_TEST(test_slow_clients_are_in_nobodys_way),
		SERVER_TEST(test_a_client_that_goes_away_while_it_waits),
		SERVER_TEST(test_a_stop_answers_who_waits),
		SERVER_TEST(test_unix_socket_files),
		cmocka_unit_test(test_tcp_addresses),
	};

	return cmocka_run_group_tests_name("api_http", tests, NULL, NULL);
}
