// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// MSS clamping: a TCP connection learns from its SYNs how large a segment the path takes here, so
// that it does not depend on ICMP errors that somebody filters (RFC 2923 2.1, RFC 4459 3.2).
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

#include "dataplane/packet/meta.h"

// Lowers the MSS option of a parsed TCP packet, which has SYN set, to what an IP MTU of `mtu` bytes
// takes; a smaller one, a malformed one and none stay. Checksums, partial ones too, stay true.
void packet_clamp_mss(struct rte_mbuf *m, const struct meta *meta, uint16_t mtu);
