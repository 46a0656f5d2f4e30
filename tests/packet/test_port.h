// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A port driver for packet tests: frames are put into its receive queues and taken from what it
// sent and from what was punted to its mirror. No device, no kernel.
#pragma once

#include "dataplane/port/port.h"

// Fits struct dataplane's port_create. A port whose address is "nocsum" takes no partial checksums.
int test_port_create(const struct port_env *env, const struct obj_port *conf, struct port **out,
	char *err, size_t errlen);

// Takes ownership of the packet. 0 or -ENOBUFS.
int test_port_receive(struct port *p, unsigned int queue, struct rte_mbuf *m);

// Counts a frame that found no buffer, as a NIC loses it.
void test_port_lose(struct port *p);

// Frees what was received and not taken by a worker; none may run.
void test_port_discard(struct port *p);

// Next packet that the port sent, or that its mirror got; NULL: none. The caller frees it.
struct rte_mbuf *test_port_sent(struct port *p);
struct rte_mbuf *test_port_punted(struct port *p);

// What the kernel sends on the mirror.
int test_port_from_kernel(struct port *p, struct rte_mbuf *m);
