// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libFuzzer target: messages of the transaction socket, through a real connection to a real data
// plane with test ports. The input is a sequence of messages; length and sequence number of their
// headers are filled in, so that they get further. After each input the client goes, an empty
// configuration is applied, and the data plane must be as it was.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/api/proto.h"
#include "dataplane/api/schema_hash.h"
#include "dataplane/api/server.h"
#include "dataplane/fib/l3.h"
#include "dataplane/fib/routes.h"
#include "dataplane/main/dataplane.h"
#include "tests/fuzz/dataplane.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_MAX 8192

// In front of each message; the rest of its header is made.
struct head {
	uint8_t type;
	uint8_t with_fd;
	uint16_t len; // of the body behind it
};

static struct harness *harness; // LLVMFuzzerTestOneInput() has no argument for it
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	harness = calloc(1, sizeof(*harness));
	if (harness == NULL)
		return 1;
	fuzz_start(harness);
	snprintf(path, sizeof(path), "/tmp/vrouter-fuzz-%d.sock", (int)getpid());
	if (server_create(harness->dp, path, &harness->dp->server) < 0)
		exit(1);
	return 0;
}

// Ends when the server has nothing to do, or is stuck in a transaction for ever.
static void settle(void)
{
	for (unsigned int i = 0; i < 100000; i++)
		if (i > 1 && !server_busy(harness->dp->server) &&
			!server_waits(harness->dp->server) && harness->dp->garbage == NULL) {
			harness_settle(harness);
			return;
		} else {
			fuzz_walk(harness);
		}
	fprintf(stderr, "a transaction does not end\n");
	abort();
}

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(addr.sun_path, path, sizeof(path));
	if (s < 0 || connect(s, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		abort();
	return s;
}

static void send_message(int s, void *message, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(sizeof(int))];
	} control = { .data = { 0 } };
	struct iovec iov = { message, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		h.msg_control = control.data;
		h.msg_controllen = sizeof(control.data);
		control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	}
	(void)sendmsg(s, &h, MSG_NOSIGNAL | MSG_DONTWAIT); // the server may have hung up
}

static void greet(int s)
{
	static const uint8_t schema[MSG_SCHEMA_BYTES] = SCHEMA_HASH_BYTES;
	struct msg_hello hello = { .h = { .len = sizeof(hello), .type = MSG_HELLO, .seq = 1 } };

	memcpy(hello.schema, schema, sizeof(schema));
	send_message(s, &hello, sizeof(hello), -1);
	settle();
}

// Answers are read and their descriptors closed, so that none is left.
static void drain(int s)
{
	static uint8_t buffer[MSG_MAX];
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(sizeof(int))];
	} control;

	for (;;) {
		struct iovec iov = { buffer, sizeof(buffer) };
		struct msghdr h = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.data,
			.msg_controllen = sizeof(control.data) };
		struct cmsghdr *c;
		int fd;

		if (recvmsg(s, &h, MSG_DONTWAIT) <= 0)
			return;
		c = CMSG_FIRSTHDR(&h);
		if (c == NULL || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		close(fd);
	}
}

static uint64_t generation(void)
{
	return atomic_load(&harness->dp->set)->generation;
}

static void tell(int s, const struct head *head, const uint8_t *body, size_t len, uint32_t seq)
{
	_Alignas(8) uint8_t message[sizeof(struct msg_header) + MESSAGE_MAX];
	struct msg_header *h = (struct msg_header *)message;
	int fd = head->with_fd & 1 ? memfd_create("fuzz", MFD_CLOEXEC) : -1;

	if (len > 0)
		memcpy(message + sizeof(*h), body, len);
	*h = (struct msg_header){
		.len = sizeof(*h) + len, .type = head->type % (MSG_TYPE_COUNT + 1), .seq = seq
	};
	// Near the current generation: else the first commit would be the last one.
	if (h->type == MSG_COMMIT && len >= sizeof(uint64_t)) {
		struct msg_commit *commit = (struct msg_commit *)message;

		commit->generation = generation() + commit->generation % 4;
	}
	if (h->type == MSG_BEGIN && len >= sizeof(uint64_t) && (head->with_fd & 2))
		((struct msg_begin *)message)->base = generation();
	send_message(s, message, h->len, fd);
	if (fd >= 0)
		close(fd);
	settle();
	drain(s);
}

// An empty configuration and no routes: what control sends when everything is deleted.
static void reset(void)
{
	int s = dial();
	uint64_t begin[2] = { 0, 1 }, next = 1, routes = ROUTES_MARK | ROUTES_SWEEP;
	const struct head heads[] = { { MSG_BEGIN, 0, 0 }, { MSG_PREPARE, 0, 0 },
		{ MSG_COMMIT, 0, 0 }, { MSG_ROUTES, 0, 0 } };

	greet(s);
	tell(s, &heads[0], (uint8_t *)begin, sizeof(struct msg_begin) - sizeof(struct msg_header),
		1);
	tell(s, &heads[1], NULL, 0, 2);
	tell(s, &heads[2], (uint8_t *)&next, sizeof(next), 3);
	tell(s, &heads[3], (uint8_t *)&routes, sizeof(routes), 4);
	close(s);
	settle();
}

static void check(void)
{
	const struct objects *o = &harness->dp->objects;

	for (unsigned int k = 1; k < OBJ_KIND_COUNT; k++)
		if (o->table[k].count != 0)
			abort();
	for (unsigned int id = 0; id < LIMIT_PORTS; id++)
		if (dataplane_port(harness->dp, id) != NULL)
			abort();
	fuzz_check_drained(harness);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int s = dial();
	uint32_t seq = 2;

	greet(s);
	while (size >= sizeof(struct head)) {
		struct head head;
		size_t len;

		memcpy(&head, data, sizeof(head));
		data += sizeof(head);
		size -= sizeof(head);
		len = head.len < size ? head.len : size;
		if (len > MESSAGE_MAX)
			len = MESSAGE_MAX;
		tell(s, &head, data, len, seq++);
		data += len;
		size -= len;
	}
	close(s);
	settle();
	reset();
	check();
	return 0;
}
