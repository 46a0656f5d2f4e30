// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Questions about sessions, and orders to end some.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "control/dataplane/internal.h"

static size_t record_size(uint32_t op)
{
	return op == SESSIONS_LIST	? sizeof(struct dump_session)
	       : op == SESSIONS_BY_RULE ? sizeof(struct dump_rule)
					: 0;
}

static int check(const struct msg_sessions_reply *r, int len, uint32_t op)
{
	if (len != sizeof(*r) || r->h.status > 0)
		return -EPROTO;
	if (r->h.status < 0)
		return r->h.status;
	if (r->op != op || r->record_size != record_size(op) ||
		(r->count > 0 && r->record_size == 0) ||
		(op == SESSIONS_LIST && r->count > MSG_SESSIONS_MAX))
		return -EPROTO;
	return 0;
}

int client_sessions(struct client *c, const struct msg_sessions *ask, struct session_page *out)
{
	const struct msg_sessions_reply *r = (const void *)c->in;
	int fd = -1, rc;

	*out = (struct session_page){ 0 };
	if (client_reach(c) < 0)
		return -ENOTCONN;
	memcpy(c->out, ask, sizeof(*ask));
	rc = client_request(
		c, MSG_SESSIONS, sizeof(*ask), MSG_SESSIONS_REPLY, c->deadlines.transaction, &fd);
	if (rc < 0)
		return rc;
	rc = check(r, rc, ask->op);
	if (rc == 0 && r->count > 0)
		rc = client_read_records(fd, r->record_size, r->count, &out->records);
	if (fd >= 0)
		close(fd);
	if (rc == -EPROTO)
		client_disconnect(c, "malformed answer about sessions");
	if (rc < 0)
		return rc;
	out->count = r->count;
	out->next = r->next;
	out->total = r->total;
	return 0;
}
