// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Filtering of what comes to a mapping from outside (RFC 4787 5). For address-dependent filtering
// the mapping has a peer record for each remote address that it has sessions with: a slot of the
// mappings' slab, found by (mapping, remote address), counted by those sessions.
#pragma once

#include "dataplane/session/table.h"

// Whether a mapping takes a packet of a new flow from a remote address (network order).
bool nat_filter_passes(const struct session_table *t, uint32_t mapping, uint32_t remote);

// Turns the caller's reference to a mapping into one to its record of the remote address; on error
// the caller keeps it. 0, -ENOSPC, -ENOBUFS, -EAGAIN.
int nat_peer_get(struct session_table *t, uint32_t *mapping, uint32_t remote, uint32_t tick);
