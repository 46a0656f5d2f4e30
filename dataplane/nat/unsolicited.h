// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets to an external address that belong to no session: what the mappings of SNAT let in.
#pragma once

#include "dataplane/nat/apply.h"

// A packet to an own address that no session and no other rule claimed.
rte_edge_t nat_to_mapping(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_own *own);

// The live mapping of the external port that the packet goes to, TCP and UDP only; 0: none.
uint32_t nat_mapping_at(const struct worker *w, const struct meta *meta, const struct nat_own *own);

// Whether the mapping lets in a packet that comes, as the mapping's host is to see it, from the
// source (and the side) of `from`. Then *rq is what its session is to be made of; else *edge says
// what becomes of it.
bool nat_let_in(struct worker *w, struct meta *meta, uint32_t mapping,
	const struct session_key *from, struct nat_request *rq, rte_edge_t *edge);
