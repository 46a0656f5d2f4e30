// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Writes the packets of a scenario: valid Ethernet, IPv4 and UDP headers, 64 bytes copied into each
// buffer, and the buffer as a driver hands it out.
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

#define IP_LEN (BENCH_FRAME - sizeof(struct rte_ether_hdr))

static void make_frame(const struct port *in, const struct flow *flow, struct frame *f)
{
	*f = (struct frame){
		.eth = { .src_addr = { { 2, 2, 2, 2, 2, 2 } },
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4) },
		.ip = { .version_ihl = RTE_IPV4_VHL_DEF,
			.total_length = RTE_BE16(IP_LEN),
			.time_to_live = 64,
			.next_proto_id = IPPROTO_UDP,
			.src_addr = flow->src,
			.dst_addr = flow->dst },
		.udp = { .src_port = rte_cpu_to_be_16(flow->sport),
			.dst_port = rte_cpu_to_be_16(flow->dport),
			.dgram_len = RTE_BE16(IP_LEN - sizeof(struct rte_ipv4_hdr)) },
	};
	memcpy(&f->eth.dst_addr, in->conf.mac, sizeof(f->eth.dst_addr));
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	f->udp.dgram_cksum = rte_ipv4_udptcp_cksum(&f->ip, &f->udp);
}

static uint32_t random_flow(struct bench *b, const struct scenario *s)
{
	if (s->fresh || b->fresh < s->flows)
		return b->fresh++ % s->flows;
	b->rng ^= b->rng << 13;
	b->rng ^= b->rng >> 7;
	b->rng ^= b->rng << 17;
	return (uint32_t)((b->rng >> 32) * s->flows >> 32);
}

void bench_refill(struct bench *b, const struct scenario *s)
{
	struct bench_port *in = b->ports[s->in];

	for (unsigned int i = 0; i < BENCH_BUFFERS; i++) {
		struct rte_mbuf *m = b->buffers[i];
		struct frame frame;
		struct flow flow;

		s->flow(b, s, random_flow(b, s), &flow);
		make_frame(in->port, &flow, &frame);
		rte_pktmbuf_reset(m);
		rte_mbuf_refcnt_set(m, 2); // a packet that is dropped stays in the rotation
		m->data_len = BENCH_FRAME;
		m->pkt_len = BENCH_FRAME;
		memcpy(rte_pktmbuf_mtod(m, void *), &frame, sizeof(frame));
	}
	in->next = b->buffers;
	in->left = BENCH_BUFFERS;
}
