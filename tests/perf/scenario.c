// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The scenarios: one configuration with every service for all of them, and the flows of each.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"
#include "tests/perf/bench.h"

#define EIPS	  256 // 203.0.1.e to 10.0.1.e
#define FORWARDS  64  // 203.0.2.f, UDP 8000-8063, to 10.0.2.f
#define POOL	  32  // 203.0.3.p, addresses of SNAT
#define NEXT_HOPS 16  // 10.1.0.10 and up
#define ROUTES	  100000
#define CONFIG	  (256u << 10) // bytes

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

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

static void forward_flow(const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(IP(10, 0, 64, 0) + id % 4096),
		htonl(IP(172, 16, 0, 0) + (mix(id) >> 12)), 1024 + id % 60000, 443 };
}

static void routes_flow(const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(IP(10, 0, 64, 0) + id % 4096), htonl(route_of(id) + (id & 255)),
		1024 + id % 60000, 443 };
}

static void eip_in_flow(const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(internet(id)), htonl(IP(203, 0, 1, 0) + id % EIPS),
		1024 + id % 60000, 443 };
}

static void eip_out_flow(const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(IP(10, 0, 1, 0) + id % EIPS), htonl(internet(id)), 443,
		1024 + id % 60000 };
}

static void port_forward_flow(const struct scenario *s, uint32_t id, struct flow *f)
{
	*f = (struct flow){ htonl(internet(id)), htonl(IP(203, 0, 2, 0) + id % FORWARDS),
		1024 + id % 60000, 8000 + id / FORWARDS % 64 };
}

static void snat_flow(const struct scenario *s, uint32_t id, struct flow *f)
{
	uint32_t hosts = RTE_MIN(s->flows / 4, (uint32_t)BENCH_HOSTS);

	*f = (struct flow){ htonl(IP(10, 0, 64, 0) + id % hosts), htonl(internet(id)),
		1024 + id / hosts, 443 };
}

