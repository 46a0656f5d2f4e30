// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// State of the packet test harness.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/txn.h"

struct config;
struct dataplane;
struct ids;
struct rte_mbuf;

struct harness_packet {
	uint16_t port;
	uint8_t kind;
	uint8_t partial;
	uint16_t segment;
	uint16_t pad;
	uint32_t length;
};

struct harness {
	struct dataplane *dp;
	struct ids *ids;
	struct txn txn;
	uint64_t generation;
	uint64_t tsc;
	uint64_t now_ms;
	struct rte_mbuf **hoard; // buffers that the router cannot have
	unsigned int n_hoard;
	size_t reply_used;
	uint8_t reply[8u << 20];
	struct obj_service service; // proto 0: none
	uint32_t service_at;	    // network order
};

void harness_settle(struct harness *h);
// A service (protocol, address, first and last port) that configurations from now on have beside
// those that they ask for; "0": none.
void harness_service(struct harness *h, const char *text);

// Applies JSON text as one transaction, its routes with it; the reply is the errors' text.
void harness_configure(struct harness *h, const char *text, size_t n);
// As far as it goes before the flip: prepared, or committed. What comes next is its end: the flip,
// or of what was only prepared the abort. Routes stay.
void harness_stage(struct harness *h, const char *text, size_t n, bool commit);
void harness_stage_end(struct harness *h);
void harness_stats(struct harness *h); // the reply is JSON
void harness_finish(struct harness *h);
