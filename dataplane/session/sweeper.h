// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ends sessions: expired ones, those whose rule has changed and those that an operator picks; and
// mappings and hosts that nothing refers to. Runs on one thread that is no worker; never waits.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/proto.h"
#include "dataplane/session/blocks.h"
#include "dataplane/session/table.h"

// The current epoch of every rule, by kind and id. The control thread adds 1 when a rule is removed
// or altered, right before the set without the old rule comes into force: the sessions of the old
// rule end, and those that the new one makes are current from the first.
struct rule_epochs {
	_Atomic uint32_t *epoch[OBJ_KIND_COUNT]; // NULL: this kind owns no sessions
	uint32_t count[OBJ_KIND_COUNT];		 // an id from here on is no rule: its sessions end
};

// The grace period. start() gives a token, passed() tells whether every reader has since been
// quiescent. rte_rcu_qsbr in the product.
struct grace {
	void *ctx;
	uint64_t (*start)(void *ctx);
	bool (*passed)(void *ctx, uint64_t token);
};

enum session_end {
	SESSION_END_EXPIRED,
	SESSION_END_RULE,	// its rule was removed, or altered so that it is not made any more
	SESSION_END_REQUEST,	// by hand
	SESSION_END_HALF_OPEN,	// half-open while the table was nearly full
	SESSION_END_MOVED,	// its route left its uplink, or the uplink is gone
	SESSION_END_SUPERSEDED, // session_supersede()
	SESSION_END_UNDONE,	// given up by its creator: no event
	SESSION_END_COUNT,
};

// While the table is this full (sessions, mappings or hosts), half-open sessions end after a short
// idle time, so that a flood of packets that nobody answers locks nobody out. A handshake repeats
// its packets within that time (RFC 6298 5.7, RFC 9293 3.8.1).
#define SWEEPER_PRESSURE_PERCENT 90
#define SWEEPER_HALF_OPEN_IDLE	 10 // seconds

struct sweeper_conf {
	struct session_table *table;
	const struct rule_epochs *epochs;
	struct grace grace;
	// Called once for each session that ends; may be NULL.
	void (*on_end)(void *ctx, const struct session *s, enum session_end cause, uint32_t tick);
	// Called when a host has lost a port block, before another one can get it; may be NULL.
	void (*on_block_end)(void *ctx, const struct port_block *b);
	void *on_end_ctx; // of both
};

// Dead slots on their way back to the slabs: collected, then waiting for one grace period, then
// freed, a bounded number at each step. Lists are linked through the slots.
struct limbo {
	uint32_t open[ARENA_SLABS]; // slot + 1 of the first
	uint32_t waiting[ARENA_SLABS];
	uint32_t passed[ARENA_SLABS];
	uint64_t token; // of `waiting`
	uint64_t n;	// slots in all lists
};

struct sweeper {
	struct sweeper_conf conf;
	uint32_t cursor[ARENA_SLABS]; // next slot to look at
	struct limbo limbo;
	uint64_t ended[SESSION_END_COUNT];
	bool pressure; // the table was nearly full when the step began
};

void sweeper_init(struct sweeper *s, const struct sweeper_conf *conf);

// Frees what has passed its grace period and looks at the next max_slots slots of each kind; `tick`
// as in session_touch(). True when this step finished a pass over all sessions.
bool sweeper_step(struct sweeper *s, uint32_t tick, unsigned max_slots);

// Ends the session in a slot; false when there is no live one. Same thread as sweeper_step().
bool sweeper_end(struct sweeper *s, uint32_t slot, enum session_end cause, uint32_t tick);

// True when nothing waits for a grace period.
bool sweeper_idle(const struct sweeper *s);
