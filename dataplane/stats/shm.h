// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Layout of the counters in shared memory (a memfd; control gets it in the handshake and maps it
// read-only). One writer per worker block: the worker itself. Readers take a consistent copy under
// the sequence counter, which is odd while the worker copies its own counters here: at the end of a
// graph walk, about once a millisecond.
#pragma once

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/proto.h"
#include "dataplane/main/limits.h"
#include "dataplane/stats/cycles.h"
#include "dataplane/stats/reason.h"

#define STATS_MAGIC	   0x76725354u
#define STATS_PORT_CLASSES 3 // TCP, UDP and ICMP query ids

struct port_counters {
	uint64_t rx_packets, rx_bytes;
	uint64_t tx_packets, tx_bytes;
	uint64_t from_kernel; // packets that the kernel sent by this port
	uint64_t to_kernel;   // packets punted to this port's mirror
};

// What a port's device says that it lost, since it was opened; 0 where it does not count. Written
// by the control thread about once a second.
struct port_losses {
	uint64_t rx_missed;    // no room in a receive queue: the worker was too slow
	uint64_t rx_no_buffer; // no packet buffer to receive into
	uint64_t rx_errors;    // bad frames
	uint64_t tx_errors;    // that the device could not send
};

struct worker_stats {
	alignas(64) uint32_t seq; // odd: being written; accessed with __atomic builtins
	uint32_t pad;
	uint64_t accounts[ACCT_COUNT];
	uint64_t drops[DROP_COUNT];
	uint64_t punts[PUNT_CLASS_COUNT];
	uint64_t policed[PUNT_CLASS_COUNT];
	uint64_t sessions_created;
	uint64_t sessions_degraded; // of them: endpoint-dependent, because no port was free
	uint64_t walks;
	uint64_t busy_cycles; // TSC cycles in walks that received packets
	struct cycles_histogram cycles;
	struct port_counters ports[LIMIT_PORTS];
};

// Written by the data plane's control thread, the punt thread and the sweeper (one writer a field),
// relaxed stores.
struct process_stats {
	alignas(64) uint64_t tsc_hz;
	uint64_t generation;
	uint64_t sessions; // in use now
	uint64_t sessions_max;
	uint64_t sessions_ended;
	uint64_t sessions_half_open_ended; // of them, to make room in a nearly full table
	uint64_t mappings, mappings_max;
	uint64_t hosts, hosts_max;
	uint64_t index, index_max; // keys and places of the index of all of them
	uint64_t log_written;	   // lines of the NAT log
	uint64_t log_failed;	   // that could not be written
	uint64_t log_lost;	   // events that found their ring full
	uint64_t neighbours;
	uint64_t routes;
	uint64_t routes_pending; // changes of routes that are not in both FIBs yet
	uint64_t mirror_rx;	 // packets read from mirrors and TAP ports by the punt thread
	uint64_t mirror_tx;
	uint64_t mirror_rx_drops; // ring to the worker full, or no buffer
	uint64_t mirror_tx_drops; // the kernel refused
};

// External ports of an address, by protocol, as process_stats; each number is its own, so a reader
// may see some of now and some of a moment ago.
struct pool_stats {
	uint32_t addr; // network order, 0: none
	uint32_t used[STATS_PORT_CLASSES];
	uint32_t max[STATS_PORT_CLASSES];
	uint32_t blocks_used;
	uint32_t blocks_max; // 0: its rules give no blocks
	uint32_t pad;
};

// New flows of a rule: what became of them. Each number is its own, as in pool_stats.
struct rule_stats {
	uint64_t created; // sessions
	uint64_t refused; // packets that would have begun one
};

// By rule id.
struct rules_stats {
	alignas(64) struct rule_stats eip[LIMIT_EIPS];
	struct rule_stats forward[LIMIT_PORT_FORWARDS];
	struct rule_stats snat[LIMIT_SNAT_RULES];
};

struct stats_shm {
	uint32_t magic;
	uint32_t workers;
	struct process_stats process;
	struct worker_stats worker[LIMIT_WORKERS];
	struct rules_stats rules[LIMIT_WORKERS]; // only the worker writes
	struct rules_stats rules_before;	 // sums of when a rule came: ids are used again
	struct pool_stats pool[LIMIT_NAT_ADDRESSES];
	struct port_losses losses[LIMIT_PORTS];
};

// A rule's place; NULL: no rule of the configuration.
static inline struct rule_stats *rules_stats_at(
	struct rules_stats *s, unsigned int kind, uint32_t id)
{
	switch (kind) {
	case OBJ_EIP:
		return id < LIMIT_EIPS ? &s->eip[id] : NULL;
	case OBJ_PORT_FORWARD:
		return id < LIMIT_PORT_FORWARDS ? &s->forward[id] : NULL;
	case OBJ_SNAT:
		return id < LIMIT_SNAT_RULES ? &s->snat[id] : NULL;
	default:
		return NULL;
	}
}

// What all workers counted under a rule's id, for rules before it, too.
static inline struct rule_stats rules_stats_sum(
	const struct stats_shm *shm, unsigned int kind, uint32_t id)
{
	struct rule_stats sum = { 0 };

	for (unsigned int w = 0; w < LIMIT_WORKERS; w++) {
		const struct rule_stats *one =
			rules_stats_at((struct rules_stats *)(uintptr_t)&shm->rules[w], kind, id);

		if (one == NULL)
			return sum;
		sum.created += __atomic_load_n(&one->created, __ATOMIC_RELAXED);
		sum.refused += __atomic_load_n(&one->refused, __ATOMIC_RELAXED);
	}
	return sum;
}

// What they counted of the rule that has the id now.
static inline struct rule_stats rules_stats_of(
	const struct stats_shm *shm, unsigned int kind, uint32_t id)
{
	struct rule_stats sum = rules_stats_sum(shm, kind, id);
	const struct rule_stats *before =
		rules_stats_at((struct rules_stats *)(uintptr_t)&shm->rules_before, kind, id);

	if (before == NULL)
		return sum;
	sum.created -= __atomic_load_n(&before->created, __ATOMIC_RELAXED);
	sum.refused -= __atomic_load_n(&before->refused, __ATOMIC_RELAXED);
	return sum;
}
