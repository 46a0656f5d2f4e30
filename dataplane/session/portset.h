// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Port state of external addresses: which ports and ICMP ids are claimed, and by which mapping.
// Workers claim and release with one atomic operation on one bit; the control thread decides which
// addresses have port state and which ports are reserved for others.
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PORT_WORDS	 (65536 / 64)
#define PORT_RANGES_MAX	 4
#define PORT_CLAIM_WORDS 16 // bitmap words that one claim looks at

// Ports are given to hosts in blocks of 1 to 64 units (powers of two), aligned to their size.
#define PORT_UNIT	 64 // ports, a word of the bitmaps
#define PORT_UNITS	 (65536 / PORT_UNIT)
#define PORT_UNITS_BLOCK 64 // the largest block's
#define PORT_UNIT_WORDS	 (PORT_UNITS / 64)

enum port_class {
	PORT_TCP,
	PORT_UDP,
	PORT_ICMP, // query ids
	PORT_CLASSES,
};

// Class of an IP protocol; -1 for those without ports that NAT could change.
static inline int port_class(uint8_t proto)
{
	return proto == 6 ? PORT_TCP : proto == 17 ? PORT_UDP : proto == 1 ? PORT_ICMP : -1;
}

// Class that a host's session of a protocol counts in: those without ports count as queries do.
static inline enum port_class port_class_charged(uint8_t proto)
{
	return port_class(proto) < 0 ? PORT_ICMP : (enum port_class)port_class(proto);
}

// Ports are in host order in this header.
struct port_range {
	uint16_t first;
	uint16_t last; // inclusive; below first: an empty range
};

// Ports in all ranges, which do not overlap.
uint32_t port_ranges_size(const struct port_range *ranges, unsigned n_ranges);

// Port number `i` of the ranges, i < port_ranges_size().
uint16_t port_ranges_at(const struct port_range *ranges, unsigned n_ranges, uint32_t i);

bool port_ranges_have(const struct port_range *ranges, unsigned n_ranges, uint16_t port);

// A random number below n; `rng` is the caller's random state, never 0.
uint32_t port_random(uint64_t *rng, uint32_t n);

struct port_space {
	_Atomic uint64_t claimed[PORT_WORDS];
	_Atomic uint64_t reserved[PORT_WORDS]; // never claimed
	_Atomic uint32_t owner[65536];	       // mapping slot + 1
};

// Which blocks hosts have: see blocks.h.
struct port_blocks {
	_Atomic uint64_t taken[PORT_UNIT_WORDS]; // a bit for each unit
	_Atomic uint64_t holder[PORT_UNITS];	 // by first unit: host (slot + 1) << 32 | users
};

// What lies apart from its port set.
struct port_tables {
	struct port_space space[PORT_CLASSES];
	struct port_blocks blocks;
};

// In the arena, resident; its tables lie apart and become resident when it is acquired.
struct portset {
	alignas(64) uint32_t addr;    // network order
	uint32_t state;		      // enum portset_use, control thread only
	uint64_t tables_off;	      // bytes from here to its struct port_tables
	uint32_t ports[PORT_CLASSES]; // that rules may claim, control thread only
	uint32_t blocks;	      // the same, 0: its rules give no blocks
	alignas(64) _Atomic uint32_t used[PORT_CLASSES];
	_Atomic uint32_t blocks_used;
};

enum portset_use {
	PORTSET_FREE,
	PORTSET_ACTIVE,
	PORTSET_DRAINING, // its address is gone, ports may still be claimed
};

struct portsets {
	struct portset *sets;
	uint32_t n;
};

static inline struct port_tables *portset_tables(const struct portset *portset)
{
	return (struct port_tables *)((uintptr_t)portset + portset->tables_off);
}

static inline struct port_space *portset_space(const struct portset *portset, enum port_class class)
{
	return &portset_tables(portset)->space[class];
}

// Lays out n free port sets over zeroed memory: sets, and the tables of each.
void portsets_init(struct portset *sets, uint32_t n, struct port_tables *tables);

// The port set of an address, made active; the same one for the same address. Does not touch its
// spaces. -ENOSPC when all sets are in use. Control thread.
int portsets_acquire(struct portsets *p, uint32_t addr, struct portset **portset);

// The address is gone and no worker's configuration names it any more; the set is reused when its
// last port and block are released. Control thread.
void portsets_drop(struct portset *portset);

// A configuration that names the set comes into force: one before it may have dropped the set since
// it was acquired. Control thread.
void portsets_keep(struct portset *portset);

// Reserves a port range (port forwards, listeners), or gives it back. A port that is claimed stays
// so until its mapping ends. Control thread.
void portset_reserve(struct portset *portset, enum port_class class, struct port_range range);
void portset_unreserve(struct portset *portset, enum port_class class, struct port_range range);
// Reserves exactly the ports whose bits are set, and gives all others back.
void portset_reserve_these(
	struct portset *portset, enum port_class class, const uint64_t ports[PORT_WORDS]);

// Claims a port inside the ranges: the wanted one if it is free, else the first free one from a
// random place on, PORT_CLAIM_WORDS bitmap words at most. `rng` is the caller's random state.
// 0 or -EADDRNOTAVAIL.
int portset_claim(struct portset *portset, enum port_class class, uint16_t wanted,
	const struct port_range *ranges, unsigned n_ranges, uint64_t *rng, uint16_t *port);

// Starts loading the bits of a port, or its owner.
void portset_prefetch(const struct portset *portset, enum port_class class, uint16_t port);
void portset_prefetch_owner(const struct portset *portset, enum port_class class, uint16_t port);

// What portset_claim() would take now if its random place were `start` and its first bitmap word
// all that it looks at; 0: nothing.
uint16_t portset_find(const struct portset *portset, enum port_class class, uint16_t wanted,
	uint16_t start, const struct port_range *ranges, unsigned n_ranges);

void portset_set_owner(
	struct portset *portset, enum port_class class, uint16_t port, uint32_t mapping);

// Mapping (slot + 1) that holds a port, 0 for none.
uint32_t portset_owner(const struct portset *portset, enum port_class class, uint16_t port);

enum port_state {
	PORT_STATE_FREE,
	PORT_STATE_RESERVED,
	PORT_STATE_CLAIMED,
};

enum port_state portset_state(const struct portset *portset, enum port_class class, uint16_t port);

// Gives a claimed port back, and forgets its owner first.
void portset_release(struct portset *portset, enum port_class class, uint16_t port);

static inline uint32_t portset_used(const struct portset *portset, enum port_class class)
{
	return atomic_load_explicit(&portset->used[class], memory_order_relaxed);
}
