// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the kernel says to the code under test: the input, cut into datagrams. The linker puts the
// functions of netlink.c in the place of those that send to and receive from netlink sockets
// (--wrap), whose descriptors are real but never used.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Starts with an input: datagrams, each behind its length in 2 bytes (0xffff: an overrun, ENOBUFS).
void fuzz_netlink_input(const uint8_t *data, size_t size);

bool fuzz_netlink_more(void);
