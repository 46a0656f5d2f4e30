// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets of new flows to the external address and port of a mapping: from outside, and from other
// private hosts (hairpin, RFC 4787 REQ-9).
#pragma once

#include "dataplane/nat/apply.h"

// The packet belongs to no session. NAT_LOCAL when no mapping has its destination.
rte_edge_t nat_to_mapping(
	struct worker *w, struct rte_mbuf *m, struct meta *meta, const struct nat_own *own);
