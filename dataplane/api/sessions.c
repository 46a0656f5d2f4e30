// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Answers MSG_SESSIONS: hands the question to the sweeper, and its answer to the client. Control
// thread only; what it does itself is bounded by the size of a page.
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/api/server_internal.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/sweep.h"

static void answer(struct server *s, struct msg_sessions_reply *r, int status, int fd)
{
	r->h.type = MSG_SESSIONS_REPLY;
	r->h.status = status;
	server_send(s, r, sizeof(*r), fd);
}

void server_sessions(struct server *s, const struct msg_sessions *m)
{
	struct msg_sessions_reply r = { .h = { .seq = m->h.seq }, .op = m->op };
	int rc = sweep_ask(s->dp, m, &s->job);

	if (rc < 0)
		answer(s, &r, rc, -1);
	else
		s->job_seq = m->h.seq; // answered by server_sessions_poll()
}

static int write_records(int fd, const struct session_query *q)
{
	size_t size = (size_t)q->count * session_query_record_size(q), done = 0;

	while (done < size) {
		ssize_t n = write(fd, (const char *)q->records + done, size - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static void send_answer(struct server *s, const struct session_query *q)
{
	struct msg_sessions_reply r = { .h = { .seq = s->job_seq },
		.op = q->op,
		.record_size = session_query_record_size(q),
		.next = q->next,
		.total = q->total };
	int fd, rc = 0;

	if (q->count == 0) {
		answer(s, &r, 0, -1);
		return;
	}
	fd = memfd_create("sessions", MFD_CLOEXEC);
	rc = fd < 0 ? -errno : write_records(fd, q);
	r.count = rc == 0 ? q->count : 0;
	answer(s, &r, rc, rc == 0 ? fd : -1);
	if (fd >= 0)
		close(fd);
}

void server_sessions_poll(struct server *s)
{
	struct sweep_job *job = s->job;

	if (job == NULL || !sweep_answered(s->dp, job))
		return;
	s->job = NULL;
	send_answer(s, &job->query);
	sweep_forget(s->dp, job);
}
