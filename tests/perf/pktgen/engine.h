// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The generator's state. One thread, the generator, sends and receives; it owns everything here but
// what is marked. The main thread reads counters of 64 bits while it runs, and all of it
// afterwards.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "tests/perf/pktgen/churn.h"
#include "tests/perf/pktgen/frame.h"
#include "tests/perf/pktgen/histogram.h"
#include "tests/perf/pktgen/learn.h"
#include "tests/perf/pktgen/options.h"
#include "tests/perf/pktgen/permutation.h"
#include "tests/perf/pktgen/schedule.h"
#include "tests/perf/pktgen/track.h"

#define BURST	     32
#define LANE_PENDING 1024 // packets that wait for room in a ring
#define COST_UNITS   8
#define SAMPLE	     64 // --check sample: one flow in so many

// What became of the packets of a set in one direction.
struct counts {
	uint64_t sent, received;	     // received: twice what came twice
	uint64_t bytes_sent, bytes_received; // with FCS
	uint64_t reordered, duplicated, corrupt, mistranslated;
	uint64_t skipped; // not sent, as it is not known where to
};

struct flow_direction {
	struct counts counts;
	struct permutation order;
	struct frame_template template;
	struct track *tracks;	  // per flow, per sampled flow, or NULL
	struct histogram latency; // units of FRAME_STAMP_SHIFT
	uint32_t next_size;
};

// Control packets of a set.
struct control_counts {
	uint64_t opened, arrived;	 // first packets of flows; came out
	uint64_t answered;		 // SYN-ACKs that came back
	uint64_t closing, close_arrived; // FIN or RST; came out
	uint64_t closed;		 // answers to FINs that came back
};

struct flow_set {
	const struct set_options *options;
	uint8_t number;
	struct space space;
	struct churn churn;
	struct learned *learned;     // per flow, or NULL when nothing needs it
	uint16_t lengths[SIZES_MAX]; // without FCS, walked around
	uint32_t n_lengths;
	double share_due; // share of a new flow that is due
	struct flow_direction directions[DIRECTIONS];
	struct control_counts control, learning; // of the run, of the learn phase
	uint32_t n_learned;
};

// A queue pair of a port, with what waits to be sent.
struct lane {
	struct rte_mbuf *pending[LANE_PENDING];
	unsigned int first, n; // n of them from `first`
	unsigned int waited;   // of them have been refused before
};

struct port {
	const struct port_options *options;
	uint16_t id;
	bool opened, has_router;
	struct rte_ether_addr router;
	struct lane lanes[QUEUES_MAX];
	uint64_t sent, received, bytes_sent, bytes_received; // bytes with FCS
	uint64_t refused;		    // packets that the ring had no room for at first
	uint64_t overflowed;		    // answers dropped, as too many waited
	uint64_t unexpected;		    // received, but neither ours nor ARP
	uint64_t arp_requests, arp_replies; // received, sent
};

enum phase {
	PHASE_LINKS,
	PHASE_RESOLVE,
	PHASE_LEARN,
	PHASE_RUN,
	PHASE_DRAIN,
	PHASE_END,
};

enum stopped_by {
	STOPPED_SECONDS,
	STOPPED_PACKETS,
	STOPPED_SIGNAL,
};

struct engine {
	const struct options *options;
	struct port ports[PORTS_MAX];
	struct flow_set sets[SETS_MAX];
	struct schedule schedule;
	struct rte_mempool *rx_pool, *tx_pool;
	uint64_t tsc_hz;
	uint32_t stamp;	    // of the last burst
	bool stop;	    // set by the main thread, atomic
	enum phase phase;   // read by the main thread, atomic
	struct error error; // of a run that failed, complete at PHASE_END
	int rc;
	enum stopped_by stopped_by;
	uint64_t learn_cycles, run_cycles, busy_cycles;
	uint64_t last_turn, max_gap; // between two turns of the loop, in cycles
	uint64_t generated;	     // packets of the run, skipped ones too
	struct histogram costs;	     // 1 / COST_UNITS cycles per packet, of full turns
	uint64_t moved;		     // packets sent and received in the run
	uint64_t late;		     // packets given up to hold the rate after a pause
	uint64_t involuntary;	     // context switches of the run
};

// `e` is zeroed. 0 or a negative errno with e->error; engine_close() is needed in any case.
int engine_open(struct engine *e, const struct options *o);
void engine_close(struct engine *e);

// The generator's thread: `arg` is the engine. The result is in e->rc.
int engine_run(void *arg);

// Opens the ports; e->error says what failed.
int port_open(struct engine *e, struct port *p);
void port_close(struct port *p);
