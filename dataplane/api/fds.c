// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// TAP descriptors across restarts: the client keeps a copy of each, and gives them to the next data
// plane, which adopts them when it creates the same port again.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/api/server.h"
#include "dataplane/api/server_internal.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/log.h"

static struct server_fd *find(struct server *s, const char *name, bool kept)
{
	for (unsigned int i = 0; i < s->n_fds; i++)
		if (s->fds[i].kept == kept && strcmp(s->fds[i].name, name) == 0)
			return &s->fds[i];
	return NULL;
}

static void add(struct server *s, const char *name, int fd, bool kept)
{
	struct server_fd *f = &s->fds[s->n_fds];

	if (s->n_fds == SERVER_FDS_MAX) {
		log_error("more TAP descriptors than ports");
		if (!kept)
			close(fd);
		return;
	}
	s->n_fds++;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->fd = fd;
	f->kept = kept;
}

static void delete (struct server *s, struct server_fd *f)
{
	*f = s->fds[--s->n_fds];
}

static void tell(struct server *s, const char *name, int fd)
{
	struct msg_fd m = { .h = { .type = MSG_FD }, .keep = fd >= 0 };

	snprintf(m.name, sizeof(m.name), "%s", name);
	if (s->greeted)
		server_send(s, &m, sizeof(m), fd);
}

void server_take_fd(struct server *s, const struct msg_fd *m, int fd)
{
	char name[sizeof(m->name)];

	snprintf(name, sizeof(name), "%.*s", (int)sizeof(m->name) - 1, m->name);
	if (fd < 0 || find(s, name, false) != NULL || find(s, name, true) != NULL)
		return; // the caller closes it
	fd = dup(fd);
	if (fd >= 0)
		add(s, name, fd, false);
}

void server_send_fds(struct server *s)
{
	for (unsigned int i = 0; i < s->n_fds; i++)
		if (s->fds[i].kept)
			tell(s, s->fds[i].name, s->fds[i].fd);
}

void server_close_unadopted(struct server *s)
{
	for (unsigned int i = 0; i < s->n_fds;) {
		struct server_fd f = s->fds[i];

		if (f.kept) {
			i++;
			continue;
		}
		delete (s, &s->fds[i]);
		close(f.fd);
		tell(s, f.name, -1);
	}
}

int server_adopt_fd(void *ctx, const char *name)
{
	struct server *s = ((struct dataplane *)ctx)->server;
	struct server_fd *f = s == NULL ? NULL : find(s, name, false);
	int fd;

	if (f == NULL)
		return -ENOENT;
	fd = f->fd;
	delete (s, f);
	return fd;
}

void server_keep_fd(void *ctx, const char *name, int fd)
{
	struct server *s = ((struct dataplane *)ctx)->server;

	if (s == NULL)
		return;
	add(s, name, fd, true);
	tell(s, name, fd);
}

void server_forget_fd(void *ctx, const char *name)
{
	struct server *s = ((struct dataplane *)ctx)->server;
	struct server_fd *f = s == NULL ? NULL : find(s, name, true);

	if (f == NULL)
		return;
	delete (s, f);
	tell(s, name, -1);
}
