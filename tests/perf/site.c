// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The configuration of the benchmark: every service, with as many rules as it is asked for.
#include "tests/perf/site.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/dataplane.h"
#include "tests/perf/bench.h"

#define POOL	     32 // addresses of SNAT
#define WIDE_POOL    64 // of a rule of the wide configuration
#define VIP_FORWARDS 32 // of one VIP: each a range of 64 ports in a block of its own

struct site_forward site_forward(uint32_t f)
{
	uint16_t first = 4096 + (f - 1) % VIP_FORWARDS * 512;

	if (f == 0)
		return (struct site_forward){ 0, 1024, UINT16_MAX };
	return (struct site_forward){ 1 + (f - 1) / VIP_FORWARDS, first, first + 63 };
}

uint32_t site_rule(const struct bench *b, uint32_t id, uint32_t rules)
{
	return id % b->used * rules / b->used;
}

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

static const char *dotted(uint32_t addr)
{
	return inet_ntoa((struct in_addr){ htonl(addr) });
}

static void vips(FILE *f, char kind, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		fprintf(f, "%s{\"name\":\"%c%u\",\"address\":\"%s\",\"interface\":\"pub0\"}",
			kind == 'e' && i == 0 ? "" : ",", kind, i, dotted(first + i));
}

static void eips(FILE *f, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		fprintf(f, "%s{\"name\":\"e%u\",\"vip\":\"e%u\",\"target\":\"%s\"}", i ? "," : "",
			i, i, dotted(SITE_EIP_TARGET + i));
}

static void forwards(FILE *f, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct site_forward o = site_forward(i);

		fprintf(f,
			"%s{\"name\":\"f%u\",\"vip\":\"f%u\",\"protocol\":\"udp\",\"ports\":"
			"\"%u-%u\",\"target\":\"%s\"}",
			i ? "," : "", i, o.vip, o.first, o.last, dotted(SITE_FORWARD_TARGET + i));
	}
}

static void snat(FILE *f, const char *name, const char *source, char kind, unsigned int first,
	unsigned int n, const char *more)
{
	fprintf(f,
		"%s{\"name\":\"%s\",\"source\":\"%s\",\"interface\":\"pub0\",%s"
		"\"addresses\":[",
		kind == 's' ? "" : ",", name, source, more);
	for (unsigned int i = 0; i < n; i++)
		fprintf(f, "%s\"%c%u\"", i ? "," : "", kind, first + i);
	fprintf(f, "]}");
}

static void write_config(FILE *f, const struct bench *b)
{
	fprintf(f, "{\"version\":1,\"interfaces\":[");
	interfaces(f);
	fprintf(f, "],\"vips\":[");
	vips(f, 'e', SITE_EIP, b->eips);
	vips(f, 'f', SITE_FORWARD_VIP, site_forward(b->forwards - 1).vip + 1);
	vips(f, 's', SITE_POOL, POOL);
	if (b->wide)
		vips(f, 'w', SITE_WIDE_POOL, 2 * WIDE_POOL + 1);
	fprintf(f, "],\"eips\":[");
	eips(f, b->eips);
	fprintf(f, "],\"port_forwards\":[");
	forwards(f, b->forwards);
	fprintf(f, "],\"snat\":[");
	snat(f, "out", "10.0.0.0/16", 's', 0, POOL, "");
	if (b->wide) {
		snat(f, "wide0", "10.64.0.0/17", 'w', 0, WIDE_POOL, "");
		snat(f, "wide1", "10.64.128.0/17", 'w', WIDE_POOL, WIDE_POOL, "");
		snat(f, "dependent", "10.65.0.0/16", 'w', 2 * WIDE_POOL, 1,
			"\"mapping\":\"endpoint_dependent\",\"max_sessions_per_host\":1000,");
	}
	fprintf(f, "],\"routes\":[{\"destination\":\"172.16.0.0/12\",\"type\":\"static\","
		   "\"next_hop\":\"10.1.0.10\"}]}");
}

char *site_config(const struct bench *b)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool bad;

	if (f == NULL)
		return NULL;
	write_config(f, b);
	bad = ferror(f) != 0;
	if (fclose(f) == 0 && !bad)
		return text;
	free(text);
	return NULL;
}

static void neighbour(struct bench *b, uint16_t port, uint32_t addr)
{
	const struct rte_ether_addr mac = { { 2, 1, addr >> 24, addr >> 16, addr >> 8, addr } };
	struct neigh *neigh = b->harness->dp->l3->neigh;

	neigh_glean(neigh, port, htonl(addr), b->harness->now_ms);
	neigh_update(neigh, port, htonl(addr), NEIGH_VALID, &mac);
}

void site_neighbours(struct bench *b)
{
	for (uint32_t i = 0; i < b->used; i++) {
		neighbour(b, BENCH_VPC1, SITE_EIP_TARGET + site_rule(b, i, b->eips));
		neighbour(b, BENCH_VPC1, SITE_FORWARD_TARGET + site_rule(b, i, b->forwards));
	}
	for (unsigned int i = 0; i < SITE_NEIGHBOURS; i++)
		neighbour(b, BENCH_VPC1, SITE_HOSTS + i);
	for (unsigned int i = 0; i < SITE_NEXT_HOPS; i++)
		neighbour(b, BENCH_VPC2, SITE_NEXT_HOP + i);
	neighbour(b, BENCH_PUB0, SITE_GATEWAY);
	harness_settle(b->harness);
}
