// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// HELLO and WELCOME: same schema, the counters' memory, and the descriptors that a restarted data
// plane gets back before anything else.
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/dataplane/internal.h"
#include "control/dataplane/io.h"
#include "control/main/log.h"
#include "dataplane/api/schema_hash.h"

static const uint8_t schema[MSG_SCHEMA_BYTES] = SCHEMA_HASH_BYTES;

static int check_welcome(const struct client *c, size_t len)
{
	const struct msg_welcome *w = (const void *)c->in;

	if (w->h.type != MSG_WELCOME)
		return -EPROTO;
	if (w->h.status == -EPROTO) // its word for another schema
		return -EPROTONOSUPPORT;
	if (w->h.status < 0)
		return w->h.status;
	if (len != sizeof(*w) || w->boot_id == 0)
		return -EPROTO;
	if (memcmp(w->schema, schema, sizeof(schema)) != 0)
		return -EPROTONOSUPPORT;
	return 0;
}

// Maps the counters over the range reserved for them, so that readers on other threads never hold
// an address that goes away.
static int map_stats(struct client *c, int fd, uint32_t size)
{
	struct stat st;
	void *p;

	if (fd < 0 || size < sizeof(struct stats_shm) || fstat(fd, &st) < 0 || st.st_size < size)
		return -EPROTO;
	p = mmap(c->stats, sizeof(struct stats_shm), PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	atomic_store(&c->has_stats, true);
	return 0;
}

static int return_fds(struct client *c, int fd, int64_t deadline)
{
	for (size_t i = 0; i < c->keeper.count; i++) {
		struct msg_fd m = { .h = { .len = sizeof(m), .type = MSG_FD }, .keep = 1 };
		int rc;

		memcpy(m.name, c->keeper.list[i].name, sizeof(m.name));
		rc = io_send(fd, &m, sizeof(m), c->keeper.list[i].fd, deadline);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int client_handshake(struct client *c, int fd, bool *fresh)
{
	int64_t deadline = io_deadline(c->deadlines.handshake);
	const struct msg_welcome *w = (const void *)c->in;
	struct msg_hello hello = { .h = { .len = sizeof(hello), .type = MSG_HELLO },
		.boot_id = c->known_boot_id,
		.generation = c->generation };
	int stats_fd, rc;

	memcpy(hello.schema, schema, sizeof(schema));
	rc = io_send(fd, &hello, sizeof(hello), -1, deadline);
	if (rc < 0 && rc != -ENOTCONN) // a peer that hung up may have said why before
		return rc;
	rc = io_receive(fd, c->in, sizeof(c->in), &stats_fd, deadline);
	if (rc < 0)
		return rc;
	rc = check_welcome(c, (size_t)rc);
	if (rc == 0)
		rc = map_stats(c, stats_fd, w->stats_size);
	if (stats_fd >= 0)
		close(stats_fd);
	if (rc < 0)
		return rc;
	*fresh = w->boot_id != c->known_boot_id;
	if (*fresh)
		rc = return_fds(c, fd, deadline);
	else
		fdkeeper_unconfirm(&c->keeper);
	if (rc < 0)
		return rc;
	c->sweep_fds = !*fresh;
	c->known_boot_id = w->boot_id;
	c->generation = w->generation;
	return 0;
}
