// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Sending: the last step of every packet. Worker side.
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

struct port;

// Sends by the worker's own queue: `worker` must be what port_tx_worker() says. Makes each packet
// what the driver takes: partial checksums offloaded or completed, chains joined. Takes ownership
// of the first k packets and returns k. The rest may come back in another order, each with its drop
// reason in the metadata (DROP_TX_FULL, DROP_TX_CHECKSUM, DROP_MTU): the caller drops them.
uint16_t port_send(struct port *p, unsigned int worker, struct rte_mbuf **pkts, uint16_t n);

// The same for packets of one segment each with complete checksums (n at most LIMIT_BURST): they
// need no look at each.
uint16_t port_send_plain(struct port *p, unsigned int worker, struct rte_mbuf **pkts, uint16_t n);
