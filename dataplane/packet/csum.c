// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Checksums over whole packets: only for what cannot be updated incrementally.

#include "dataplane/packet/csum.h"

#include <errno.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "dataplane/packet/meta.h"

uint16_t csum_compute(const void *data, uint32_t len)
{
	return (uint16_t)~rte_raw_cksum(data, len);
}

// rte_raw_cksum_mbuf() loses carries when a segment starts at an odd offset of the data.
int csum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint16_t *sum)
{
	uint64_t total = 0;
	bool odd = false;

	if (off > m->pkt_len || len > m->pkt_len - off)
		return -EINVAL;
	for (; len > 0; m = m->next) {
		uint32_t n;
		uint16_t part;

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		n = RTE_MIN(len, m->data_len - off);
		part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
		total += odd ? rte_bswap16(part) : part;
		odd ^= n & 1;
		len -= n;
		off = 0;
	}
	*sum = csum_fold(total);
	return 0;
}

// Offset of the checksum of a packet that is TCP or UDP, from mbuf data start.
static uint32_t csum_offset(const struct meta *meta)
{
	return meta->l4_off + (meta->proto == IPPROTO_TCP
					      ? offsetof(struct rte_tcp_hdr, cksum)
					      : offsetof(struct rte_udp_hdr, dgram_cksum));
}

int packet_csum_finish(struct rte_mbuf *m, struct meta *meta)
{
	uint32_t len = meta->ip_len - (meta->l4_off - meta->l3_off);
	uint16_t sum;
	int ret;

	if (!(meta->flags & META_CSUM_PARTIAL))
		return 0;
	// The field itself holds the sum of the pseudo-header and is part of what is summed.
	ret = csum_mbuf(m, meta->l4_off, len, &sum);
	if (ret < 0)
		return ret;
	sum = (uint16_t)~sum;
	if (meta->proto == IPPROTO_UDP)
		sum = csum_nonzero(sum);
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, csum_offset(meta)), &sum, sizeof(sum));
	meta->flags &= ~META_CSUM_PARTIAL;
	return 0;
}

void packet_csum_offload(struct rte_mbuf *m, const struct meta *meta)
{
	if (!(meta->flags & META_CSUM_PARTIAL))
		return;
	m->tx_offload = 0;
	m->l2_len = meta->l3_off;
	m->l3_len = meta->l4_off - meta->l3_off;
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | (meta->proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM
									: RTE_MBUF_F_TX_UDP_CKSUM);
}
