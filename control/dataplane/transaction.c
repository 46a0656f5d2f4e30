// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Transactions, routes and the NAT log: requests that are answered by a RESULT.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/dataplane/internal.h"
#include "control/main/log.h"

static int unreachable(struct problems *p, int err)
{
	const char *text = err == -ETIMEDOUT ? "the data plane did not answer in time"
			   : err == -EPROTO  ? "the data plane does not keep to the protocol"
					     : "the data plane is not connected";

	if (p != NULL) {
		problem_add(p, "", "%s", text);
		p->status = 503;
	}
	return err;
}

static void add_problem(struct client *c, const struct msg_error *e, struct problems *p)
{
	char pointer[256] = "", field[sizeof(e->field)];

	snprintf(field, sizeof(field), "%.*s", (int)sizeof(e->field) - 1, e->field);
	if (c->namer.pointer != NULL && e->kind != 0)
		c->namer.pointer(c->namer.ctx, e->kind, e->id, field, pointer, sizeof(pointer));
	if (e->text[0] != '\0')
		problem_add(p, pointer, "%.*s", (int)sizeof(e->text) - 1, e->text);
	else
		problem_add(p, pointer, "%s%s%s", field, field[0] ? ": " : "", strerror(-e->code));
}

static void add_problems(struct client *c, const struct msg_result *r, struct problems *p)
{
	for (uint32_t i = 0; i < r->count; i++)
		add_problem(c, &r->errors[i], p);
	p->dropped += r->truncated;
	if (r->count == 0)
		problem_add(p, "", "the data plane refused: %s", strerror(-r->h.status));
	if (p->status == 0)
		p->status = 422;
}

// Sends c->out and digests the RESULT. 0, or negative errno with problems (`p` may be NULL).
static int transact(struct client *c, enum msg_type type, size_t len, unsigned int milliseconds,
	struct problems *p)
{
	const struct msg_result *r = (const void *)c->in;
	int n = client_request(c, type, len, MSG_RESULT, milliseconds, NULL);

	if (n < 0)
		return unreachable(p, n);
	if ((size_t)n < sizeof(*r) || r->count > MSG_ERRORS_MAX || r->h.status > 0 ||
		(size_t)n != sizeof(*r) + r->count * sizeof(r->errors[0])) {
		client_disconnect(c, "malformed result");
		return unreachable(p, -EPROTO);
	}
	c->generation = r->generation;
	if (r->h.status < 0 && p != NULL)
		add_problems(c, r, p);
	return r->h.status;
}

int client_begin(struct client *c, uint64_t base, bool replace, struct problems *p)
{
	struct msg_begin *m = (void *)c->out;
	int rc = client_connect(c);

	if (rc < 0)
		return unreachable(p, -ENOTCONN);
	memset(m, 0, sizeof(*m));
	m->base = base;
	m->replace = replace;
	rc = transact(c, MSG_BEGIN, sizeof(*m), c->deadlines.request, p);
	c->transaction = rc == 0;
	return rc;
}

// Objects, or ids of objects to delete, in as many messages as they need.
static int send_records(struct client *c, enum obj_kind kind, bool del, const void *records,
	size_t size, size_t count, struct problems *p)
{
	const size_t most = (MSG_MAX - sizeof(struct msg_objects)) / size;
	struct msg_objects *m = (void *)c->out;
	const uint8_t *from = records;

	while (count > 0) {
		size_t n = count < most ? count : most;
		int rc;

		memset(m, 0, sizeof(*m));
		m->kind = (uint16_t)kind;
		m->del = del;
		m->count = (uint32_t)n;
		memcpy(m + 1, from, n * size);
		rc = transact(c, MSG_OBJECTS, sizeof(*m) + n * size, c->deadlines.request, p);
		if (rc < 0)
			return rc;
		from += n * size;
		count -= n;
	}
	return 0;
}

int client_put(struct client *c, enum obj_kind kind, const void *objects, size_t size, size_t count,
	struct problems *p)
{
	return send_records(c, kind, false, objects, size, count, p);
}

int client_delete(
	struct client *c, enum obj_kind kind, const uint32_t *ids, size_t count, struct problems *p)
{
	return send_records(c, kind, true, ids, sizeof(*ids), count, p);
}

int client_prepare(struct client *c, struct problems *p)
{
	return transact(c, MSG_PREPARE, sizeof(struct msg_header), c->deadlines.transaction, p);
}

int client_commit(struct client *c, uint64_t generation, struct problems *p)
{
	struct msg_commit *m = (void *)c->out;

	m->generation = generation;
	c->transaction = false;
	return transact(c, MSG_COMMIT, sizeof(*m), c->deadlines.transaction, p);
}

void client_abort(struct client *c)
{
	c->transaction = false;
	if (c->fd >= 0)
		transact(c, MSG_ABORT, sizeof(struct msg_header), c->deadlines.transaction, NULL);
}

// What a peer repeats for each batch is logged once.
static void log_refused_routes(struct client *c)
{
	const struct msg_result *r = (const void *)c->in;
	char text[MSG_TEXT_MAX];

	snprintf(text, sizeof(text), "%.*s", MSG_TEXT_MAX - 1,
		r->count > 0 ? r->errors[0].text : strerror(-r->h.status));
	if (strcmp(text, c->refused_route) != 0)
		log_warning("data plane refused routes: %s", text);
	memcpy(c->refused_route, text, sizeof(text));
}

int client_routes(
	struct client *c, uint32_t flags, const void *entries, size_t bytes, uint32_t count)
{
	struct msg_routes *m = (void *)c->out;
	int rc;

	if (bytes > MSG_MAX - sizeof(*m))
		return -EMSGSIZE;
	memset(m, 0, sizeof(*m));
	m->flags = flags;
	m->count = count;
	if (bytes > 0)
		memcpy(m + 1, entries, bytes);
	rc = transact(c, MSG_ROUTES, sizeof(*m) + bytes, c->deadlines.request, NULL);
	if (rc < 0 && c->fd >= 0)
		log_refused_routes(c);
	return rc;
}

int client_log(struct client *c, enum log_kind kind, bool destinations, int fd)
{
	struct msg_log *m = (void *)c->out;

	if (client_connect(c) < 0)
		return -ENOTCONN;
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	m->destinations = destinations;
	c->out_fd = fd;
	return transact(c, MSG_LOG, sizeof(*m), c->deadlines.request, NULL);
}
