// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One request, one reply; what the data plane says on its own accord is handled in between.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "control/dataplane/internal.h"
#include "control/dataplane/io.h"
#include "control/main/log.h"

static int on_fd(struct client *c, size_t len, int fd)
{
	const struct msg_fd *m = (const void *)c->in;
	bool named = len == sizeof(*m) && m->name[0] != '\0' &&
		     memchr(m->name, '\0', sizeof(m->name)) != NULL;

	if (!named || (m->keep == 1) != (fd >= 0) || m->keep > 1) {
		if (fd >= 0)
			close(fd);
		return -EPROTO;
	}
	if (fd < 0)
		fdkeeper_forget(&c->keeper, m->name);
	else if (fdkeeper_keep(&c->keeper, m->name, fd) < 0)
		log_warning("no memory to keep descriptor %s", m->name);
	return 0;
}

static int on_event(struct client *c, size_t len)
{
	const struct msg_event *m = (const void *)c->in;

	if (len != sizeof(*m))
		return -EPROTO;
	if (m->what == EVENT_LINK && c->events.link != NULL)
		c->events.link(c->events.ctx, m->port, m->value != 0);
	return 0;
}

int client_unsolicited(struct client *c, size_t len, int fd)
{
	const struct msg_header *h = (const void *)c->in;

	if (h->seq == 0 && h->type == MSG_FD)
		return on_fd(c, len, fd);
	if (fd >= 0)
		close(fd);
	if (h->seq == 0 && h->type == MSG_EVENT && fd < 0)
		return on_event(c, len);
	return -EPROTO;
}

static const char *reason(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "no answer in time";
	case -ENOTCONN:
		return "hangup";
	case -EPROTO:
		return "unexpected message";
	default:
		return strerror(-err);
	}
}

static int await_reply(struct client *c, enum msg_type type, int64_t deadline, int *fd)
{
	const struct msg_header *h = (const void *)c->in;

	for (;;) {
		int len = io_receive(c->fd, c->in, sizeof(c->in), fd, deadline);

		if (len < 0)
			return len;
		if (h->seq == c->seq && h->type == type)
			return len;
		len = client_unsolicited(c, (size_t)len, *fd);
		*fd = -1;
		if (len < 0)
			return len;
	}
}

int client_request(struct client *c, enum msg_type type, size_t len, enum msg_type reply,
	unsigned int milliseconds, int *fd)
{
	int64_t deadline = io_deadline(milliseconds);
	struct msg_header *h = (void *)c->out;
	int got = -1, rc;

	if (c->fd < 0)
		return -ENOTCONN;
	if (++c->seq == 0)
		c->seq = 1;
	*h = (struct msg_header){ .len = (uint32_t)len, .type = (uint16_t)type, .seq = c->seq };
	rc = io_send(c->fd, c->out, len, c->out_fd, deadline);
	c->out_fd = -1;
	if (rc == 0)
		rc = await_reply(c, reply, deadline, &got);
	if (rc >= 0 && got >= 0 && fd == NULL) {
		close(got);
		rc = -EPROTO;
	}
	if (rc < 0) {
		client_disconnect(c, reason(rc));
		return rc;
	}
	if (c->sweep_fds)
		fdkeeper_sweep(&c->keeper);
	c->sweep_fds = false;
	if (fd != NULL)
		*fd = got;
	return rc;
}
