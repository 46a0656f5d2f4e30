// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The options of a SYN (RFC 9293 3.1). The parser has all of the TCP header in the first segment,
// and its length is at most that of the packet.
#include "dataplane/packet/mss.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "dataplane/packet/csum.h"

#define TCP_OPTION_END	0
#define TCP_OPTION_NOP	1
#define TCP_OPTION_MSS	2
#define TCP_MSS_LENGTH	4
#define HEADERS_MINIMAL ((uint16_t)(sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_tcp_hdr)))

// The value of the MSS option, NULL: none, or the options are malformed before it.
static uint8_t *find_mss(struct rte_tcp_hdr *tcp)
{
	uint8_t *opt = (uint8_t *)(tcp + 1);
	unsigned int left = (tcp->data_off >> 4) * 4 - sizeof(*tcp), len;

	for (; left > 0 && *opt != TCP_OPTION_END; opt += len, left -= len) {
		len = 1;
		if (*opt == TCP_OPTION_NOP)
			continue;
		if (left < 2 || opt[1] < 2 || opt[1] > left)
			return NULL;
		len = opt[1];
		if (*opt == TCP_OPTION_MSS)
			return len == TCP_MSS_LENGTH ? opt + 2 : NULL;
	}
	return NULL;
}

void packet_clamp_mss(struct rte_mbuf *m, const struct meta *meta, uint16_t mtu)
{
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, meta->l4_off);
	uint8_t *value = find_mss(tcp);
	rte_be16_t now, want;
	uint64_t diff;

	if (value == NULL || mtu <= HEADERS_MINIMAL)
		return;
	memcpy(&now, value, sizeof(now));
	want = rte_cpu_to_be_16(mtu - HEADERS_MINIMAL);
	if (rte_be_to_cpu_16(now) <= rte_be_to_cpu_16(want))
		return;
	memcpy(value, &want, sizeof(want));
	if (meta->flags & META_CSUM_PARTIAL) // of the pseudo-header alone
		return;
	diff = csum_diff16(now, want);
	// At an odd offset the bytes are in the other halves of their words (RFC 1071 2 B).
	if ((value - (uint8_t *)tcp) & 1)
		diff = csum_diff16(rte_bswap16(now), rte_bswap16(want));
	tcp->cksum = csum_update(tcp->cksum, diff);
}
