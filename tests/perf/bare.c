// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The yardstick: a forwarding loop without graph, metadata, validation or services, over the same
// ports, packets and tables.
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_prefetch.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/packet/csum.h"
#include "dataplane/packet/rewrite.h"
#include "tests/perf/bench.h"
#include "tests/perf/bench_port.h"

static void rewrite(struct rte_mbuf *m, const struct adj *adj)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));

	ip->hdr_checksum = csum_update(ip->hdr_checksum, csum_diff16(RTE_BE16(0x0100), 0));
	ip->time_to_live--;
	packet_set_ethernet(m, &adj->eth);
}

static void forward(const struct l3 *l3, struct rte_mbuf **pkts, uint16_t n)
{
	uint32_t dst[LIMIT_RX_BURST], adj[LIMIT_RX_BURST];

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (uint16_t i = 0; i < n; i++)
		dst[i] = rte_be_to_cpu_32(rte_pktmbuf_mtod_offset(
			pkts[i], struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr))
						  ->dst_addr);
	fib_lookup_bulk(l3->fib, dst, adj, n);
	for (uint16_t i = 0; i < n; i++)
		rewrite(pkts[i], l3_adj(l3, adj[i]));
}

// Where what comes by a port goes to.
static unsigned int other_port(const struct scenario *s, unsigned int in)
{
	if (s->in != 0)
		return s->out;
	return in == BENCH_VPC1 ? BENCH_PUB0 : BENCH_VPC1;
}

unsigned int bench_bare(struct bench *b, const struct scenario *s)
{
	const struct l3 *l3 = b->harness->dp->l3;
	struct rte_mbuf *pkts[LIMIT_RX_BURST];
	unsigned int done = 0, turn = s->in != 0 ? s->in : BENCH_VPC1, empty = 0;

	while (done < BENCH_BURST && empty < 2) {
		struct port *in = b->ports[turn]->port, *out = b->ports[other_port(s, turn)]->port;
		uint16_t n = port_rx_burst(in, 0, pkts, LIMIT_RX_BURST);

		forward(l3, pkts, n);
		out->ops->tx_burst(out, 0, pkts, n);
		done += n;
		empty = n == 0 ? empty + 1 : 0;
		turn = s->in != 0 ? turn : other_port(s, turn);
	}
	return done;
}
