// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Who is at the other end of a connection.
#pragma once

#include <stddef.h>

#define PEER_MAX 64 // bytes with the final NUL

// "uid 0" on a unix socket (by the kernel's word), the address on TCP, "" when it is not known.
void peer_text(int fd, char out[PEER_MAX]);
