// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Parts of the server that its files share.
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/proto.h"
#include "dataplane/api/txn.h"

struct sweep_job;

#define SERVER_FDS_MAX (2 * LIMIT_PORTS)

// A TAP descriptor: `kept` ones belong to living ports and are borrowed; the others came from the
// client and wait to be adopted.
struct server_fd {
	char name[sizeof(((struct msg_fd *)0)->name)];
	int fd;
	bool kept;
};

struct server {
	struct dataplane *dp;
	char path[MSG_ADDRESS_MAX];
	int listener;
	int client; // -1: none
	bool greeted;
	int broken; // errno of a message that the client did not get: it is dropped next
	struct txn txn;
	uint32_t commit_seq;		    // request to answer when the commit took effect
	struct sweep_job *job;		    // question to the sweeper, NULL: none
	uint32_t job_seq;		    // request that it answers
	alignas(8) uint8_t buffer[MSG_MAX]; // messages hold 64-bit fields
	struct server_fd fds[SERVER_FDS_MAX];
	unsigned int n_fds;
};

// Sends one message, with a descriptor when fd >= 0. A client that does not read is dropped.
void server_send(struct server *s, void *msg, size_t len, int fd);
void server_drop_client(struct server *s, const char *why);

// Answers request `seq` with `status`, the applied generation and the transaction's errors.
void server_result(struct server *s, uint32_t seq, int status, const struct txn_errors *errors);

// Handles one message of a greeted client. False: it broke the protocol.
bool server_dispatch(struct server *s, const void *msg, size_t len, int fd);
void server_hello(struct server *s, const struct msg_hello *m, size_t len);

// Answers MSG_DUMP.
void server_dump(struct server *s, const struct msg_dump *m);

// MSG_SESSIONS; the answer comes when the sweeper has it.
void server_sessions(struct server *s, const struct msg_sessions *m);
void server_sessions_poll(struct server *s);

// TAP descriptors.
void server_take_fd(struct server *s, const struct msg_fd *m, int fd);
void server_send_fds(struct server *s);	       // all kept ones, to a new client
void server_close_unadopted(struct server *s); // no port of the configuration wants them
