// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Receive and transmit side of the benchmark's ports.
#include "tests/perf/bench_port.h"

#include <stdlib.h>
#include <string.h>

static struct bench_port *of(const struct port *p)
{
	return (struct bench_port *)(uintptr_t)p->ops;
}

static uint16_t rx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct bench_port *b = of(p);

	n = (uint16_t)RTE_MIN(n, b->left);
	memcpy(pkts, b->next, n * sizeof(*pkts));
	b->next += n;
	b->left -= n;
	return n;
}

static uint16_t tx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	of(p)->sent += n;
	return n;
}

struct bench_port *bench_port_attach(struct port *p)
{
	struct bench_port *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->ops = *p->ops;
	b->ops.rx_burst = rx_burst;
	b->ops.tx_burst = tx_burst;
	b->port = p;
	p->ops = &b->ops;
	return b;
}
