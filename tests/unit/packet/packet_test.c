// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Buffers and comparisons for the packet library's tests.

#include "tests/unit/packet/packet_test.h"

#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ip.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/icmp_error.h"
#include "dataplane/packet/parse_plain.h"
#include "dataplane/packet/rewrite.h"
#include "dataplane/packet/translate.h"

#define POOL_SIZE 1023
#define POISON	  0xa5
#define IN_PORT	  77

const struct shape shapes[] = {
	{ 2048, 2048 },
	{ 1, 61 },
	{ 13, 7 },
	{ 14, 20 },
	{ 33, 1 },
	{ 34, 8 },
	{ 41, 2000 },
	{ 54, 333 },
	{ 61, 3 },
	{ 100, 1999 },
};
const unsigned int nb_shapes = RTE_DIM(shapes);
const struct rte_ether_addr own_mac = { { 2, 0, 0, 0, 0, 1 } };

int packet_setup(void **state)
{
	char text[][16] = { "test", "--no-huge", "--no-pci", "-m", "128", "--no-telemetry",
		"--no-shconf", "--iova-mode=va", "-l", "0", "--log-level=4" };
	char *args[RTE_DIM(text)];
	int ret;

	for (unsigned int i = 0; i < RTE_DIM(args); i++)
		args[i] = text[i];
	ret = rte_eal_init(RTE_DIM(args), args);
	if (ret < 0)
		return -1;
	*state = rte_pktmbuf_pool_create("test", POOL_SIZE, 0, sizeof(struct meta),
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return *state == NULL ? -1 : 0;
}

struct rte_mempool *packet_pool(void)
{
	return rte_mempool_lookup("test");
}

int packet_teardown(void **state)
{
	unsigned int free_mbufs = rte_mempool_avail_count(*state);

	rte_mempool_free(*state);
	rte_eal_cleanup();
	return free_mbufs == POOL_SIZE ? 0 : -1;
}

static void free_exact(void *addr, void *info)
{
	free(addr);
	free(info);
}

struct rte_mbuf *mbuf_exact(const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(packet_pool());
	struct rte_mbuf_ext_shared_info *info = malloc(sizeof(*info));
	uint8_t *buf = malloc(len);

	assert_non_null(m);
	assert_non_null(info);
	assert_non_null(buf);
	info->free_cb = free_exact;
	info->fcb_opaque = info;
	rte_mbuf_ext_refcnt_set(info, 1);
	memcpy(buf, data, len);
	rte_pktmbuf_attach_extbuf(m, buf, RTE_BAD_IOVA, (uint16_t)len, info);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return m;
}

struct rte_mbuf *mbuf_shaped(const struct frame *frame, const struct shape *shape)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(packet_pool()), *last = head;
	uint32_t done = RTE_MIN(frame->len, shape->first);

	assert_non_null(head);
	memcpy(rte_pktmbuf_append(head, (uint16_t)done), frame->data, done);
	while (done < frame->len) {
		uint32_t n = RTE_MIN(frame->len - done, shape->rest);
		struct rte_mbuf *seg = rte_pktmbuf_alloc(packet_pool());

		// Many small segments are tried with the headers only.
		if (head->nb_segs > 300)
			n = RTE_MIN(frame->len - done, 2000u);
		assert_non_null(seg);
		memcpy(rte_pktmbuf_append(seg, (uint16_t)n), frame->data + done, n);
		last->next = seg;
		last = seg;
		head->nb_segs++;
		head->pkt_len += n;
		done += n;
	}
	return head;
}

static void preset(struct meta *meta)
{
	meta->side = SIDE_PUBLIC;
	meta->in_port = IN_PORT;
}

