// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Makes the ICMP error about a packet out of the packet itself (RFC 792, RFC 1812 4.3.2).
#pragma once

#include <rte_mbuf.h>

#include "dataplane/packet/meta.h"

// Turns `m` into the ICMP error `type`/`code` about itself, from address `from` to its source, with
// new metadata (META_GENERATED, side and port of arrival kept) and an Ethernet header of which only
// the type is set. `mtu` goes into type 3 code 4 (RFC 1191). The packet must still be as received:
// what is quoted is what it is now. 0; -EPERM when no error may be sent about it (it is an ICMP
// error itself, a later fragment, not unicast, or from no single host: RFC 1122 3.2.2), -ENOBUFS
// when there is no headroom, -EINVAL when its metadata is not true. On error the packet is still
// the caller's.
int packet_make_icmp_error(struct rte_mbuf *m, struct meta *meta, uint8_t type, uint8_t code,
	uint16_t mtu, rte_be32_t from);
