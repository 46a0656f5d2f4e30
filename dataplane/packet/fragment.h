// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Cuts a packet into fragments that fit the MTU of its egress (RFC 791 3.2).
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/packet/meta.h"

// Copies the packet into fragments of at most `mtu` bytes of IP, each with the packet's Ethernet
// header and metadata, its options as RFC 791 copies them, and its own IPv4 checksum. A partial L4
// checksum is completed first. `pool` has priv_size == sizeof(struct meta).
//
// Returns the number of fragments in `out`, which are the caller's; the original is the caller's
// too, in any case. -ENOTSUP when DF is set, -ENOBUFS when more than `max` are needed, -ENOMEM when
// the pool is empty, -EINVAL when the packet fits, the MTU is below 68 (RFC 791) or the metadata is
// not true; no fragment exists then.
int packet_fragment(struct rte_mbuf *m, uint16_t mtu, struct rte_mempool *pool,
	struct rte_mbuf **out, uint16_t max);
