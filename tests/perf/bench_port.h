// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A test port whose receive side hands out prepared packets and whose transmit side takes them
// back: what is left of a driver is copying the pointers.
#pragma once

#include <stdint.h>

#include "dataplane/port/port.h"

struct bench_port {
	struct port_ops ops; // the port's
	struct port *port;
	struct rte_mbuf *const *next;
	uint32_t left;
	uint64_t sent; // packets
};

// Puts itself between the data plane and a test port, for good. NULL on memory failure.
struct bench_port *bench_port_attach(struct port *p);
