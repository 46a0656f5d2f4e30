// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A question about the sessions, or the order to end some: a walk over the table in bounded steps,
// on the thread of the sweeper.
#pragma once

#include "dataplane/session/filter.h"
#include "dataplane/session/sweeper.h"

// Picks sessions that a filter cannot name. Used on the thread of the sweeper.
struct session_pick {
	bool (*fits)(const struct session_pick *pick, const struct session *s);
	void (*free)(struct session_pick *pick);
};

struct session_query {
	struct msg_session_filter filter;
	struct session_pick *pick; // of what the filter fits, this alone; NULL: all
	enum sessions_op op;
	enum session_end cause; // SESSIONS_END
	uint32_t limit;		// records
	bool count_all;		// SESSIONS_LIST: to the end of the table
	uint32_t slot;		// where the next step starts; at first the cursor
	// The answer.
	void *records; // dump_session[limit] or dump_rule[limit]; NULL for SESSIONS_END
	uint32_t count;
	uint32_t next;
	uint64_t total;
	uint32_t *by_rule[OBJ_KIND_COUNT]; // SESSIONS_BY_RULE: sessions by id, NULL: not counted
	uint32_t n_rules[OBJ_KIND_COUNT];
};

// Takes a question over. `epochs` tells which rules there can be. 0, -EINVAL or -ENOMEM; then there
// is nothing to be freed. What is put into `pick` afterwards is freed with the rest.
int session_query_init(
	struct session_query *q, const struct msg_sessions *m, const struct rule_epochs *epochs);
void session_query_fini(struct session_query *q);

static inline uint32_t session_query_record_size(const struct session_query *q)
{
	return q->op == SESSIONS_LIST	   ? sizeof(struct dump_session)
	       : q->op == SESSIONS_BY_RULE ? sizeof(struct dump_rule)
					   : 0;
}

// Looks at the next max_slots slots. True when the answer is complete. Same thread as
// sweeper_step().
bool session_query_step(
	struct session_query *q, struct sweeper *s, uint32_t tick, unsigned max_slots);
