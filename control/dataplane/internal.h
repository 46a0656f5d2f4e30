// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The client's inside, shared by its files: client.c (connection), handshake.c, request.c,
// transaction.c, dump.c.
#pragma once

#include <stdatomic.h>
#include <sys/un.h>

#include "control/dataplane/client.h"
#include "control/dataplane/fdkeeper.h"

struct client {
	struct sockaddr_un path;
	struct jobs *jobs;
	struct client_events events;
	struct client_namer namer;
	struct client_deadlines deadlines;
	struct watch retry;	// a timer: reconnects
	struct watch readable;	// registered while connected
	int fd;			// -1: not connected
	int out_fd;		// goes with the next request, borrowed; -1: none
	uint32_t seq;		// of the last request
	uint64_t known_boot_id; // of the data plane seen last, 0: none
	uint64_t generation;
	bool transaction; // one is open, or was when its data plane went away
	int logged;	  // error of the last attempt that was logged
	bool sweep_fds;	  // at the next reply, forget the descriptors that were not named
	struct fdkeeper keeper;
	void *stats; // address range of the counters; a memfd is mapped over it when there is one
	_Atomic bool has_stats;
	_Atomic uint64_t boot_id;	  // of the connected data plane, 0 while not connected
	char refused_route[MSG_TEXT_MAX]; // last complaint that was logged
	_Alignas(8) uint8_t out[MSG_MAX];
	_Alignas(8) uint8_t in[MSG_MAX];
};

// client.c. Attempts to connect unless connected. 0 or negative errno.
int client_connect(struct client *c);
// The same for a question, which may come in the middle of a transaction: another data plane, that
// has never heard of it, is for whoever began it to find.
int client_reach(struct client *c);
// Closes and logs one line with the reason; none when it is NULL.
void client_disconnect(struct client *c, const char *reason);

// handshake.c: HELLO, WELCOME, kept descriptors. On success c is connected and *fresh tells whether
// this data plane is one that we did not know. Negative errno: the caller closes.
int client_handshake(struct client *c, int fd, bool *fresh);

// request.c. A FD or EVENT message in c->in, of `len` bytes; takes `fd` over. 0 or -EPROTO.
int client_unsolicited(struct client *c, size_t len, int fd);
// Sends the message of `len` bytes in c->out, whose header it completes, and waits for the reply
// of type `reply`, which is then in c->in. `*fd` gets the reply's descriptor; pass NULL when it
// must have none. Reply's length; on negative errno the client is disconnected.
int client_request(struct client *c, enum msg_type type, size_t len, enum msg_type reply,
	unsigned int milliseconds, int *fd);

// dump.c. Copies the records out of a memfd; *records is malloc'd. 0, -EPROTO or -ENOMEM.
int client_read_records(int fd, size_t record_size, uint64_t count, void **records);
