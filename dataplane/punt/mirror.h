// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Mirrors: a port's TAP in the namespace of the mirrors, by which the kernel receives what is
// punted to it and sends by the port. The punt thread does its I/O; workers see rings.
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

#include "dataplane/punt/channel.h"

struct mirror {
	struct channel channel;
	unsigned int owner; // the worker that gets what the kernel sends
};

// Worker side. Frames from their Ethernet header on; a partial checksum is passed on as such. Takes
// the first k packets and returns k; the caller drops the rest.
uint16_t mirror_send(struct mirror *m, unsigned int worker, struct rte_mbuf **pkts, uint16_t n);

// Worker side. What the kernel sent: only the owner gets any.
uint16_t mirror_receive(struct mirror *m, unsigned int worker, struct rte_mbuf **pkts, uint16_t n);
