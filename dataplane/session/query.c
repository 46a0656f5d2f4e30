// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Only the sweeper ends sessions and reuses slots, so a walk on its thread needs no other
// protection; sessions that come and go meanwhile are met or not.
#include "dataplane/session/query.h"

#include <errno.h>
#include <stdlib.h>

static int alloc_rules(struct session_query *q, const struct rule_epochs *epochs)
{
	uint32_t n = 0;

	for (unsigned kind = 0; kind < OBJ_KIND_COUNT; kind++) {
		if (epochs->epoch[kind] == NULL)
			continue;
		q->n_rules[kind] = epochs->count[kind];
		q->by_rule[kind] = calloc(epochs->count[kind], sizeof(uint32_t));
		if (q->by_rule[kind] == NULL)
			return -ENOMEM;
		n += epochs->count[kind];
	}
	q->limit = n;
	q->records = calloc(n + 1, sizeof(struct dump_rule));
	return q->records != NULL ? 0 : -ENOMEM;
}

int session_query_init(
	struct session_query *q, const struct msg_sessions *m, const struct rule_epochs *epochs)
{
	int rc = 0;

	*q = (struct session_query){ .filter = m->filter,
		.op = (enum sessions_op)m->op,
		.cause = SESSION_END_REQUEST,
		.limit = m->limit,
		.count_all = m->count_all != 0 };
	if (m->op == 0 || m->op >= SESSIONS_OP_COUNT || !session_filter_valid(&m->filter))
		return -EINVAL;
	if (m->op == SESSIONS_LIST) {
		if (m->limit == 0 || m->limit > MSG_SESSIONS_MAX)
			return -EINVAL;
		q->slot = m->cursor;
		q->records = calloc(m->limit, sizeof(struct dump_session));
		rc = q->records != NULL ? 0 : -ENOMEM;
	} else if (m->op == SESSIONS_BY_RULE) {
		rc = alloc_rules(q, epochs);
	}
	if (rc < 0)
		session_query_fini(q);
	return rc;
}

void session_query_fini(struct session_query *q)
{
	if (q->pick != NULL)
		q->pick->free(q->pick);
	free(q->records);
	for (unsigned kind = 0; kind < OBJ_KIND_COUNT; kind++)
		free(q->by_rule[kind]);
}

static void count_rule(struct session_query *q, unsigned kind, uint32_t id)
{
	if (kind < OBJ_KIND_COUNT && id < q->n_rules[kind])
		q->by_rule[kind][id]++;
}

static void count_rules(struct session_query *q, const struct session *s)
{
	count_rule(q, s->rule_kind, s->rule);
	if ((s->flags & SESSION_SNAT) && s->rule_kind != OBJ_SNAT)
		count_rule(q, OBJ_SNAT, s->snat_rule);
}

static void finish_rules(struct session_query *q)
{
	struct dump_rule *out = q->records;

	for (unsigned kind = 0; kind < OBJ_KIND_COUNT; kind++)
		for (uint32_t id = 0; id < q->n_rules[kind]; id++)
			if (q->by_rule[kind][id] != 0)
				out[q->count++] =
					(struct dump_rule){ kind, id, q->by_rule[kind][id] };
}

// A session that fits. False: the page is full, and nothing beyond it is wanted.
static bool take(
	struct session_query *q, struct sweeper *s, uint32_t slot, uint64_t life, uint32_t tick)
{
	const struct session_table *t = s->conf.table;

	if (q->op == SESSIONS_END) {
		q->total += sweeper_end(s, slot, q->cause, tick);
		return true;
	}
	if (q->op == SESSIONS_BY_RULE) {
		count_rules(q, &t->sessions[slot]);
	} else if (q->count < q->limit) {
		session_record(&t->sessions[slot], life, &t->timers, tick,
			&((struct dump_session *)q->records)[q->count++]);
	} else {
		if (q->next == 0)
			q->next = slot;
		if (!q->count_all)
			return false;
	}
	q->total++;
	return true;
}

bool session_query_step(
	struct session_query *q, struct sweeper *s, uint32_t tick, unsigned max_slots)
{
	const struct session_table *t = s->conf.table;
	uint32_t high = slab_high(&t->slabs[ARENA_SESSIONS]);
	uint32_t end = q->slot < high && high - q->slot > max_slots ? q->slot + max_slots : high;

	for (; q->slot < end; q->slot++) {
		const struct session *session = &t->sessions[q->slot];
		uint64_t life = atomic_load_explicit(&session->life, memory_order_acquire);

		if ((life & SESSION_STATE_MASK) == SESSION_LIVE &&
			session_filter_fits(&q->filter, session, life, tick) &&
			(q->pick == NULL || q->pick->fits(q->pick, session)) &&
			!take(q, s, q->slot, life, tick))
			return true;
	}
	if (end < high)
		return false;
	if (q->op == SESSIONS_BY_RULE)
		finish_rules(q);
	return true;
}
