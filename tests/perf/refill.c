// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Writes the packets of a scenario: valid Ethernet, IPv4 and UDP headers, 64 bytes copied into each
// buffer, and the buffer as a driver hands it out. The UDP checksum is that of a 64-byte frame: no
// router looks.
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/port/port.h"
#include "tests/perf/bench.h"
#include "tests/perf/bench_port.h"

struct frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	uint8_t payload[22];
} __rte_packed __rte_aligned(2);
static_assert(sizeof(struct frame) == 64, "copied as 64 bytes");

static void make_frame(
	const struct port *in, const struct flow *flow, uint16_t bytes, struct frame *f)
{
	uint16_t len = bytes - sizeof(struct rte_ether_hdr);

	*f = (struct frame){
		.eth = { .src_addr = { { 2, 2, 2, 2, 2, 2 } },
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4) },
		.ip = { .version_ihl = RTE_IPV4_VHL_DEF,
			.total_length =
				rte_cpu_to_be_16(BENCH_FRAME - sizeof(struct rte_ether_hdr)),
			.time_to_live = 64,
			.next_proto_id = IPPROTO_UDP,
			.src_addr = flow->src,
			.dst_addr = flow->dst },
		.udp = { .src_port = rte_cpu_to_be_16(flow->sport),
			.dst_port = rte_cpu_to_be_16(flow->dport),
			.dgram_len = rte_cpu_to_be_16(len - sizeof(struct rte_ipv4_hdr)) },
	};
	memcpy(&f->eth.dst_addr, in->conf.mac, sizeof(f->eth.dst_addr));
	f->udp.dgram_cksum = rte_ipv4_udptcp_cksum(&f->ip, &f->udp);
	f->ip.total_length = rte_cpu_to_be_16(len);
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
}

static uint32_t random_flow(struct bench *b, const struct scenario *s)
{
	uint32_t id;

	if (s->fresh || b->fresh < (uint64_t)BENCH_WARM * s->flows)
		return b->fresh++ % s->flows;
	b->rng ^= b->rng << 13;
	b->rng ^= b->rng >> 7;
	b->rng ^= b->rng << 17;
	id = (uint32_t)((b->rng >> 32) * s->flows >> 32);
	if (!s->mixed)
		return id;
	return b->rng % 100 == 0 ? s->flows + b->added++ : id | (b->rng & 1 ? BENCH_REVERSE : 0);
}

// Bytes of a frame without its check sequence. IMIX: 7 of 64, 4 of 594 and 1 of 1518. What is
// beyond the headers is what was in the buffer.
static uint16_t frame_bytes(const struct scenario *s, uint64_t random)
{
	unsigned int one = random / 128 % 12;

	if (!s->mixed || one < 7)
		return BENCH_FRAME;
	return one < 11 ? 590 : 1514;
}

static void write_buffer(struct bench *b, const struct scenario *s, unsigned int i)
{
	struct rte_mbuf *m = b->buffers[i];
	uint16_t bytes = frame_bytes(s, b->rng);
	struct bench_port *in;
	struct frame frame;
	struct flow flow;

	b->flow_of[i] = random_flow(b, s);
	s->flow(b, s, b->flow_of[i], &flow);
	in = b->ports[flow.in != 0 ? flow.in : s->in];
	make_frame(in->port, &flow, bytes, &frame);
	rte_pktmbuf_reset(m);
	rte_mbuf_refcnt_set(m, 2); // a packet that is dropped stays in the rotation
	m->data_len = bytes;
	m->pkt_len = bytes;
	memcpy(rte_pktmbuf_mtod(m, void *), &frame, sizeof(frame));
	b->fill[in->port->id][in->left++] = m;
}

void bench_refill(struct bench *b, const struct scenario *s)
{
	for (unsigned int id = 1; id < BENCH_PORTS; id++) {
		b->ports[id]->next = b->fill[id];
		b->ports[id]->left = 0;
	}
	for (unsigned int i = 0; i < BENCH_BUFFERS; i++)
		write_buffer(b, s, i);
}