static int set_routes(struct bench *b, bool on)
{
	struct fib *fib = b->harness->dp->l3->fib;

	for (uint32_t i = 0; i < ROUTES; i++) {
		uint32_t adj = fib_lookup(fib, htonl(IP(10, 1, 0, 10) + i % NEXT_HOPS));
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
	{ "eip-in", "to 256 EIPs", 65536, BENCH_PUB0, BENCH_VPC1, false, eip_in_flow, NULL },
	{ "eip-out", "from 256 EIPs", 65536, BENCH_VPC1, BENCH_PUB0, false, eip_out_flow, NULL },
	{ "port-forward-1k", "64 forwards, 1 k sessions", 1024, BENCH_PUB0, BENCH_VPC1, false,
		port_forward_flow, NULL },
	{ "port-forward-64k", "64 forwards, 64 k sessions", 65536, BENCH_PUB0, BENCH_VPC1, false,
		port_forward_flow, NULL },
	{ "snat-1k", "1 k sessions", 1024, BENCH_VPC1, BENCH_PUB0, false, snat_flow, NULL },
	{ "snat-64k", "64 k sessions", 65536, BENCH_VPC1, BENCH_PUB0, false, snat_flow, NULL },
	{ "snat-1m", "1 M sessions", 1000000, BENCH_VPC1, BENCH_PUB0, false, snat_flow, NULL },
	{ "creation", "SNAT, a new flow each packet", 1000000, BENCH_VPC1, BENCH_PUB0, true,
		snat_flow, NULL },
};
const unsigned int bench_n_scenarios = RTE_DIM(bench_scenarios);

static void interfaces(FILE *f)
{
	static const char *const text[] = {
		"\"vpc1\",\"mac\":\"02:00:00:00:00:01\",\"role\":\"private\",\"addresses\":[\"10.0."
		"0.1/16\"]",
		"\"vpc2\",\"mac\":\"02:00:00:00:00:02\",\"role\":\"private\",\"addresses\":[\"10.1."
		"0.1/24\"]",
		"\"pub0\",\"mac\":\"02:00:00:00:00:03\",\"role\":\"public\",\"addresses\":[\"203.0."
		"0.1/16\"],"
		"\"gateway\":\"203.0.255.254\"",
	};

	for (unsigned int i = 0; i < RTE_DIM(text); i++)
		fprintf(f,
			"%s{\"name\":%s,\"port\":{\"driver\":\"tap\",\"address\":\"p%u@bench\"}}",
			i ? "," : "", text[i], i);
}

static void vips(FILE *f)
{
	for (unsigned int i = 0; i < EIPS; i++)
		fprintf(f, "%s{\"name\":\"e%u\",\"address\":\"203.0.1.%u\",\"interface\":\"pub0\"}",
			i ? "," : "", i, i);
	for (unsigned int i = 0; i < FORWARDS; i++)
		fprintf(f, ",{\"name\":\"f%u\",\"address\":\"203.0.2.%u\",\"interface\":\"pub0\"}",
			i, i);
	for (unsigned int i = 0; i < POOL; i++)
		fprintf(f, ",{\"name\":\"s%u\",\"address\":\"203.0.3.%u\",\"interface\":\"pub0\"}",
			i, i);
}

char *bench_config(void)
{
	char *text = malloc(CONFIG);
	FILE *f = text == NULL ? NULL : fmemopen(text, CONFIG, "w");

	if (f == NULL) {
		free(text);
		return NULL;
	}
	fprintf(f, "{\"version\":1,\"interfaces\":[");
	interfaces(f);
	fprintf(f, "],\"vips\":[");
	vips(f);
	fprintf(f, "],\"eips\":[");
	for (unsigned int i = 0; i < EIPS; i++)
		fprintf(f, "%s{\"name\":\"e%u\",\"vip\":\"e%u\",\"target\":\"10.0.1.%u\"}",
			i ? "," : "", i, i, i);
	fprintf(f, "],\"port_forwards\":[");
	for (unsigned int i = 0; i < FORWARDS; i++)
		fprintf(f,
			"%s{\"name\":\"f%u\",\"vip\":\"f%u\",\"protocol\":\"udp\",\"ports\":"
			"\"8000-8063\",\"target\":\"10.0.2.%u\"}",
			i ? "," : "", i, i, i);
	fprintf(f,
		"],\"snat\":[{\"name\":\"out\",\"source\":\"10.0.0.0/16\",\"interface\":\"pub0\","
		"\"addresses\":[");
	for (unsigned int i = 0; i < POOL; i++)
		fprintf(f, "%s\"s%u\"", i ? "," : "", i);
	fprintf(f, "]}],\"routes\":[{\"destination\":\"172.16.0.0/12\",\"type\":\"static\","
		   "\"next_hop\":\"10.1.0.10\"}]}");
	fclose(f);
	return text;
}

static void neighbour(struct bench *b, uint16_t port, uint32_t addr)
{
	const struct rte_ether_addr mac = { { 2, 1, addr >> 24, addr >> 16, addr >> 8, addr } };
	struct neigh *neigh = b->harness->dp->l3->neigh;

	neigh_glean(neigh, port, htonl(addr), b->harness->now_ms);
	neigh_update(neigh, port, htonl(addr), NEIGH_VALID, &mac);
}

void bench_neighbours(struct bench *b)
{
	for (unsigned int i = 0; i < EIPS; i++)
		neighbour(b, BENCH_VPC1, IP(10, 0, 1, i));
	for (unsigned int i = 0; i < FORWARDS; i++)
		neighbour(b, BENCH_VPC1, IP(10, 0, 2, i));
	for (unsigned int i = 0; i < NEXT_HOPS; i++)
		neighbour(b, BENCH_VPC2, IP(10, 1, 0, 10 + i));
	neighbour(b, BENCH_PUB0, IP(203, 0, 255, 254));
	harness_settle(b->harness);
}
