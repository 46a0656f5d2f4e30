// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Named network namespaces, /run/netns/NAME as iproute2 makes them. Any thread that may block.
#pragma once

#include <stdbool.h>

struct mnl_socket;

// A plain name, no path.
bool netns_name_ok(const char *name);

// A descriptor of the namespace (close-on-exec), or negative errno: -ENOENT, -EINVAL (bad name).
int netns_open(const char *name);

// Runs fn inside the namespace, on a thread made for it, and waits. Returns what fn returns, or
// negative errno when the namespace cannot be entered. Sockets that fn opens stay in the namespace.
int netns_run(const char *name, int (*fn)(void *arg), void *arg);

// A routing netlink socket inside the namespace (NULL: where the thread is), for
// mnl_socket_close(). 0 or negative errno.
int netns_netlink(const char *name, struct mnl_socket **out);
