// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Route netlink in the mirrors' namespace: dumps, and batches of requests of which each is
// acknowledged. Thousands of requests cost a few system calls.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

// Whether a whole message begins at `h`, of which n bytes are there. mnl_nlmsg_ok() alone takes a
// length of 2 GiB and more for a negative one, which fits.
static inline bool netlink_message_ok(const struct nlmsghdr *h, int n)
{
	return mnl_nlmsg_ok(h, n) && h->nlmsg_len <= (uint32_t)n;
}

#define NETLINK_MESSAGE_MAX 2048  // bytes of one request
#define NETLINK_BATCH_MAX   128	  // requests per system call
#define NETLINK_SEND_BYTES  32768 // above NETLINK_MESSAGE_MAX
#define NETLINK_RECV_BYTES  65536

struct netlink {
	struct mnl_socket *socket; // NULL: not open
	uint32_t seq;		   // of the last request
	uint8_t *receive;	   // NETLINK_RECV_BYTES
};

// Opens a socket in the namespace. `groups` is a list of RTNLGRP_*, ended by 0, NULL for none; a
// socket with groups does not block. 0 or negative errno.
int netlink_open(struct netlink *nl, int netns_fd, const unsigned int *groups);
void netlink_close(struct netlink *nl);

// Sends a dump request (header and family header in `request`) and calls `each` for its messages.
// 0 or negative errno; -EINTR: what was dumped changed meanwhile, ask again (all the same, `each`
// has had everything that did not change).
int netlink_dump(struct netlink *nl, struct nlmsghdr *request,
	void (*each)(void *ctx, const struct nlmsghdr *h), void *ctx);

// The same in parts, so that other work has its turn between them. One dump of a socket at a time;
// one that is given up leaves the socket unusable.
struct netlink_dump {
	struct netlink *nl;
	uint32_t seq;
	void (*each)(void *ctx, const struct nlmsghdr *h);
	void *ctx;
	bool done;
	int error;
};
int netlink_dump_begin(struct netlink_dump *d, struct netlink *nl, struct nlmsghdr *request,
	void (*each)(void *ctx, const struct nlmsghdr *h), void *ctx); // 0 or negative errno
// 1: there is more; else as netlink_dump(). A part has some hundred messages.
int netlink_dump_part(struct netlink_dump *d);

// The attributes behind the family header of `offset` bytes, by type; types from `max` on are
// ignored, missing ones are NULL. The second form takes attributes from a payload.
void netlink_attributes(
	const struct nlmsghdr *h, size_t offset, const struct nlattr **table, uint16_t max);
void netlink_nested(const void *payload, size_t len, const struct nlattr **table, uint16_t max);

// A batch. `done` is called once for each request, in order: error 0 or negative errno, with the
// kernel's explanation or "".
struct netlink_batch {
	struct netlink *nl;
	void (*done)(void *ctx, uint32_t tag, int error, const char *text);
	void *ctx;
	uint8_t *buffer; // NETLINK_SEND_BYTES
	size_t len;	 // of the finished requests
	struct nlmsghdr *open;
	uint32_t count;
	uint32_t first_seq;
	uint32_t tags[NETLINK_BATCH_MAX];
	int failed; // first error of the transport
};

int netlink_batch_begin(struct netlink_batch *b, struct netlink *nl,
	void (*done)(void *ctx, uint32_t tag, int error, const char *text), void *ctx);
// The header of the next request, to which the caller appends at most NETLINK_MESSAGE_MAX bytes.
struct nlmsghdr *netlink_batch_add(
	struct netlink_batch *b, uint16_t type, uint16_t flags, uint32_t tag);
// Sends the rest. 0, or negative errno when the transport failed: then some were not done.
int netlink_batch_end(struct netlink_batch *b);
