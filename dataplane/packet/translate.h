// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The one translation of addresses and ports, for every kind of NAT and for the packets that ICMP
// errors quote. Checksums are updated incrementally, so a wrong one stays wrong (RFC 3022 4.1).
#pragma once

#include <rte_mbuf.h>

#include "dataplane/packet/meta.h"
#include "dataplane/packet/tuple.h"

// Gives a parsed packet the tuple `to`: addresses always, ports or ICMP query id when it has them
// (META_HAS_PORTS). Partial checksums and all fragments are handled; a UDP checksum of zero stays
// zero. to->proto is not used. Metadata is true again afterwards. Not for the quote of an ICMP
// error: that is packet_translate_error().
void packet_translate(struct rte_mbuf *m, struct meta *meta, const struct tuple *to);

// Gives the packet that an ICMP error quotes the tuple `quoted_to` (as quoted: its source stays the
// quoted source), and the error itself the addresses `src` and `dst`. Checksums inside the quote
// are updated where their bytes are present. 0, -EINVAL when the packet is no ICMP error, -EMSGSIZE
// when the quote is not all in the first segment, or -EBADMSG when its checksum is wrong (RFC 5508
// REQ-3; that of a fragment is not known); nothing is changed then.
int packet_translate_error(struct rte_mbuf *m, struct meta *meta, const struct tuple *quoted_to,
	rte_be32_t src, rte_be32_t dst);
