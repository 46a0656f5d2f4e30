// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What each message of the transaction socket does. Every size is checked before it is used: the
// peer is our own control process, but a wrong one must not harm forwarding.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/api/server_internal.h"
#include "dataplane/fib/l3.h"
#include "dataplane/fib/routes.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/log.h"
#include "dataplane/main/session_log.h"
#include "dataplane/api/schema_hash.h"

static uint64_t applied_generation(const struct dataplane *dp)
{
	const struct set *set = atomic_load_explicit(&dp->set, memory_order_relaxed);

	return set->generation;
}

void server_result(struct server *s, uint32_t seq, int status, const struct txn_errors *errors)
{
	struct msg_error *list;
	union {
		struct msg_result r;
		uint8_t bytes[sizeof(struct msg_result) + MSG_ERRORS_MAX * sizeof(*list)];
	} m;
	size_t len = sizeof(m.r);

	m.r = (struct msg_result){
		.h = { .type = MSG_RESULT, .seq = seq, .status = status },
		.generation = applied_generation(s->dp),
	};
	if (status < 0 && errors != NULL) {
		m.r.count = errors->count;
		m.r.truncated = errors->truncated;
		memcpy(m.bytes + len, errors->list, errors->count * sizeof(*list));
		len += errors->count * sizeof(*list);
	}
	server_send(s, &m, len, -1);
}

void server_hello(struct server *s, const struct msg_hello *m, size_t len)
{
	static const uint8_t schema[MSG_SCHEMA_BYTES] = SCHEMA_HASH_BYTES;
	struct dataplane *dp = s->dp;
	struct msg_welcome w = { .h = { .type = MSG_WELCOME, .seq = m->h.seq },
		.boot_id = dp->boot_id,
		.generation = applied_generation(dp),
		.workers = dp->n_workers,
		.stats_size = sizeof(struct stats_shm) };

	memcpy(w.schema, schema, sizeof(schema));
	snprintf(w.netns, sizeof(w.netns), "%s", dp->options.netns);
	if (len != sizeof(*m) || memcmp(m->schema, schema, sizeof(schema)) != 0) {
		log_error("control speaks another schema: both must come from the same build");
		w.h.status = -EPROTO;
		server_send(s, &w, sizeof(w), -1);
		server_drop_client(s, "other schema");
		return;
	}
	server_send(s, &w, sizeof(w), dp->stats_fd);
	if (s->broken != 0)
		return;
	s->greeted = true;
	log_info("control connected");
	server_send_fds(s);
}

static int handle_objects(struct server *s, const struct msg_objects *m, size_t len)
{
	size_t size = m->del ? sizeof(uint32_t) : object_size(m->kind);

	if (len < sizeof(*m) || object_size(m->kind) == 0 || m->count > MSG_MAX ||
		len != sizeof(*m) + m->count * size)
		return -EPROTO;
	return m->del ? txn_delete(&s->txn, m->kind, (const uint32_t *)(m + 1), m->count)
		      : txn_put(&s->txn, m->kind, m + 1, m->count);
}

static void report_route(void *ctx, uint32_t entry, int code, const char *field, const char *text)
{
	txn_error(ctx, 0, entry, field, code, "route: %s", text);
}

static void handle_routes(struct server *s, const struct msg_header *h, size_t len)
{
	struct txn_errors errors = { .count = 0 };
	int rc = routes_apply(s->dp->l3, h, len, report_route, &errors);

	if (rc > 0 && errors.count > 0)
		rc = errors.list[0].code;
	server_result(s, h->seq, rc, &errors);
}

static void handle_log(struct server *s, const struct msg_log *m, int fd)
{
	server_result(s, m->h.seq, session_log_set(s->dp, m->kind, m->destinations != 0, fd), NULL);
}

static void handle_commit(struct server *s, const struct msg_commit *m, size_t len)
{
	int rc = len == sizeof(*m) ? txn_commit(s->dp, &s->txn, m->generation) : -EPROTO;

	if (rc < 0)
		server_result(s, m->h.seq, rc, &s->txn.errors);
	else
		s->commit_seq = m->h.seq; // answered by server_run() when it took effect
}

bool server_dispatch(struct server *s, const void *msg, size_t len, int fd)
{
	const struct msg_header *h = msg;
	const struct msg_begin *begin = msg;
	int rc;

	if (h->seq == 0 && h->type != MSG_FD)
		return false;
	switch (h->type) {
	case MSG_FD:
		if (len != sizeof(struct msg_fd))
			return false;
		server_take_fd(s, msg, fd);
		return true;
	case MSG_BEGIN:
		rc = len == sizeof(*begin)
			     ? txn_begin(s->dp, &s->txn, begin->base, begin->replace != 0)
			     : -EPROTO;
		break;
	case MSG_OBJECTS:
		rc = len >= sizeof(struct msg_objects) ? handle_objects(s, msg, len) : -EPROTO;
		break;
	case MSG_PREPARE:
		rc = txn_prepare(s->dp, &s->txn);
		break;
	case MSG_ABORT:
		txn_abort(s->dp, &s->txn);
		rc = 0;
		break;
	case MSG_COMMIT:
		handle_commit(s, msg, len);
		return true;
	case MSG_LOG:
		if (len != sizeof(struct msg_log))
			return false;
		handle_log(s, msg, fd);
		return true;
	case MSG_ROUTES:
		handle_routes(s, h, len);
		return true;
	case MSG_DUMP:
		if (len != sizeof(struct msg_dump))
			return false;
		server_dump(s, msg);
		return true;
	case MSG_SESSIONS:
		if (len != sizeof(struct msg_sessions))
			return false;
		server_sessions(s, msg);
		return true;
	default:
		return false;
	}
	server_result(s, h->seq, rc, &s->txn.errors);
	return true;
}
