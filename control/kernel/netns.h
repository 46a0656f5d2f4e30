// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The network namespace of the mirrors. A thread enters it for as long as one function runs;
// sockets opened there stay there.
#pragma once

#define NETNS_NAME_MAX 63

// Descriptor of the namespace named `name` under /run/netns, or negative errno: -EINVAL when no
// namespace can have that name.
int netns_open(const char *name);

// Runs fn(arg) on the calling thread inside the namespace. Its result, or negative errno when the
// thread could not enter.
int netns_run(int netns_fd, int (*fn)(void *arg), void *arg);
