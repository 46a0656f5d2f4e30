// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The one translation of addresses and ports, for every kind of NAT and for the packets that ICMP
// errors quote. Checksums are updated incrementally, so a wrong one stays wrong (RFC 3022 4.1).
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/meta.h"
#include "dataplane/packet/tuple.h"

// Gives a parsed packet the tuple `to`: addresses always, ports or ICMP query id when it has them
// (META_HAS_PORTS). Partial checksums and all fragments are handled; a UDP checksum of zero stays
// zero. to->proto is not used. Metadata is true again afterwards. Not for the quote of an ICMP
// error: that is packet_translate_error().
void packet_translate(struct rte_mbuf *m, struct meta *meta, const struct tuple *to);

// The translation of a flow as words: addresses and ports as they lie in a packet, and what they
// add to a sum, folded and not 0.
struct translation {
	uint64_t addresses;
	uint32_t ports;
	uint16_t diff_addresses;
	uint16_t diff_all;
};

// Whether packet_translate_words() may be used.
static inline bool packet_is_plain(const struct meta *meta)
{
	return (meta->proto == IPPROTO_UDP || meta->proto == IPPROTO_TCP) &&
	       !(meta->flags & (META_FRAG_FIRST | META_FRAG_OTHER));
}

// Gives a TCP or UDP packet, no fragment, new addresses and ports. `hop`: a difference of the
// header that is none of the pseudo-header, 0 for none. Metadata stays what it was.
static __rte_always_inline void packet_translate_words(
	struct rte_mbuf *m, const struct meta *meta, const struct translation *t, uint64_t hop)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *ip = frame + meta->l3_off, *l4 = frame + meta->l4_off;
	bool udp = meta->proto == IPPROTO_UDP;
	uint8_t *field = l4 + (udp ? offsetof(struct rte_udp_hdr, dgram_cksum)
				   : offsetof(struct rte_tcp_hdr, cksum));
	uint16_t header, csum;

	memcpy(&header, ip + offsetof(struct rte_ipv4_hdr, hdr_checksum), sizeof(header));
	memcpy(&csum, field, sizeof(csum));
	header = csum_update(header, t->diff_addresses + hop);
	if (unlikely(meta->flags & META_CSUM_PARTIAL))
		csum = csum_update_partial(csum, t->diff_addresses);
	else if (!udp)
		csum = csum_update(csum, t->diff_all);
	else if (likely(csum != 0)) // none: RFC 768
		csum = csum_nonzero(csum_update(csum, t->diff_all));
	memcpy(ip + offsetof(struct rte_ipv4_hdr, hdr_checksum), &header, sizeof(header));
	memcpy(field, &csum, sizeof(csum));
	memcpy(ip + offsetof(struct rte_ipv4_hdr, src_addr), &t->addresses, 8);
	memcpy(l4, &t->ports, 4);
}

// Gives the packet that an ICMP error quotes the tuple `quoted_to` (as quoted: its source stays the
// quoted source), and the error itself the addresses `src` and `dst`. Checksums inside the quote
// are updated where their bytes are present. 0, -EINVAL when the packet is no ICMP error, -EMSGSIZE
// when the quote is not all in the first segment, or -EBADMSG when its checksum is wrong (RFC 5508
// REQ-3; that of a fragment is not known); nothing is changed then.
int packet_translate_error(struct rte_mbuf *m, struct meta *meta, const struct tuple *quoted_to,
	rte_be32_t src, rte_be32_t dst);
