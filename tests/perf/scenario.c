// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The scenarios: the flows of each.
#include <arpa/inet.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"
#include "tests/perf/bench.h"
#include "tests/perf/site.h"

#define ROUTES 100000

// Spreads ids over 32 bits.
static uint32_t mix(uint32_t id)
{
	uint64_t x = (id + 1) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)(x >> 32);
}

// Somewhere in 16.0.0.0/4 to 64.0.0.0/4: no address of ours.
static uint32_t internet(uint32_t id)
{
	return IP(16, 0, 0, 0) + (mix(id) >> 2);
}

static uint32_t route_of(uint32_t id)
{
	return IP(16, 0, 0, 0) + ((id % ROUTES * 2654435761u & 0x3fffff) << 8);
}

static void forward_flow(
	const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(SITE_HOSTS + id % 4096),
		htonl(IP(172, 16, 0, 0) + (mix(id) >> 12)), 1024 + id % 60000, 443 };
}

static void routes_flow(
	const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(SITE_HOSTS + id % 4096), htonl(route_of(id) + (id & 255)),
		1024 + id % 60000, 443 };
}

static void eip_in_flow(
	const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(internet(id)), htonl(SITE_EIP + site_rule(b, id, b->eips)),
		1024 + id % 60000, 443 };
}

static void eip_out_flow(
	const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(SITE_EIP_TARGET + site_rule(b, id, b->eips)), htonl(internet(id)),
		443, 1024 + id % 60000 };
}

static void port_forward_flow(
	const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	struct site_forward o = site_forward(site_rule(b, id, b->forwards));

	*f = (struct flow){ htonl(internet(id)), htonl(SITE_FORWARD_VIP + o.vip), 1024 + id % 60000,
		o.first + mix(id) % (o.last - o.first + 1u) };
}

static void snat_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	uint32_t hosts = RTE_MIN(s->flows / 4, (uint32_t)BENCH_HOSTS);

	*f = (struct flow){ htonl(SITE_HOSTS + id % hosts), htonl(internet(id)), 1024 + id / hosts,
		443 };
}

static int set_routes(struct bench *b, bool on)
{
	struct fib *fib = b->harness->dp->l3->fib;

	for (uint32_t i = 0; i < ROUTES; i++) {
		uint32_t adj = fib_lookup(fib, htonl(SITE_NEXT_HOP + i % SITE_NEXT_HOPS));
		int rc = on ? fib_set(fib, route_of(i), 24, adj) : fib_del(fib, route_of(i), 24);

		if (rc < 0)
			return rc;
	}
	harness_settle(b->harness);
	return 0;
}

const struct scenario bench_scenarios[] = {
	{ "forward", "private to private, 1 route", 65536, BENCH_VPC1, BENCH_VPC2, false,
		forward_flow, NULL },
	{ "forward-100k", "the same, 100 k routes", 1u << 20, BENCH_VPC1, BENCH_VPC2, false,
		routes_flow, set_routes },
	{ "eip-in", "to EIPs", 65536, BENCH_PUB0, BENCH_VPC1, false, eip_in_flow, NULL },
	{ "eip-out", "from EIPs", 65536, BENCH_VPC1, BENCH_PUB0, false, eip_out_flow, NULL },
	{ "port-forward-1k", "1 k sessions", 1024, BENCH_PUB0, BENCH_VPC1, false, port_forward_flow,
		NULL },
	{ "port-forward-64k", "64 k sessions", 65536, BENCH_PUB0, BENCH_VPC1, false,
		port_forward_flow, NULL },
	{ "snat-1k", "1 k sessions", 1024, BENCH_VPC1, BENCH_PUB0, false, snat_flow, NULL },
	{ "snat-64k", "64 k sessions", 65536, BENCH_VPC1, BENCH_PUB0, false, snat_flow, NULL },
	{ "snat-1m", "1 M sessions", 1000000, BENCH_VPC1, BENCH_PUB0, false, snat_flow, NULL },
	{ "creation", "SNAT, a new flow each packet", 1000000, BENCH_VPC1, BENCH_PUB0, true,
		snat_flow, NULL },
	{ "creation-forward", "port forwards, the same", 1000000, BENCH_PUB0, BENCH_VPC1, true,
		port_forward_flow, NULL },
};
const unsigned int bench_n_scenarios = RTE_DIM(bench_scenarios);
