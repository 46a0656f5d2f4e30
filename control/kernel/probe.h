// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ICMP echo requests from the mirrors' namespace, and the answers to them. One socket for all
// mirrors; it never blocks. Its identifier is one that NAT never uses on an interface's address.
#pragma once

#include <netinet/in.h>
#include <stdint.h>

struct probe {
	int fd; // -1: not open
	uint16_t sequence;
};

int probe_open(struct probe *p, int netns_fd); // 0 or negative errno
void probe_close(struct probe *p);

// Sends a request by the netdev. `cookie` comes back with the answer; nobody else should be able to
// guess it. 0 or negative errno.
int probe_send(
	struct probe *p, int ifindex, struct in_addr from, struct in_addr to, uint64_t cookie);

// Calls each() for the answers that have come.
void probe_read(struct probe *p,
	void (*each)(void *ctx, int ifindex, struct in_addr from, uint64_t cookie), void *ctx);
