// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ARP (RFC 826): answers for the hosts behind a port, asks for the router.
#pragma once

#include "tests/perf/pktgen/engine.h"

// A received packet that is not ours: counts it, answers an ARP request, takes the router's MAC
// address. True when the packet has become the answer.
bool arp_packet(struct engine *e, struct port *p, struct rte_mbuf *m);

// Asks for the gateway. 0, or -ENOBUFS.
int arp_ask(struct engine *e, struct port *p);

// Whether ARP is answered for the address (host order): the port's own, what arp= says, and of its
// prefix what the flow sets have behind it.
bool arp_answers_for(const struct options *o, unsigned int port, uint32_t address);
