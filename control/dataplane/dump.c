// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Dumps: the data plane writes records to a memfd, which is copied out here. It is read, not
// mapped, so that a peer that shrinks it cannot kill control.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/dataplane/internal.h"

static int read_all(int fd, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)buffer + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EPROTO;
		done += (size_t)n;
	}
	return 0;
}

int client_read_records(int fd, size_t record_size, uint64_t count, void **records)
{
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0 || count > (uint64_t)st.st_size / record_size)
		return -EPROTO;
	*records = malloc(count * record_size);
	if (*records == NULL)
		return -ENOMEM;
	rc = read_all(fd, *records, count * record_size);
	if (rc < 0) {
		free(*records);
		*records = NULL;
	}
	return rc;
}

int client_dump_page(struct client *c, enum dump_what what, uint32_t from, uint32_t most,
	size_t record_size, struct client_page *out)
{
	const struct msg_dump_reply *r = (const void *)c->in;
	struct msg_dump *m = (void *)c->out;
	int fd = -1, rc;

	*out = (struct client_page){ 0 };
	if (client_reach(c) < 0)
		return -ENOTCONN;
	memset(m, 0, sizeof(*m));
	m->what = what;
	m->from = from;
	m->most = most;
	rc = client_request(c, MSG_DUMP, sizeof(*m), MSG_DUMP_REPLY, c->deadlines.request, &fd);
	if (rc < 0)
		return rc;
	if (rc != sizeof(*r) || r->h.status > 0 ||
		(r->h.status == 0 && (r->what != what || r->record_size != record_size)))
		rc = -EPROTO;
	else if (r->h.status < 0)
		rc = r->h.status;
	else
		rc = r->count == 0 ? 0
				   : client_read_records(fd, record_size, r->count, &out->records);
	if (fd >= 0)
		close(fd);
	if (rc == 0) {
		out->count = r->count;
		out->next = r->next;
		out->total = r->total;
	}
	if (rc == -EPROTO)
		client_disconnect(c, "malformed dump");
	return rc;
}

int client_dump(
	struct client *c, enum dump_what what, void **records, size_t record_size, size_t *count)
{
	struct client_page all;
	int rc = client_dump_page(c, what, 0, 0, record_size, &all);

	*records = all.records;
	*count = all.count;
	return rc;
}
