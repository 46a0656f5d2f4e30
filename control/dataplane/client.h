// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Client of the data plane's transaction socket (dataplane/api/proto.h). Owned by the commit
// thread: every call but client_stats() and client_connected() is made there. Each request waits
// for its reply until a deadline; a wrong or dead peer is an error, never a hang.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/problem.h"
#include "control/main/jobs.h"
#include "dataplane/api/proto.h"
#include "dataplane/stats/shm.h"

struct client;

struct client_events {
	// A data plane appeared; `fresh`: it has a boot id that we did not know (nothing applied).
	void (*connected)(void *ctx, bool fresh);
	void (*link)(void *ctx, uint32_t port, bool up);
	void *ctx;
};

// How long the peer may take, milliseconds; the defaults are in client.c.
struct client_deadlines {
	unsigned int handshake;
	unsigned int request;
	unsigned int transaction; // PREPARE and COMMIT
};

// Writes the JSON pointer of an object that the data plane complains about; "" when unknown.
struct client_namer {
	void (*pointer)(void *ctx, enum obj_kind kind, uint32_t id, const char *field, char *out,
		size_t size);
	void *ctx;
};

// `events` may be NULL. Connects soon once `jobs` run, or when a request needs it.
struct client *client_create(
	const char *socket_path, struct jobs *jobs, const struct client_events *events);
void client_destroy(struct client *c);
void client_set_deadlines(struct client *c, const struct client_deadlines *deadlines);
void client_set_namer(struct client *c, const struct client_namer *namer);

bool client_connected(const struct client *c);		      // any thread
const struct stats_shm *client_stats(const struct client *c); // any thread; NULL: none yet.
// The mapping stays valid until client_destroy(), also after the data plane is gone.
uint64_t client_generation(const struct client *c); // last one applied, 0: none; commit thread
uint64_t client_boot_id(const struct client *c);    // 0 while not connected; any thread

// A transaction. Objects are sent in batches by kind. 0, or negative errno with problems:
// -ENOTCONN, -ETIMEDOUT, -EPROTO, or what the data plane refused (problem per object).
int client_begin(struct client *c, uint64_t base, bool replace, struct problems *p);
int client_put(struct client *c, enum obj_kind kind, const void *objects, size_t size, size_t count,
	struct problems *p);
int client_delete(struct client *c, enum obj_kind kind, const uint32_t *ids, size_t count,
	struct problems *p);
int client_prepare(struct client *c, struct problems *p);
int client_commit(struct client *c, uint64_t generation, struct problems *p);
void client_abort(struct client *c);

// One MSG_ROUTES message; `entries` is msg_route and msg_hop structs, packed. 0 or negative errno.
int client_routes(
	struct client *c, uint32_t flags, const void *entries, size_t bytes, uint32_t count);

// A dump: *records is malloc'd (NULL when *count is 0), the caller frees. 0 or negative errno.
int client_dump(
	struct client *c, enum dump_what what, void **records, size_t record_size, size_t *count);

// The same of a page (DUMP_ROUTES): from `from` on, 0 or `next` of the page before; `next` is 0
// when this is the last one. The caller frees the records, which are NULL on an error, too.
struct client_page {
	void *records;
	size_t count;
	uint32_t next;
	uint32_t total; // of the routes' prefixes
};
int client_dump_page(struct client *c, enum dump_what what, uint32_t from, uint32_t most,
	size_t record_size, struct client_page *out);

struct session_page {
	void *records; // malloc'd, the caller frees; NULL when there are none
	uint32_t count;
	uint32_t next;
	uint64_t total;
};

// MSG_SESSIONS: `ask` but for its header. 0 or negative errno.
int client_sessions(struct client *c, const struct msg_sessions *ask, struct session_page *out);

// MSG_LOG; `fd` is borrowed, -1 for LOG_OFF. 0 or negative errno.
int client_log(struct client *c, enum log_kind kind, bool destinations, int fd);
