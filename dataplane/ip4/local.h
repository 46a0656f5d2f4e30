// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Own addresses and the services behind them: which packets to an own address the kernel gets.
// Immutable section of the configuration set, built from addresses and services.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/proto.h"
#include "dataplane/ip4/kernel_ports.h"
#include "dataplane/ip4/portmap.h"
#include "dataplane/main/limits.h"
#include "dataplane/main/set.h"
#include "dataplane/packet/meta.h"

// Values are enum punt_class + 1; 0: no service.
struct service_map {
	struct portmap tcp;
	struct portmap udp;
	uint8_t icmp_type[256];
	uint8_t proto[256];
};

struct local_address {
	rte_be32_t addr; // 0: the id is not in use
	uint16_t port;
	uint8_t flags;		      // enum address_flag
	uint8_t snat;		      // also a source of SNAT: unknown packets vanish silently
	struct service_map *services; // of this address alone, NULL: none
};

struct local_section {
	struct section section;
	uint32_t n_addresses;
	struct local_address *addresses;      // by obj_address id
	struct service_map interfaces;	      // services of every interface address
	uint8_t multicast[LIMIT_PORTS][256];  // by protocol: services of 224.0.0.0/24 on the port
	rte_be32_t port_address[LIMIT_PORTS]; // first interface address of a port, 0: none
};

extern const struct section_ops local_section_ops;

static inline const struct local_section *local_of(const struct set *set)
{
	return (const struct local_section *)set->section[SECTION_LOCAL];
}

static inline const struct local_address *local_address(const struct local_section *s, uint32_t id)
{
	return s != NULL && id < s->n_addresses ? &s->addresses[id] : NULL;
}

// The address that the router itself uses on a port, 0 when it has none.
static inline rte_be32_t local_port_address(const struct local_section *s, uint16_t port)
{
	return s != NULL && port < LIMIT_PORTS ? s->port_address[port] : 0;
}
