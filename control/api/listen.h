// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The API's listening sockets.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// A unix socket, mode 0660. A socket file that nobody listens on any more is replaced. Returns the
// descriptor, or negative errno: -EADDRINUSE when another process serves it.
int listen_unix(const char *path);

// "192.0.2.1:8443" or "[::1]:8443"; without TLS only loopback addresses, because tokens would be
// there for all to read. Returns the descriptor, or negative errno with the reason in `err`.
int listen_tcp(const char *address, bool tls, char *err, size_t size);

// Closes one of these, -1 is fine; the file of a unix socket goes first.
void listen_close(int fd);
