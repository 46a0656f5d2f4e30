// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a frame that a port received is: parsed and validated, IPv4 goes to the lookup, ARP to the
// kernel, multicast to the local services, the rest to the drop node.
#pragma once

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dataplane/ip4/nodes.h"
#include "dataplane/main/set.h"
#include "dataplane/packet/meta.h"
#include "dataplane/packet/parse_plain.h"
#include "dataplane/port/port.h"

// What is no plain packet; `own` is the MAC address of the port. Worker.
enum rx_edge input_frame(struct rte_mbuf *m, struct meta *meta, const struct rte_ether_addr *own);

// What all frames of a receive queue have in common.
struct input_port {
	const struct rte_ether_addr *mac;
	uint64_t own;	  // the same, plain_own()
	uint32_t arrival; // plain_arrival()
	uint16_t id;
	uint8_t side;
};

static inline struct input_port input_port(const struct set *set, const struct port *p)
{
	uint8_t side = set_is_public(set, p->id) ? SIDE_PUBLIC : SIDE_PRIVATE;

	return (struct input_port){ .mac = (const struct rte_ether_addr *)p->conf.mac,
		.own = plain_own(p->conf.mac),
		.arrival = plain_arrival(side, p->id),
		.id = p->id,
		.side = side };
}

static __rte_always_inline enum rx_edge input_decide(
	struct rte_mbuf *m, const struct input_port *port)
{
	struct meta *meta = mbuf_meta(m);

	if (likely(packet_parse_plain(m, meta, port->own, port->arrival)))
		return RX_ARC_IP4;
	meta->side = port->side;
	meta->in_port = port->id;
	return input_frame(m, meta, port->mac);
}
