// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Frames from and to a TAP, each with one system call. Punt thread.
#include "dataplane/punt/tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "dataplane/packet/csum.h"

#define WRITE_SEGS 64 // of a frame to the kernel

// Puts a buffer where the last frame took one. False when the pool is empty.
static bool refill(struct tap *t)
{
	t->iov[0] = (struct iovec){ &t->header, sizeof(t->header) };
	for (unsigned int i = 0; i < t->n_segs; i++) {
		if (t->seg[i] != NULL)
			continue;
		t->seg[i] = rte_pktmbuf_alloc(t->pool);
		if (t->seg[i] == NULL)
			return false;
		t->iov[1 + i].iov_base = rte_pktmbuf_mtod(t->seg[i], void *);
		t->iov[1 + i].iov_len = rte_pktmbuf_tailroom(t->seg[i]);
	}
	return true;
}

// Makes a packet of the buffers that a frame of `len` bytes filled.
static struct rte_mbuf *take(struct tap *t, uint32_t len)
{
	struct rte_mbuf *head = t->seg[0], *last = NULL;

	head->pkt_len = len;
	head->nb_segs = 0;
	for (unsigned int i = 0; len > 0; i++) {
		struct rte_mbuf *seg = t->seg[i];
		uint16_t part = rte_pktmbuf_tailroom(seg);

		seg->data_len = (uint16_t)RTE_MIN(part, len);
		len -= seg->data_len;
		head->nb_segs++;
		if (last != NULL)
			last->next = seg;
		last = seg;
		t->seg[i] = NULL;
	}
	return head;
}

// The protocol of an unfragmented IPv4 packet whose L4 header starts at `l4`, else 0.
static uint8_t l4_proto(const struct rte_mbuf *m, uint16_t l4)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
	const rte_be16_t fragment = RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK);

	if (m->data_len < sizeof(*eth) + sizeof(*ip) ||
		eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) || ip->version != 4 ||
		sizeof(*eth) + rte_ipv4_hdr_len(ip) != l4 || (ip->fragment_offset & fragment) != 0)
		return 0;
	return ip->next_proto_id;
}

// A partial checksum that the router can carry on is marked; one of anything else (IPv6, a tunnel)
// is completed here. 0, or -EINVAL when the header lies about the packet.
static int partial_checksum(struct rte_mbuf *m, uint16_t start, uint16_t offset)
{
	uint8_t proto = l4_proto(m, start);
	uint32_t field = (uint32_t)start + offset;
	uint16_t sum, checksum;

	if ((proto == IPPROTO_TCP && offset == offsetof(struct rte_tcp_hdr, cksum)) ||
		(proto == IPPROTO_UDP && offset == offsetof(struct rte_udp_hdr, dgram_cksum))) {
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
		return 0;
	}
	if (field + sizeof(checksum) > m->data_len ||
		csum_mbuf(m, start, m->pkt_len - start, &sum) < 0)
		return -EINVAL;
	// The field holds the pseudo-header's sum and so is part of `sum`. 0 would mean "none" in
	// UDP, and 0xffff is the same sum for all others.
	checksum = csum_nonzero(csum_update(0xffff, sum));
	memcpy(rte_pktmbuf_mtod_offset(m, void *, field), &checksum, sizeof(checksum));
	return 0;
}

// One frame. 1: in *out; 0: read and dropped; negative errno: there is none.
static int read_frame(struct tap *t, struct rte_mbuf **out)
{
	bool ready = refill(t);
	// Without a buffer the frame is taken from the kernel's queue all the same, and cut off.
	ssize_t n = readv(t->fd, t->iov, ready ? 1 + (int)t->n_segs : 1);
	ssize_t len = n - (ssize_t)sizeof(t->header);

	if (n < 0)
		return -errno;
	if (!ready || len < RTE_ETHER_HDR_LEN || len > TAP_FRAME_MAX ||
		t->header.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return 0;
	*out = take(t, (uint32_t)len);
	if ((t->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0 &&
		partial_checksum(*out, t->header.csum_start, t->header.csum_offset) < 0) {
		rte_pktmbuf_free(*out);
		return 0;
	}
	return 1;
}

uint16_t tap_read(struct tap *t, struct rte_mbuf **pkts, uint16_t n, uint64_t *drops)
{
	uint16_t got = 0;

	for (uint16_t i = 0; i < n; i++) {
		int ret = read_frame(t, &pkts[got]);

		if (ret < 0)
			break;
		got += (uint16_t)ret;
		*drops += ret == 0;
	}
	return got;
}

// What tells the kernel of the packet's partial checksum.
static struct virtio_net_hdr_v1 write_header(const struct rte_mbuf *m)
{
	struct virtio_net_hdr_v1 header = { 0 };
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;

	if (l4 == RTE_MBUF_F_TX_TCP_CKSUM)
		header.csum_offset = offsetof(struct rte_tcp_hdr, cksum);
	else if (l4 == RTE_MBUF_F_TX_UDP_CKSUM)
		header.csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum);
	else
		return header;
	header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header.csum_start = (uint16_t)(m->l2_len + m->l3_len);
	return header;
}

int tap_write(struct tap *t, const struct rte_mbuf *m)
{
	struct virtio_net_hdr_v1 header = write_header(m);
	struct iovec iov[1 + WRITE_SEGS] = { { &header, sizeof(header) } };
	int n = 1;

	for (; m != NULL; m = m->next) {
		if (n > WRITE_SEGS)
			return -EMSGSIZE;
		iov[n].iov_base = rte_pktmbuf_mtod(m, void *);
		iov[n++].iov_len = m->data_len;
	}
	return writev(t->fd, iov, n) < 0 ? -errno : 0;
}
