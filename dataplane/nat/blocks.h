// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The ports that a host may have: those of its address, or of the port blocks that it has been
// given there. Used by nat_create(); the sweeper takes blocks back.
#pragma once

#include "dataplane/nat/create.h"

struct nat_ports {
	struct portset *portset;
	const struct port_range *ranges;
	unsigned n_ranges;
	struct port_range blocks[HOST_BLOCKS]; // what `ranges` points to with blocks
};

// A claimed port.
struct nat_port {
	struct portset *portset;
	uint16_t port;	// host order
	uint16_t block; // that it is in, held for it; 0: none
};

// The ports of a host as they are now: a block may be taken back at any time, if it is not held.
// `a` is its paired address.
void nat_ports_of(const struct session_table *t, const struct nat_source *snat, uint32_t host,
	const struct nat_address *a, struct nat_ports *out);

// The ports of one block of the address.
void nat_ports_of_block(
	uint16_t block, uint32_t units, const struct nat_address *a, struct nat_ports *out);

// Claims a port in a block of the host: `wanted` if it is free there, else another one; a new block
// when none is free. 0 or -EADDRNOTAVAIL: the host has all blocks that it may have, or none is
// left.
int nat_block_port(struct session_table *t, const struct nat_source *snat, uint32_t host,
	enum port_class class, uint16_t wanted, struct nat_worker *w, struct nat_port *out);

// Gives the host one more block with a free port of the class, held for the caller. 0: it has as
// many as it may have, or none is left.
uint16_t nat_block_add(struct session_table *t, const struct nat_source *snat, uint32_t host,
	enum port_class class, struct nat_worker *w);

// Holds the block of the host that a port lies in, in place of *block (0: none). False: it is the
// host's no longer, and *block is 0.
bool nat_block_hold(const struct session_table *t, const struct nat_source *snat, uint32_t host,
	uint16_t port, uint16_t *block);

// Lets *block of the host go, which may be 0; it becomes 0.
void nat_block_let_go(const struct session_table *t, uint32_t host, uint16_t *block);
