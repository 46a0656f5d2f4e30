// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Building the NAT section from the objects of a configuration: the steps of rules.c. Control
// thread only.
#pragma once

#include "dataplane/api/errors.h"
#include "dataplane/api/objects.h"
#include "dataplane/nat/rules.h"

struct dataplane;

// What a change of the configuration does to an object, or to what it names.
enum nat_change {
	NAT_ALTERED = 1,	    // its sessions are over where it would not make them any more
	NAT_OVER = 2 | NAT_ALTERED, // removed, added, or its sessions are all over
};

// enum nat_change by object id, 0: stays as it is.
struct nat_changes {
	uint8_t address[LIMIT_ADDRESSES]; // NAT_OVER: or the role of its port is another one
	uint8_t service[LIMIT_SERVICES];
	// Rules: they, or an address or port that they name.
	uint8_t eip[LIMIT_EIPS];
	uint8_t forward[LIMIT_PORT_FORWARDS];
	uint8_t snat[NAT_SNAT_EPOCHS]; // and source NAT towards private ports
};

struct nat_build {
	struct dataplane *dp;
	const struct objects *objects; // the new configuration
	const struct nat_changes *changes;
	struct nat_section *section;
	struct txn_errors *errors;
};

// Each: 0 or negative errno, with errors for what an object causes.
int nat_build_forwards(struct nat_build *b); // EIPs and port forwards, own and target tables
int nat_build_snat(struct nat_build *b);     // SNAT rules and their pools
int nat_check_settings(struct nat_build *b);
// After the others: the order to end what altered rules would not make any more.
int nat_build_ending(struct nat_build *b);

// Reserves the ports of forwards on external addresses, and counts those that SNAT may claim: of
// the addresses that a change concerns. `old` is the section in force, NULL: none.
void nat_activate_ports(struct dataplane *dp, const struct nat_section *old,
	const struct nat_section *s, const struct objects *next, const struct nat_changes *changes);

// The timers of the new configuration, for sessions that exist, too.
void nat_apply_settings(struct dataplane *dp, const struct objects *next);

// The epoch that sessions of a rule get under the new configuration: the current one, or the next
// one when all sessions of the rule are over.
uint32_t nat_rule_epoch(const struct nat_build *b, unsigned int kind, uint32_t id);

// Compares the configurations `a` and `b`, in one walk over both.
void nat_compare(const struct objects *a, const struct objects *b, struct nat_changes *out);

// Gives every rule whose sessions are all over its next epoch.
void nat_epochs_advance(struct dataplane *dp, const struct nat_changes *changes);

// The address object of an id as an own address, NULL (with an error) when there is none.
const struct obj_address *nat_address_of(
	struct nat_build *b, unsigned int kind, uint32_t rule, const char *field, uint32_t address);

static inline rte_be32_t nat_addr(const struct msg_addr *a)
{
	rte_be32_t v;

	memcpy(&v, a->bytes, sizeof(v));
	return v;
}

static inline rte_be32_t nat_mask(uint8_t plen)
{
	return plen == 0 ? 0 : rte_cpu_to_be_32(UINT32_MAX << (32 - plen));
}
