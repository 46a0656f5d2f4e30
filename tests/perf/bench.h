// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// State of the graph benchmark: a data plane with test ports, a rotation of packet buffers, and the
// scenario that fills them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "tests/packet/harness.h"

#define BENCH_WARM    2	   // times that each flow is seen before it is measured: it is established
#define BENCH_BURST   256  // packets of a walk
#define BENCH_BUFFERS 4096 // in rotation: 16 walks, more than the second-level cache holds
#define BENCH_FRAME   60   // bytes: a 64-byte frame without its check sequence
#define BENCH_HOSTS   4096 // private hosts with SNAT
#define BENCH_REVERSE (1u << 31) // in the id of a flow: a packet of the other direction

// Ports by id, as the order in the configuration gives them.
enum bench_port_id {
	BENCH_VPC1 = 1,
	BENCH_VPC2,
	BENCH_PUB0,
	BENCH_PORTS,
};

// Of the mix: 64 512 of SNAT.
#define MIX_FLOWS 92160

struct bench_port;

struct bench {
	struct harness *harness;
	struct bench_port *ports[BENCH_PORTS];
	struct rte_mbuf *buffers[BENCH_BUFFERS];
	uint64_t rng;
	uint64_t passed; // TSC cycles that the clock was moved by
	uint32_t fresh;	 // next flow that was not used yet
	uint32_t added;	 // flows beyond those of the scenario
	uint32_t eips;	 // of the configuration
	uint32_t forwards;
	uint32_t used; // of each, by flows
	bool wide;     // the configuration has the hosts and pools of the largest scenarios
	struct rte_mbuf *fill[BENCH_PORTS][BENCH_BUFFERS]; // what each port receives
	uint32_t flow_of[BENCH_BUFFERS];		   // by buffer
	struct mapped *mapped; // of the mix, as learned from what came out
};

struct flow {
	rte_be32_t src;
	rte_be32_t dst;
	uint16_t sport; // host order
	uint16_t dport;
	enum bench_port_id in; // 0: the scenario's
};

struct scenario {
	const char *name;
	const char *text;
	uint32_t flows;
	enum bench_port_id in, out; // 0: both directions
	bool fresh;		    // each packet is the first of its flow
	void (*flow)(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f);
	uint32_t routes; // beside those of the configuration
	uint32_t rules;	 // EIPs and port forwards; 0: as many as asked for
	bool large;	 // takes gigabytes: runs only when it is named
	bool wide;	 // see struct bench
	bool mixed;	 // sizes, directions and a new flow in a hundred packets
};

extern const struct scenario bench_scenarios[];
extern const unsigned int bench_n_scenarios;

// The mix (mix.c): its flows, and what it learns from packets that were sent.
void mix_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f);
int mix_start(struct bench *b, const struct scenario *s);
void mix_learn(struct bench *b);
void mix_end(struct bench *b);

// The flow of SNAT that a number is of, 63 for each host, in turn.
void ladder_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f);
void eip_in_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f);
void eip_out_flow(const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f);
void port_forward_flow(
	const struct bench *b, const struct scenario *s, uint32_t id, struct flow *f);
uint32_t port_forward_target(const struct bench *b, uint32_t id);

// Makes or removes the scenario's routes. 0 or negative errno.
int scenario_routes(struct bench *b, const struct scenario *s, bool on);

// Writes the buffers anew, a flow of the scenario at random in each.
void bench_refill(struct bench *b, const struct scenario *s);

// One burst through a loop that does the least that a router must: receive, look up, TTL, checksum,
// Ethernet header, send. Returns the number of packets.
unsigned int bench_bare(struct bench *b, const struct scenario *s);
