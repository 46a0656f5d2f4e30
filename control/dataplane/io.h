// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Messages on the transaction socket: whole packets with at most one descriptor, each call bounded
// by a deadline on the monotonic clock (milliseconds). The socket is non-blocking.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/proto.h"

#define IO_NOW 0 // deadline that has always passed: never wait

int64_t io_deadline(unsigned int milliseconds); // from now

// `fd` is passed with the message unless it is -1. 0, -ETIMEDOUT, -ENOTCONN (peer is gone) or
// another negative errno.
int io_send(int socket, const void *message, size_t len, int fd, int64_t deadline);

// Receives one message whose header is consistent with its size. *fd is the descriptor that came
// with it, or -1. Length, or -ETIMEDOUT, -ENOTCONN, -EPROTO (truncated, malformed).
int io_receive(int socket, void *buffer, size_t size, int *fd, int64_t deadline);
