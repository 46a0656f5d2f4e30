// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The command line: ports, flow sets, and the conditions of the run.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/perf/pktgen/text.h"

#define PORTS_MAX  8
#define QUEUES_MAX 8
#define SETS_MAX   16
#define FLOWS_MAX  (8u << 20)
#define ARP_RANGES 8
#define NAME_BYTES 16

enum port_kind {
	PORT_VIRTIO_USER,
	PORT_MEMIF,
	PORT_DEVICE,
};

struct port_options {
	char name[NAME_BYTES];
	enum port_kind kind;
	const char *device;	   // path, or device arguments
	uint32_t address, gateway; // host order; 0: none
	uint8_t prefix_len;
	bool has_router_mac;
	struct rte_ether_addr mac, router_mac;
	uint16_t queues;
	struct range arp[ARP_RANGES];
	unsigned int n_arp;
};

enum direction {
	FORWARD,
	REVERSE,
	DIRECTIONS,
};

enum closing {
	CLOSE_FIN,
	CLOSE_RST,
	CLOSE_NONE,
};

struct set_options {
	char name[NAME_BYTES];
	unsigned int tx, rx; // ports
	uint8_t proto;
	struct range src, dst, sport, dport;
	uint32_t dst_step; // every so many of the destinations
	uint32_t flows;
	struct range size; // with FCS
	bool imix;
	bool measured[DIRECTIONS];
	uint32_t weight;
	bool learn;
	double new_per_second, new_share; // one of them or none; the share is 0 to 1
	enum closing closing;
};

enum check {
	CHECK_NONE,
	CHECK_SAMPLE,
	CHECK_ALL,
};

struct options {
	struct port_options ports[PORTS_MAX];
	struct set_options sets[SETS_MAX];
	unsigned int n_ports, n_sets;
	uint64_t rate, packets; // 0: as fast as possible; no limit
	uint64_t train;		// 0: no trains
	double seconds, drain;
	double max_loss; // < 0: none
	uint64_t learn_rate, learn_rounds;
	enum check check;
	uint64_t core, main_core, memory_mib, seed;
	bool has_main_core, no_huge, quiet;
	const char *file_prefix, *json;
};

// Reads argv, whose texts are cut up and must stay. 0, 1 when there is nothing to do any more
// (--help), or -EINVAL after a line on stderr.
int options_parse(struct options *o, int argc, char **argv);

// One --port and one --flows; `text` is cut up and must stay. Sets name ports that were read
// before.
int port_options_parse(struct port_options *p, unsigned int number, char *text, struct error *e);
int set_options_parse(struct set_options *s, const struct options *o, char *text, struct error *e);
