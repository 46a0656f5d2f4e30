// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Creates the session of a new flow: host, limit, mapping and port, session, keys. Run by workers;
// takes no lock, and everything that it took is given back when it fails.
#pragma once

#include <stdint.h>

#include "dataplane/session/blocks.h"
#include "dataplane/session/table.h"

// An external address of a SNAT rule, with the ports that may be claimed on it.
struct nat_address {
	uint32_t addr; // network order
	uint32_t n_ranges;
	struct portset *portset;
	struct port_range ranges[PORT_RANGES_MAX];
};

// The source NAT part of a request: a rule, as the SNAT section keeps it.
struct nat_source {
	uint32_t rule;			    // OBJ_SNAT id
	uint32_t epoch;			    // of the rule
	uint32_t max_sessions_per_host;	    // of each port class, 0: no limit
	uint32_t max_session_rate_per_host; // new ones per second, 0: no limit
	uint8_t mapping;		    // enum nat_mapping
	uint8_t filtering;		    // enum nat_filtering
	uint16_t n_pool;
	uint8_t block_units; // of port blocks (blocks.h), 0: ports are given one by one
	uint8_t max_blocks;  // of a host, at most HOST_BLOCKS
	const struct nat_address *pool;
};

struct nat_request {
	struct session_key key;	       // first packet (from the host) as it arrives
	uint32_t dst;		       // after destination NAT (or as in key), network order
	uint16_t dport;		       // the same
	const struct nat_source *snat; // NULL: the source stays
	uint32_t rule;		       // rule that owns the session, 0: none
	uint32_t epoch;		       // of `rule`
	uint8_t rule_kind;	       // enum obj_kind, 0: none
	uint8_t reply_side; // enum side that replies arrive from, or SESSION_SIDE_HAIRPIN
	uint8_t tcp_flags;
	uint16_t uplink;  // port id of the public side, 0: none
	uint16_t in_port; // port id that the packet came in by
	uint8_t dir;	  // enum session_dir of the packet; `key` is always the forward one
	uint32_t mapping; // SESSION_REVERSE: that the packet came to; else 0
	uint16_t flags;	  // SESSION_BOUND, SESSION_LED_BACK, SESSION_HAIRPIN
	uint32_t tick;
	const struct nat_ahead *ahead; // of the same flow, in the same walk; NULL: not looked ahead
};

// Per worker.
struct nat_worker {
	uint64_t rng;	   // never 0
	uint64_t created;  // sessions
	uint64_t degraded; // of them: endpoint-dependent though the rule says otherwise
	uint64_t joined;   // packets whose session another packet had made meanwhile
	// Called when a host has got a port block, before another thread can know; may be NULL.
	void (*on_block)(void *ctx, const struct port_block *b);
	void *on_block_ctx;
};

// Any seed will do; workers should have different ones.
void nat_worker_init(struct nat_worker *w, uint64_t seed);

// Makes the session, or finds it when another worker was faster; *ref is as from
// session_lookup_bulk(). Of ICMP only requests (id in sport) may make one. On error *ref is 0 and
// the result a negative errno:
//   -EADDRINUSE       source NAT of a protocol without ports: another host has it with this remote
//   -EUSERS           the host is at its limit of sessions
//   -EDQUOT           the host is at its limit of new sessions in this second
//   -ESTALE           the mapping has just ended
//   -EADDRNOTAVAIL    no free port found, or the reply tuple belongs to another session
//   -ENOSPC           no free session, mapping or host slot
//   -ENOBUFS          both index buckets of a key are full
//   -EAGAIN           another thread held a bucket for too long
int nat_create(
	struct session_table *t, const struct nat_request *rq, struct nat_worker *w, uint32_t *ref);
