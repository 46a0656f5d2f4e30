// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// recvmsg() and sendmsg() with deadlines; everything that a peer can get wrong in one packet is
// refused here.
#include "control/dataplane/io.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

union control_buffer {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t io_deadline(unsigned int milliseconds)
{
	return now_ms() + milliseconds;
}

static int wait_for(int socket, short events, int64_t deadline)
{
	struct pollfd p = { .fd = socket, .events = events };

	for (;;) {
		int64_t left = deadline == IO_NOW ? 0 : deadline - now_ms();
		int rc;

		if (left <= 0)
			return -ETIMEDOUT;
		rc = poll(&p, 1, (int)left);
		if (rc > 0)
			return 0;
		if (rc < 0 && errno != EINTR)
			return -errno;
	}
}

// A peer that went away is one kind of error, however the kernel calls it.
static int io_error(int err)
{
	return err == EPIPE || err == ECONNRESET || err == ENOTCONN ? -ENOTCONN : -err;
}

static void attach_fd(struct msghdr *m, union control_buffer *control, int fd)
{
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	m->msg_control = control->bytes;
	m->msg_controllen = sizeof(control->bytes);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
}

int io_send(int socket, const void *message, size_t len, int fd, int64_t deadline)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)message, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control_buffer control;

	if (fd >= 0)
		attach_fd(&m, &control, fd);
	for (;;) {
		ssize_t n = sendmsg(socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc;

		if (n == (ssize_t)len)
			return 0;
		if (n >= 0)
			return -EPROTO;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return io_error(errno);
		rc = wait_for(socket, POLLOUT, deadline);
		if (rc < 0)
			return rc;
	}
}

static int received_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

static bool well_formed(const void *buffer, size_t n, int flags)
{
	struct msg_header h;

	if ((flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || n < sizeof(h))
		return false;
	memcpy(&h, buffer, sizeof(h));
	return h.len == n && h.type != 0 && h.type < MSG_TYPE_COUNT;
}

int io_receive(int socket, void *buffer, size_t size, int *fd, int64_t deadline)
{
	struct iovec iov = { .iov_base = buffer, .iov_len = size };
	union control_buffer control;
	bool reset = false;
	ssize_t n;

	*fd = -1;
	for (;;) {
		struct msghdr m = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes) };
		int rc;

		n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (n == 0)
			return -ENOTCONN;
		if (n > 0) {
			*fd = received_fd(&m);
			if (well_formed(buffer, (size_t)n, m.msg_flags))
				return (int)n;
			if (*fd >= 0)
				close(*fd);
			*fd = -1;
			return -EPROTO;
		}
		if (errno == EINTR)
			continue;
		if (errno == ECONNRESET && !reset) {
			reset = true; // told once; what the peer sent before is still there
			continue;
		}
		if (errno != EAGAIN)
			return io_error(errno);
		rc = wait_for(socket, POLLIN, deadline);
		if (rc < 0)
			return rc;
	}
}
