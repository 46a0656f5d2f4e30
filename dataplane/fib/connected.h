// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Own addresses and connected prefixes. Several addresses may share a prefix: it is counted.
// Control thread only; addresses and prefixes in network order, host bits of prefixes are ignored.
#pragma once

#include <stdint.h>

#include <rte_byteorder.h>

#include "dataplane/fib/key_table.h"

struct l3;

struct connected_entry {
	uint16_t port;	// LIMIT_PORTS for broadcast addresses, which ports may share
	uint32_t count; // addresses that need it
	uint32_t prefix;
	uint8_t plen;
};

struct connected {
	struct key_table keys;
	struct connected_entry *entries; // by slot of `keys`
};

int connected_init(struct connected *c, uint32_t max);
void connected_fini(struct connected *c);

// A prefix of a port: its glean adjacency, and for /30 and shorter its network and broadcast
// addresses. /32 has no effect. -EEXIST: another port has the prefix; -ENODEV: unknown port;
// -ENOSPC.
int connected_add(struct l3 *l3, uint16_t port, rte_be32_t prefix, uint8_t plen);
int connected_del(struct l3 *l3, uint16_t port, rte_be32_t prefix, uint8_t plen); // -ENOENT
void connected_port_clear(struct l3 *l3, uint16_t port);

// An own address: ADJ_LOCAL with obj_address id `address_id`. -EEXIST, -ENODEV, -ENOSPC.
int local_add(struct l3 *l3, uint16_t port, rte_be32_t addr, uint32_t address_id);
int local_del(struct l3 *l3, rte_be32_t addr); // -ENOENT
