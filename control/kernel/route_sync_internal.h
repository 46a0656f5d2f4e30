// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the route monitor keeps, for its parts: notifications (route_sync.c), the kernel's table and
// the data plane's read in parts (route_reread.c), telling the data plane (route_tell.c).
#pragma once

#include <stdatomic.h>

#include "control/kernel/hold.h"
#include "control/kernel/netlink.h"
#include "control/kernel/route_sync.h"
#include "control/kernel/route_table.h"

#define NEWS_BYTES (1u << 20) // of notifications taken at a time

// What is read in parts, a part for each step.
enum phase {
	PHASE_NONE,
	PHASE_DUMP,   // the kernel's table
	PHASE_NEWS,   // until the notifications of that time have been taken
	PHASE_SWEEP,  // what the dump did not have
	PHASE_DEVICE, // an audit: the data plane's routes
	PHASE_REST,   // what it does not have
	PHASE_TELL,   // what was found, until the data plane has it
};

struct route_sync {
	struct route_sync_conf conf;
	int netns_fd; // borrowed, while it is open
	struct netlink monitor, reader;
	struct watch watch;
	struct route_table *table;
	struct nexthops *nexthops;
	struct watch again; // an eventfd: there is more to do, after the jobs that wait
	struct hold hold;
	bool reread;  // the table must be read from the kernel
	bool changed; // netdevs or addresses did

	uint8_t *news; // NEWS_BYTES: notifications that were taken and have not been looked at
	size_t news_len;
	bool drained; // no more of them waited

	enum phase phase;
	struct netlink_dump dump;
	bool lost;     // the reading is not all there is: notifications were lost
	int failed;    // or there was no memory: -ENOMEM
	uint32_t from; // of the data plane's routes
	bool auditing;
	bool again_incomplete; // what was refused before this audit is no surprise
	int found;	       // by the last one: differences
	uint64_t audit_begin;  // ms of the monotonic clock
	uint64_t next_audit;   // not before, the same clock
	uint64_t retry;	       // of what was refused, the same clock

	bool full;	  // the data plane must be told everything
	bool sweep;	  // and that is under way
	bool unswept;	  // the data plane may have routes that are not in the table
	bool incomplete;  // the data plane refused something since the last audit
	uint64_t boot_id; // of the data plane that was told
	size_t batch_len; // of the message to the data plane in `batch`
	uint32_t batch_count;
	uint32_t batch_flags;
	_Atomic uint64_t rereads, told, refused, cut, drift, missing;
	_Alignas(8) uint8_t batch[MSG_MAX - sizeof(struct msg_routes)];
};

// Begins to read the kernel's table if it must be and nothing else is being read; reads a part of
// the dump. 0 or negative errno: it was given up, and must be read again.
int route_reread_dump(struct route_sync *s);
// The parts that need the dump and its notifications. 0 or negative errno, as above.
int route_reread_rest(struct route_sync *s);
// Whether the kernel's table is being read, or must be.
bool route_reread_wanted(const struct route_sync *s);

void route_audit_begin(struct route_sync *s); // at the next turn
void route_audit_stop(struct route_sync *s);  // gives it up, if there is one
int route_audit_end(struct route_sync *s);    // the number of differences

// Tells the data plane what is to be told, within a bound. 1: there is more; 0 or negative errno.
int route_tell(struct route_sync *s);
