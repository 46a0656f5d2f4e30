// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A scripted data plane for tests of the client: a thread that accepts one connection after the
// other and runs the test's script on it. Its complaints are read at the end by the test's thread.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/dataplane/client.h"
#include "dataplane/api/proto.h"

#define SERVER_DEADLINE_MS 5000

struct server {
	char path[64];
	int listener;
	pthread_t thread;
	_Atomic bool stop;
	void (*script)(struct server *s); // with s->fd connected
	int fd;
	unsigned int connections;
	int passed_fd; // came with the message received last, -1: none
	_Alignas(8) uint8_t in[MSG_MAX + 64];
	char failure[256]; // first thing that was not as expected
	// Scratch of the scripts.
	uint64_t boot_id;
	uint64_t generation;
	uint32_t objects[OBJ_KIND_COUNT];
	uint32_t deletions;
	uint32_t replaced;
	uint32_t messages;
	uint32_t names;
	char name[8][64];
	void *user;
};

void server_start(struct server *s, void (*script)(struct server *s));
void server_stop(struct server *s); // joins; fails the test with s->failure

void server_fail(struct server *s, const char *what);
// The next message into s->in; false when the client hung up.
bool server_receive(struct server *s);
// Receives a message of this type; complains when it is another one.
bool server_expect(struct server *s, uint16_t type);
void server_send(struct server *s, const void *message, size_t len, int fd);
void server_welcome(struct server *s);		  // reads HELLO, sends a good WELCOME with counters
void server_result(struct server *s, int status); // to the request in s->in
void server_fd(struct server *s, const char *name, bool keep);
void server_count(struct server *s); // what the request in s->in asks for
void server_serve(struct server *s); // answers every request with success until hangup

// The jobs that the client sees: no thread, watches are driven by the test.
extern struct watch *jobs_test_watches[8];
bool jobs_test_wait(int fd, unsigned int milliseconds); // until readable or hung up
void jobs_test_ready(void);				// serves what is readable now
