// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The transaction socket's server: one client at a time, one message per packet (proto.h). Control
// thread only; never blocks.
#pragma once

#include <poll.h>
#include <stdint.h>

struct dataplane;
struct server;

// Binds the socket (mode 0600); a stale file is replaced, one that a living process listens on is
// -EADDRINUSE. 0 or negative errno.
int server_create(struct dataplane *dp, const char *path, struct server **out);
void server_destroy(struct server *s); // removes the socket file; NULL is fine

// The descriptors to wait on: the listener and, with a client, its connection. Returns the number.
unsigned int server_pollfds(const struct server *s, struct pollfd fds[2]);

// Handles what came in, and finishes a commit that took effect. Once per round of the loop.
void server_run(struct server *s);

// A commit is on its way: the loop should come back soon.
int server_busy(const struct server *s);

// An answer of the sweeper is awaited: nothing to do until it has come.
int server_waits(const struct server *s);

// Tells the client, if there is one, about a port's link.
void server_event_link(struct server *s, uint32_t port, int up);

// TAP descriptors that outlive the process, in the shape of struct port_env. The context is the
// dataplane, so that they work before the server exists.
int server_adopt_fd(void *dp, const char *name);
void server_keep_fd(void *dp, const char *name, int fd);
void server_forget_fd(void *dp, const char *name);
