// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// State of the graph benchmark: a data plane with test ports, a rotation of packet buffers, and the
// scenario that fills them.
#pragma once

#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "tests/packet/harness.h"

#define BENCH_BURST   256  // packets of a walk
#define BENCH_BUFFERS 4096 // in rotation: 16 walks, more than the second-level cache holds
#define BENCH_FRAME   60   // bytes: a 64-byte frame without its check sequence
#define BENCH_HOSTS   4096 // private hosts with SNAT

// Ports by id, as the order in the configuration gives them.
enum bench_port_id {
	BENCH_VPC1 = 1,
	BENCH_VPC2,
	BENCH_PUB0,
	BENCH_PORTS,
};

struct bench_port;

struct bench {
	struct harness *harness;
	struct bench_port *ports[BENCH_PORTS];
	struct rte_mbuf *buffers[BENCH_BUFFERS];
	uint64_t rng;
	uint64_t passed; // TSC cycles that the clock was moved by
	uint32_t fresh;	 // next flow that was not used yet
	uint32_t eips;	 // of the configuration
	uint32_t forwards;
	uint32_t used; // of each, by flows
};

struct flow {
	rte_be32_t src;
	rte_be32_t dst;
	uint16_t sport; // host order
	uint16_t dport;
};

struct scenario {
	const char *name;
	const char *text;
	uint32_t flows;
	enum bench_port_id in, out;
	bool fresh; // each packet is the first of its flow
	void (*flow)(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f);
	int (*setup)(struct bench *b, bool on); // NULL: nothing to do
};

extern const struct scenario bench_scenarios[];
extern const unsigned int bench_n_scenarios;

// Writes the buffers anew, a flow of the scenario at random in each.
void bench_refill(struct bench *b, const struct scenario *s);

// One burst through a loop that does the least that a router must: receive, look up, TTL, checksum,
// Ethernet header, send. Returns the number of packets.
unsigned int bench_bare(struct bench *b, const struct scenario *s);