static void poison(struct rte_mbuf *m, bool rx_partial)
{
	memset(mbuf_meta(m), POISON, sizeof(struct meta));
	preset(mbuf_meta(m));
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	if (rx_partial)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

static bool same_packet(struct rte_mbuf *a, struct rte_mbuf *b)
{
	return a->data_len == b->data_len && a->pkt_len == b->pkt_len &&
	       (a->ol_flags & ~RTE_MBUF_F_EXTERNAL) == (b->ol_flags & ~RTE_MBUF_F_EXTERNAL) &&
	       memcmp(mbuf_meta(a), mbuf_meta(b), sizeof(struct meta)) == 0;
}

// The parser's short cut and a packet of its own: what it takes, it must leave as packet_parse()
// does, and what it does not take, as it was. Returns the packet.
static struct rte_mbuf *plain_copy(struct rte_mbuf *m, bool *took)
{
	struct rte_mbuf *copy = mbuf_exact(rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
	uint64_t own = 0;

	memcpy(&own, &own_mac, sizeof(own_mac));
	copy->ol_flags |= m->ol_flags;
	memcpy(mbuf_meta(copy), mbuf_meta(m), sizeof(struct meta));
	*took = packet_parse_plain(
		copy, mbuf_meta(copy), plain_own(&own), plain_arrival(SIDE_PUBLIC, IN_PORT));
	if (!*took && !same_packet(copy, m))
		abort();
	return copy;
}

enum parse_result parse_poisoned(struct rte_mbuf *m, bool rx_partial)
{
	struct rte_mbuf *copy = NULL;
	enum parse_result result;
	bool took = false;

	poison(m, rx_partial);
	if (m->nb_segs == 1)
		copy = plain_copy(m, &took);
	result = packet_parse(m, mbuf_meta(m), &own_mac);
	if (took && (result != PARSE_IP4 || !same_packet(copy, m)))
		abort();
	rte_pktmbuf_free(copy);
	return result;
}

struct meta expected_meta(const struct meta *vector)
{
	struct meta meta = *vector;

	preset(&meta);
	return meta;
}

bool packet_is(const struct rte_mbuf *m, const struct frame *frame)
{
	const char *why;
	uint32_t done = 0;

	if (rte_mbuf_check(m, 1, &why) != 0 || m->pkt_len != frame->len)
		return false;
	for (; m != NULL; m = m->next) {
		if (memcmp(rte_pktmbuf_mtod(m, const void *), frame->data + done, m->data_len) != 0)
			return false;
		done += m->data_len;
	}
	return done == frame->len;
}

void repair_frame(uint8_t *data, uint32_t len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(data + 14);

	if (len < 14 + sizeof(*ip) || rte_ipv4_hdr_len(ip) < sizeof(*ip) ||
		len < 14u + rte_ipv4_hdr_len(ip))
		return;
	ip->total_length = rte_cpu_to_be_16(len - 14);
	if (ip->next_proto_id == IPPROTO_UDP && len >= 14u + rte_ipv4_hdr_len(ip) + 6) {
		uint16_t udp = rte_cpu_to_be_16(len - 14 - rte_ipv4_hdr_len(ip));
		memcpy(data + 14 + rte_ipv4_hdr_len(ip) + 4, &udp, sizeof(udp));
	}
	ip->hdr_checksum = 0;
	ip->hdr_checksum = csum_compute(ip, rte_ipv4_hdr_len(ip));
}

// Makes the checksum of an ICMP error right, so that the packet is not refused for it.
static void repair_icmp(struct rte_mbuf *m, const struct meta *meta)
{
	uint16_t *field = rte_pktmbuf_mtod_offset(m, uint16_t *, meta->l4_off + 2);
	uint16_t sum;

	if (csum_mbuf(m, meta->l4_off, meta->ip_len - (meta->l4_off - meta->l3_off), &sum) == 0)
		*field = csum_fold((uint64_t)*field + (uint16_t)~sum);
}

bool exercise(struct rte_mbuf *m)
{
	const struct tuple to = { RTE_BE32(0x01020304), RTE_BE32(0x05060708), 9, 10, 0 };
	struct meta *meta = mbuf_meta(m);
	struct tuple quoted;
	uint16_t flags;
	int ret;

	packet_decrement_ttl(m, meta);
	packet_translate(m, meta, &to);
	if (meta->flags & META_ICMP_ERROR) {
		packet_quoted_tuple(m, meta, &quoted, &flags);
		repair_icmp(m, meta);
		if (packet_translate_error(m, meta, &to, to.src, to.dst) != 0)
			return false;
	}
	if (packet_csum_finish(m, meta) != 0)
		return false;
	ret = packet_make_icmp_error(m, meta, 11, 0, 0, to.src);
	return ret == 0 || ret == -EPERM || ret == -ENOBUFS;
}
