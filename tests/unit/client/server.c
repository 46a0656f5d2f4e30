// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The scripted data plane, and jobs_watch() as the test drives it.
#include "tests/unit/client/server.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/api/schema_hash.h"

struct watch *jobs_test_watches[8];

int jobs_watch(struct jobs *q, struct watch *w)
{
	for (size_t i = 0; i < 8; i++) {
		if (jobs_test_watches[i] == NULL) {
			jobs_test_watches[i] = w;
			return 0;
		}
	}
	return -ENOSPC;
}

void jobs_unwatch(struct jobs *q, struct watch *w)
{
	for (size_t i = 0; i < 8; i++)
		if (jobs_test_watches[i] == w)
			jobs_test_watches[i] = NULL;
}

bool jobs_test_wait(int fd, unsigned int milliseconds)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, (int)milliseconds) == 1;
}

void jobs_test_ready(void)
{
	for (size_t i = 0; i < 8; i++) {
		struct watch *w = jobs_test_watches[i];
		struct pollfd p = { .fd = w != NULL ? w->fd : -1, .events = POLLIN };

		if (p.fd >= 0 && poll(&p, 1, 0) == 1)
			w->ready(w->ctx, (p.revents & POLLHUP) != 0 ? EPOLLIN | EPOLLHUP : EPOLLIN);
	}
}

void server_fail(struct server *s, const char *what)
{
	if (s->failure[0] == '\0')
		snprintf(s->failure, sizeof(s->failure), "connection %u: %s", s->connections, what);
}

bool server_receive(struct server *s)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = s->in, .iov_len = sizeof(s->in) };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	const struct msg_header *h = (const void *)s->in;
	ssize_t n;

	if (!jobs_test_wait(s->fd, SERVER_DEADLINE_MS)) {
		server_fail(s, "nothing came");
		return false;
	}
	n = recvmsg(s->fd, &m, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return false;
	s->passed_fd = -1;
	if (m.msg_controllen > 0 && CMSG_FIRSTHDR(&m) != NULL)
		memcpy(&s->passed_fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	if (h->len != n || n > MSG_MAX)
		server_fail(s, "header length is wrong");
	return true;
}

bool server_expect(struct server *s, uint16_t type)
{
	const struct msg_header *h = (const void *)s->in;

	if (!server_receive(s)) {
		server_fail(s, "hangup instead of a message");
		return false;
	}
	if (h->type != type)
		server_fail(s, "another message type");
	return h->type == type;
}

void server_send(struct server *s, const void *message, size_t len, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)message, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	if (sendmsg(s->fd, &m, MSG_NOSIGNAL) != (ssize_t)len)
		server_fail(s, "cannot send");
}

static int make_counters(void)
{
	struct stats_shm *shm;
	int fd = memfd_create("counters", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, sizeof(*shm)) < 0)
		return -1;
	shm = mmap(NULL, sizeof(*shm), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shm == MAP_FAILED)
		return -1;
	shm->magic = STATS_MAGIC;
	shm->workers = 2;
	munmap(shm, sizeof(*shm));
	return fd;
}

void server_welcome(struct server *s)
{
	struct msg_welcome w = { .h = { .len = sizeof(w), .type = MSG_WELCOME },
		.schema = SCHEMA_HASH_BYTES,
		.boot_id = s->boot_id,
		.generation = s->generation,
		.workers = 2,
		.stats_size = sizeof(struct stats_shm),
		.netns = "vr" };
	int fd = make_counters();

	if (server_expect(s, MSG_HELLO))
		server_send(s, &w, sizeof(w), fd);
	close(fd);
}

void server_result(struct server *s, int status)
{
	const struct msg_header *h = (const void *)s->in;
	struct msg_result r = { .h = { .len = sizeof(r), .type = MSG_RESULT, .seq = h->seq } };

	r.h.status = status;
	r.generation = s->generation;
	server_send(s, &r, sizeof(r), -1);
}

void server_fd(struct server *s, const char *name, bool keep)
{
	struct msg_fd m = { .h = { .len = sizeof(m), .type = MSG_FD }, .keep = keep };
	int fd = keep ? memfd_create(name, MFD_CLOEXEC) : -1;

	snprintf(m.name, sizeof(m.name), "%s", name);
	server_send(s, &m, sizeof(m), fd);
	if (fd >= 0)
		close(fd);
}

void server_count(struct server *s)
{
	const struct msg_objects *o = (const void *)s->in;
	const struct msg_commit *c = (const void *)s->in;
	const struct msg_begin *b = (const void *)s->in;

	s->messages++;
	if (o->h.type == MSG_OBJECTS && o->del)
		s->deletions += o->count;
	else if (o->h.type == MSG_OBJECTS && o->kind < OBJ_KIND_COUNT)
		s->objects[o->kind] += o->count;
	if (b->h.type == MSG_BEGIN)
		s->replaced += b->replace;
	if (c->h.type == MSG_COMMIT && c->generation <= s->generation)
		server_fail(s, "the generation did not rise");
	if (c->h.type == MSG_COMMIT)
		s->generation = c->generation;
}

void server_serve(struct server *s)
{
	while (server_receive(s)) {
		server_count(s);
		server_result(s, 0);
	}
}

static void *run(void *arg)
{
	struct server *s = arg;

	while (!s->stop) {
		if (!jobs_test_wait(s->listener, 10))
			continue;
		s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		if (s->fd < 0)
			continue;
		s->connections++;
		s->script(s);
		close(s->fd);
	}
	return NULL;
}

void server_start(struct server *s, void (*script)(struct server *s))
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memset(s, 0, sizeof(*s));
	s->script = script;
	s->boot_id = 0x1111;
	snprintf(s->path, sizeof(s->path), "/tmp/vrouter-client-test.%d", (int)getpid());
	unlink(s->path);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
	s->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->listener, 4), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

void server_stop(struct server *s)
{
	s->stop = true;
	pthread_join(s->thread, NULL);
	close(s->listener);
	unlink(s->path);
	if (s->failure[0] != '\0')
		fail_msg("%s", s->failure);
}
