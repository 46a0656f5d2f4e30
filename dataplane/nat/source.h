// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The source NAT part of a new session: its host, with the limits, and its mapping, with the port.
// Used by nat_create().
#pragma once

#include "dataplane/nat/create.h"

static inline struct mapping_key nat_host_key(const struct nat_source *snat, uint32_t addr)
{
	return (struct mapping_key){ .addr = addr,
		.rule = snat->rule,
		.epoch = (uint16_t)snat->epoch,
		.domain = DOMAIN_HOST };
}

// Of a flow's source.
static inline struct mapping_key nat_mapping_key(
	const struct nat_source *snat, const struct session_key *flow)
{
	return (struct mapping_key){ .addr = flow->src,
		.rule = snat->rule,
		.port = flow->sport,
		.epoch = (uint16_t)snat->epoch,
		.proto = flow->proto,
		.domain = DOMAIN_MAPPING };
}

// Finds or makes the host of the request's source and charges one session to it. On success the
// caller owns a reference. 0, -EUSERS, -EDQUOT, -ENOSPC, -ENOBUFS, -EAGAIN.
int nat_host_charge(struct session_table *t, const struct nat_request *rq, uint32_t *host);

// Takes the charge and the reference back.
void nat_host_uncharge(struct session_table *t, uint32_t host, enum port_class class);

// The host's address in the rule's pool; NULL when it is not there (any more).
const struct nat_address *nat_paired_address(
	const struct session_table *t, const struct nat_source *snat, uint32_t host);

// Whether the rule gives flows this external address and port (network order), as far as the
// protocol has ports.
bool nat_source_gives(const struct nat_source *snat, uint32_t addr, uint8_t proto, uint16_t port);

// Finds or makes the mapping of the request's source, with a reference for the caller. 0,
// -EADDRNOTAVAIL, -ENOSPC, -ENOBUFS, -EAGAIN.
int nat_mapping_get(struct session_table *t, const struct nat_request *rq, uint32_t host,
	struct nat_worker *w, uint32_t *mapping);

// Gives the reference back; the sweeper ends the mapping when nobody else uses it.
void nat_mapping_put(struct session_table *t, uint32_t mapping);
