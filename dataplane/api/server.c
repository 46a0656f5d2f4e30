// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Socket handling of the transaction server.
#include "dataplane/api/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/api/server_internal.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/log.h"
#include "dataplane/main/sweep.h"

#define SERVER_MESSAGES 64 // handled per round, so that the rest of the loop gets its turn

static int bind_socket(int fd, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int probe, rc;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return -errno;
	rc = connect(probe, (struct sockaddr *)&addr, sizeof(addr)) == 0 ? 0 : -errno;
	close(probe);
	if (rc == 0)
		return -EADDRINUSE; // somebody answers there
	if (rc == -ECONNREFUSED && unlink(path) < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || chmod(path, 0600) < 0 ||
		listen(fd, 4) < 0)
		return -errno;
	return 0;
}

int server_create(struct dataplane *dp, const char *path, struct server **out)
{
	struct server *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return -ENOMEM;
	s->dp = dp;
	s->client = -1;
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	rc = s->listener < 0 ? -errno : bind_socket(s->listener, path);
	if (rc < 0) {
		if (s->listener >= 0)
			close(s->listener);
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void server_destroy(struct server *s)
{
	if (s == NULL)
		return;
	txn_abort(s->dp, &s->txn);
	if (s->job != NULL)
		sweep_forget(s->dp, s->job);
	for (unsigned int i = 0; i < s->n_fds; i++)
		if (!s->fds[i].kept)
			close(s->fds[i].fd);
	if (s->client >= 0)
		close(s->client);
	close(s->listener);
	unlink(s->path);
	free(s);
}

void server_drop_client(struct server *s, const char *why)
{
	log_info("control disconnected: %s", why);
	txn_abort(s->dp, &s->txn);
	if (s->job != NULL)
		sweep_forget(s->dp, s->job);
	s->job = NULL;
	close(s->client);
	s->client = -1;
	s->greeted = false;
	s->broken = 0; // what the end of a transaction said to it, too
	s->commit_seq = 0;
}

static int send_message(int socket, void *msg, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(sizeof(int))];
	} control = { .data = { 0 } };
	struct iovec iov = { msg, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		h.msg_control = control.data;
		h.msg_controllen = sizeof(control.data);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(socket, &h, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len ? 0 : -errno;
}

// To drop the client here would end its transaction in the middle of whatever sends.
void server_send(struct server *s, void *msg, size_t len, int fd)
{
	if (s->client < 0 || s->broken != 0)
		return;
	((struct msg_header *)msg)->len = len;
	s->broken = -send_message(s->client, msg, len, fd);
}

// A second client is told so, and the first one stays.
static void refuse_client(struct server *s, int socket)
{
	struct msg_welcome m = { .h = { .len = sizeof(m), .type = MSG_WELCOME, .status = -EBUSY },
		.boot_id = s->dp->boot_id };

	send_message(socket, &m, sizeof(m), -1);
	close(socket);
}

static void accept_client(struct server *s)
{
	int socket = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (socket < 0)
		return;
	if (s->client >= 0 && s->greeted) {
		refuse_client(s, socket);
		return;
	}
	if (s->client >= 0) // it never said HELLO: it must not keep control out
		server_drop_client(s, "silent, and another client came");
	s->client = socket;
	s->greeted = false;
}

// One message with at most one descriptor. Length, 0 at the end, or negative errno.
static ssize_t receive_message(struct server *s, int *fd)
{
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { s->buffer, sizeof(s->buffer) };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.data,
		.msg_controllen = sizeof(control.data) };
	ssize_t n = recvmsg(s->client, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c != NULL; c = CMSG_NXTHDR(&h, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(fd, CMSG_DATA(c), sizeof(int));
	if (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EMSGSIZE;
	return n;
}

static bool handle_message(struct server *s, ssize_t n, int fd)
{
	const struct msg_header *h = (const struct msg_header *)s->buffer;

	if (n < (ssize_t)sizeof(*h) || h->len != n)
		return false;
	if (s->greeted)
		return server_dispatch(s, s->buffer, n, fd);
	if (h->type != MSG_HELLO)
		return false;
	server_hello(s, (const struct msg_hello *)s->buffer, n);
	return true;
}

static void receive_all(struct server *s)
{
	for (unsigned int i = 0; i < SERVER_MESSAGES && s->client >= 0 && s->broken == 0; i++) {
		int fd;
		ssize_t n;

		if (s->commit_seq != 0 || s->job != NULL)
			return; // one request at a time
		n = receive_message(s, &fd);
		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n <= 0) {
			server_drop_client(s, n == 0 ? "closed" : strerror((int)-n));
		} else if (!handle_message(s, n, fd)) {
			log_error("control sent a message that the protocol does not allow");
			server_drop_client(s, "protocol error");
		}
		if (fd >= 0)
			close(fd);
	}
}

unsigned int server_pollfds(const struct server *s, struct pollfd fds[2])
{
	fds[0] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
	// While a request is under way the client waits, and so do its messages.
	fds[1] = (struct pollfd){ .fd = s->client,
		.events = s->commit_seq == 0 && s->job == NULL ? POLLIN : 0 };
	return s->client >= 0 ? 2 : 1;
}

int server_busy(const struct server *s)
{
	return s->txn.state == TXN_ADDING || s->txn.state == TXN_DRAINING;
}

int server_waits(const struct server *s)
{
	return s->job != NULL;
}

void server_run(struct server *s)
{
	server_sessions_poll(s);
	receive_all(s); // the end of a client, before the next one comes
	if (s->broken != 0)
		server_drop_client(s, strerror(s->broken));
	accept_client(s);
	if (txn_poll(s->dp, &s->txn) && s->commit_seq != 0) {
		uint32_t seq = s->commit_seq;

		s->commit_seq = 0;
		server_close_unadopted(s);
		server_result(s, seq, 0, &s->txn.errors);
	}
}

void server_event_link(struct server *s, uint32_t port, int up)
{
	struct msg_event m = {
		.h = { .type = MSG_EVENT }, .what = EVENT_LINK, .port = port, .value = up
	};

	if (s->greeted)
		server_send(s, &m, sizeof(m), -1);
}
