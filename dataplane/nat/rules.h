// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The translation rules as workers look them up: an immutable section of the configuration set.
// EIPs and port forwards by own address, EIPs and forward targets by private address, SNAT rules by
// egress port. Each lookup costs the same however many rules there are, but for SNAT rules, which
// only the first packet of a flow looks for.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "dataplane/ip4/portmap.h"
#include "dataplane/main/limits.h"
#include "dataplane/main/set.h"
#include "dataplane/nat/create.h"

struct nat_eip {
	uint32_t id;
	uint32_t epoch;
	rte_be32_t vip;
	rte_be32_t target;
	uint16_t port;		 // of the VIP: this EIP translates what leaves there
	bool source_nat_inbound; // the target sees the router's address as the client
	uint16_t diff;		 // what a packet of the target adds to a sum when it leaves, not 0
	uint32_t next;		 // index + 1 of another EIP of the same target, 0: none
	_Atomic uint64_t adj;	 // towards the target, as in a session
};

struct nat_forward {
	uint32_t id;
	uint32_t epoch;
	rte_be32_t vip;
	rte_be32_t target;
	rte_be32_t allowed; // source prefix that may enter by the VIP's port
	rte_be32_t allowed_mask;
	uint16_t port;			    // of the VIP
	uint16_t first, last, target_first; // host order
	uint8_t proto;
};

struct nat_snat {
	struct nat_source source;
	rte_be32_t net;
	rte_be32_t mask;
	uint16_t port; // egress
	uint8_t plen;
};

// By obj_address id.
struct nat_own {
	uint32_t eip;		    // index + 1
	bool sessions;		    // packets to it may belong to sessions
	bool interface;		    // an interface's: the kernel uses ports of it, too
	bool dependent;		    // a rule with endpoint-dependent mapping maps to it
	struct portmap *forward[2]; // tcp, udp: index + 1 into forwards; NULL: none
	struct portset *portset;    // its mappings; NULL: no rule maps to it
	uint8_t block_units;	    // of the rules that map to it
};

enum nat_target_flag {
	TARGET_SESSIONS = 1, // its packets may belong to a session: look before its EIP applies
};

// Private addresses that something translates to; open addressing, at most half full.
struct nat_target {
	rte_be32_t addr; // 0: free
	uint32_t flags;	 // enum nat_target_flag
	uint32_t eip;	 // index + 1 of the first EIP, 0: none
};

#define NAT_FILTER_BITS 65536

// Own addresses; open addressing, at most half full.
struct nat_own_place {
	rte_be32_t addr; // 0: free
	uint32_t id;	 // obj_address id
};

struct nat_section {
	struct section section;
	struct nat_own *own;
	uint32_t n_own;
	struct nat_own_place *own_places;
	uint32_t own_mask; // size - 1
	struct nat_eip *eips;
	uint32_t n_eips;
	struct nat_forward *forwards;
	uint32_t n_forwards;
	struct nat_snat *snat; // by egress port, longest prefix first
	uint32_t n_snat;
	struct nat_address *pools; // of all rules, and towards private ports
	uint32_t n_pools;	   // without a port set: not used
	struct sweep_job *ending;  // begun when nobody can see the section before; NULL: none
	uint32_t snat_first[LIMIT_PORTS + 1]; // rules of port p: snat_first[p] .. snat_first[p + 1]
	struct nat_source inbound[LIMIT_PORTS]; // source NAT towards a private port, n_pool 0: none
	bool pins; // several public ports: replies leave by the one that their flow came in by
	struct nat_target *targets;
	uint32_t target_mask; // size - 1; 0: no targets
	// A bit by hash for each target: nearly all other hosts are told apart by it alone, without
	// a branch that cannot be foreseen.
	uint64_t target_filter[NAT_FILTER_BITS / 64];
	// A bit for each /12 that may lie inside: in private address space (RFC 1918, RFC 6598) or
	// that of an interface on a private port. Nothing but speed depends on it.
	uint64_t inside[4096 / 64];
};

extern const struct section_ops nat_section_ops;

// Source NAT towards a private port is not a rule of the configuration: its id lies above them.
#define NAT_INBOUND_RULE(port) (LIMIT_SNAT_RULES + (port))
#define NAT_SNAT_EPOCHS	       (LIMIT_SNAT_RULES + LIMIT_PORTS)

static inline const struct nat_section *nat_of(const struct set *set)
{
	return (const struct nat_section *)set->section[SECTION_NAT];
}

static inline bool nat_inside(const struct nat_section *s, rte_be32_t dst)
{
	uint32_t net = rte_be_to_cpu_32(dst) >> 20;

	return s->inside[net / 64] >> net % 64 & 1;
}

static inline const struct nat_own *nat_own(const struct nat_section *s, uint32_t address_id)
{
	return address_id < s->n_own ? &s->own[address_id] : NULL;
}

// The last octet, which differs most, is the highest byte: the middle of a 64-bit product depends
// on all four, that of a 32-bit one would not.
static inline uint32_t nat_target_hash(rte_be32_t addr)
{
	return (uint32_t)(addr * 0x9e3779b97f4a7c15ull >> 32);
}

// An own address of the configuration, NULL when it is none.
static inline const struct nat_own *nat_own_at(const struct nat_section *s, rte_be32_t addr)
{
	for (uint32_t i = nat_target_hash(addr);; i++) {
		const struct nat_own_place *p = &s->own_places[i & s->own_mask];

		if (likely(p->addr == addr))
			return &s->own[p->id];
		if (p->addr == 0)
			return NULL;
	}
}

// The filter takes the bits of the hash that the table does not use.
static inline uint32_t nat_filter_bit(uint32_t hash)
{
	return hash / (UINT32_MAX / NAT_FILTER_BITS + 1u);
}

static inline const struct nat_target *nat_target(const struct nat_section *s, rte_be32_t addr)
{
	uint32_t hash = nat_target_hash(addr), bit = nat_filter_bit(hash);

	if (!(s->target_filter[bit / 64] & 1ull << bit % 64))
		return NULL;
	for (uint32_t i = hash;; i++) {
		const struct nat_target *t = &s->targets[i & s->target_mask];

		if (t->addr == addr)
			return t;
		if (t->addr == 0)
			return NULL;
	}
}

// The EIP of a target on an egress port.
static inline const struct nat_eip *nat_target_eip(
	const struct nat_section *s, const struct nat_target *t, uint16_t port)
{
	for (uint32_t i = t == NULL ? 0 : t->eip; i != 0; i = s->eips[i - 1].next)
		if (s->eips[i - 1].port == port)
			return &s->eips[i - 1];
	return NULL;
}

// Binds what arrives by the address's own port; others are not restricted.
static inline bool nat_forward_allows(
	const struct nat_forward *f, uint16_t in_port, rte_be32_t client)
{
	return in_port != f->port || (client & f->allowed_mask) == f->allowed;
}

// The SNAT rule of a source that leaves by a port, NULL when it is not translated.
static inline const struct nat_snat *nat_snat(
	const struct nat_section *s, rte_be32_t src, uint16_t port)
{
	for (uint32_t i = s->snat_first[port]; i < s->snat_first[port + 1]; i++)
		if ((src & s->snat[i].mask) == s->snat[i].net)
			return &s->snat[i];
	return NULL;
}
