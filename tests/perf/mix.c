// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The mix: of ten flows seven of SNAT, two of EIPs and one of a port forward; after the first
// packet of each, which is of the direction that makes a session, packets go both ways. Where the
// answers to a flow of SNAT go to is learned from what the router sent.
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "tests/perf/bench.h"

#define SNATS 7 // of ten

// The external endpoint of a flow of SNAT, network order.
struct mapped {
	rte_be32_t addr;
	rte_be16_t port;
};

static void turn(struct flow *f)
{
	*f = (struct flow){ f->dst, f->src, f->dport, f->sport };
}

static void snat(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	uint32_t n = id / 10 * SNATS + id % 10;
	const struct scenario all = { .flows = s->flows / 10 * SNATS };

	ladder_flow(b, &all, n, f);
}

void mix_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	bool reverse = id & BENCH_REVERSE;

	id &= ~BENCH_REVERSE;
	if (id % 10 < SNATS) {
		snat(b, s, id, f);
		reverse = reverse && b->mapped[id].port != 0; // else its first packet is on its way
		if (reverse) {
			turn(f);
			f->dst = b->mapped[id].addr;
			f->dport = ntohs(b->mapped[id].port);
		}
		f->in = reverse ? BENCH_PUB0 : BENCH_VPC1;
		return;
	}
	if (id % 10 < 9 && reverse) {
		eip_out_flow(b, s, id, f);
	} else if (id % 10 < 9) {
		eip_in_flow(b, s, id, f);
	} else {
		port_forward_flow(b, s, id, f);
		if (reverse) {
			turn(f);
			f->src = htonl(port_forward_target(b, id));
		}
	}
	f->in = reverse ? BENCH_VPC1 : BENCH_PUB0;
}

int mix_start(struct bench *b, const struct scenario *s)
{
	b->mapped = calloc(s->flows, sizeof(*b->mapped));
	return b->mapped != NULL ? 0 : -ENOMEM;
}

void mix_learn(struct bench *b)
{
	for (unsigned int i = 0; i < BENCH_BUFFERS; i++) {
		const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(
			b->buffers[i], struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
		const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
		uint32_t id = b->flow_of[i];

		if (id < MIX_FLOWS && id % 10 < SNATS)
			b->mapped[id] = (struct mapped){ ip->src_addr, udp->src_port };
	}
}

void mix_end(struct bench *b)
{
	free(b->mapped);
	b->mapped = NULL;
}
