// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The scenarios: the flows of each.
#include <arpa/inet.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"
#include "tests/perf/bench.h"
#include "tests/perf/site.h"

#define PER_HOST 63 // flows of SNAT: CSIT's ladder

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

static uint32_t route_of(const struct scenario *s, uint32_t id)
{
	return IP(16, 0, 0, 0) + ((id % s->routes * 2654435761u & 0x3fffff) << 8);
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
	*f = (struct flow){ htonl(SITE_HOSTS + id % 4096), htonl(route_of(s, id) + (id & 255)),
		1024 + id % 60000, 443 };
}

void eip_in_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(internet(id)), htonl(SITE_EIP + site_rule(b, id, b->eips)),
		1024 + id % 60000, 443 };
}

void eip_out_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(SITE_EIP_TARGET + site_rule(b, id, b->eips)), htonl(internet(id)),
		443, 1024 + id % 60000 };
}

void port_forward_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	struct site_forward o = site_forward(site_rule(b, id, b->forwards));

	*f = (struct flow){ htonl(internet(id)), htonl(SITE_FORWARD_VIP + o.vip), 1024 + id % 60000,
		o.first + mix(id) % (o.last - o.first + 1u) };
}

uint32_t port_forward_target(const struct bench *b, uint32_t id)
{
	return SITE_FORWARD_TARGET + site_rule(b, id, b->forwards);
}

static void snat_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	uint32_t hosts = RTE_MIN(s->flows / 4, (uint32_t)BENCH_HOSTS);

	*f = (struct flow){ htonl(SITE_HOSTS + id % hosts), htonl(internet(id)), 1024 + id / hosts,
		443 };
}

void ladder_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	uint32_t hosts = s->flows / PER_HOST, first = s->wide ? SITE_WIDE_HOSTS : SITE_HOSTS;

	*f = (struct flow){ htonl(first + id % hosts), htonl(internet(id)), 1024 + id / hosts,
		443 };
}

static void dependent_flow(
	const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f)
{
	ladder_flow(b, s, id, f);
	f->src = htonl(ntohl(f->src) - SITE_WIDE_HOSTS + SITE_DEPENDENT_HOSTS);
}

int scenario_routes(struct bench *b, const struct scenario *s, bool on)
{
	struct fib *fib = b->harness->dp->l3->fib;

	for (uint32_t i = 0; i < s->routes; i++) {
		uint32_t adj = fib_lookup(fib, htonl(SITE_NEXT_HOP + i % SITE_NEXT_HOPS));
		int rc = on ? fib_set(fib, route_of(s, i), 24, adj)
			    : fib_del(fib, route_of(s, i), 24);

		if (rc < 0)
			return rc;
	}
	harness_settle(b->harness);
	return 0;
}

#define OUT  BENCH_VPC1, BENCH_PUB0
#define IN   BENCH_PUB0, BENCH_VPC1
#define SIDE BENCH_VPC1, BENCH_VPC2

const struct scenario bench_scenarios[] = {
	{ "forward", "private to private, 1 route", 65536, SIDE, false, forward_flow },
	{ "forward-100k", "the same, 100 k routes", 1u << 20, SIDE, false, routes_flow, 100000 },
	{ "eip-in", "to EIPs", 65536, IN, false, eip_in_flow },
	{ "eip-out", "from EIPs", 65536, OUT, false, eip_out_flow },
	{ "port-forward-1k", "1 k sessions", 1024, IN, false, port_forward_flow },
	{ "port-forward-64k", "64 k sessions", 65536, IN, false, port_forward_flow },
	{ "snat-1k", "1 k sessions", 1024, OUT, false, snat_flow },
	{ "snat-64k", "64 512 sessions", 64512, OUT, false, ladder_flow },
	{ "snat-258k", "258 048 sessions", 258048, OUT, false, ladder_flow },
	{ "snat-1m", "1 032 192 sessions", 1032192, OUT, false, ladder_flow },
	{ "snat-4m", "4 128 768 sessions", 4128768, OUT, false, ladder_flow, .large = true,
		.wide = true },
	{ "snat-4m-dependent", "the same, 1 address", 4128768, OUT, false, dependent_flow,
		.large = true, .wide = true },
	{ "creation", "SNAT, a new flow each packet", 1000000, OUT, true, snat_flow },
	{ "creation-forward", "port forwards, the same", 1000000, IN, true, port_forward_flow },
	{ "session-setup", "SNAT, 16 384 hosts, the same", 1032192, OUT, true, ladder_flow },
	{ "forward-1", "private to private, 1 route", 65536, SIDE, false, forward_flow },
	{ "forward-1m", "the same, 1 M routes", 1u << 20, SIDE, false, routes_flow, 1000000,
		.large = true },
	{ "eip-1", "to 1 EIP", 65536, IN, false, eip_in_flow, .rules = 1 },
	{ "eip-10k", "to 1024 of 10 000 EIPs", 65536, IN, false, eip_in_flow, .rules = 10000 },
	{ "pf-1", "1 rule, 64 k sessions", 65536, IN, false, port_forward_flow, .rules = 1 },
	{ "pf-10k", "1024 of 10 000 rules, the same", 65536, IN, false, port_forward_flow,
		.rules = 10000 },
	{ "mix", "SNAT 70, EIP 20, forwards 10 %", MIX_FLOWS, 0, 0, false, mix_flow,
		.mixed = true },
};
const unsigned int bench_n_scenarios = RTE_DIM(bench_scenarios);
