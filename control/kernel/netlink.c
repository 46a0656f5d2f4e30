// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Sockets, dumps and batches over libmnl.
#include "control/kernel/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "control/kernel/netns.h"

#define RECEIVE_BUFFER	 (64 << 20) // bytes at most; notifications wait for the commit thread
#define ANSWER_TIMEOUT_S 5

static int open_inside(void *arg)
{
	struct netlink *nl = arg;

	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	return nl->socket == NULL ? -errno : 0;
}

static int set_option(struct netlink *nl, int level, int option, int value)
{
	int fd = mnl_socket_get_fd(nl->socket);

	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_options(struct netlink *nl)
{
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	int fd = mnl_socket_get_fd(nl->socket);
	int rc = set_option(nl, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);

	if (rc == 0)
		rc = set_option(nl, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	if (rc == 0)
		rc = set_option(nl, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	if (rc == 0)
		rc = set_option(nl, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
	if (rc == 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		rc = -errno;
	return rc;
}

int netlink_open(struct netlink *nl, int netns_fd, const unsigned int *groups)
{
	int rc;

	*nl = (struct netlink){ 0 };
	rc = netns_run(netns_fd, open_inside, nl);
	if (rc < 0)
		return rc;
	nl->receive = malloc(NETLINK_RECV_BYTES);
	if (nl->receive == NULL)
		rc = -ENOMEM;
	if (rc == 0)
		rc = set_options(nl);
	if (rc == 0 && mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		rc = -errno;
	for (unsigned int i = 0; rc == 0 && groups != NULL && groups[i] != 0; i++)
		rc = set_option(nl, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, (int)groups[i]);
	if (rc < 0)
		netlink_close(nl);
	return rc;
}

void netlink_close(struct netlink *nl)
{
	if (nl->socket != NULL)
		mnl_socket_close(nl->socket);
	free(nl->receive);
	*nl = (struct netlink){ 0 };
}

static int receive(struct netlink *nl)
{
	ssize_t n = mnl_socket_recvfrom(nl->socket, nl->receive, NETLINK_RECV_BYTES);

	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return (int)n;
}

struct attribute_table {
	const struct nlattr **by_type;
	uint16_t max;
};

static int on_attribute(const struct nlattr *a, void *data)
{
	struct attribute_table *t = data;

	if (mnl_attr_get_type(a) < t->max)
		t->by_type[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

void netlink_attributes(
	const struct nlmsghdr *h, size_t offset, const struct nlattr **table, uint16_t max)
{
	struct attribute_table t = { table, max };

	memset(table, 0, max * sizeof(*table));
	mnl_attr_parse(h, (unsigned int)offset, on_attribute, &t);
}

void netlink_nested(const void *payload, size_t len, const struct nlattr **table, uint16_t max)
{
	struct attribute_table t = { table, max };

	memset(table, 0, max * sizeof(*table));
	mnl_attr_parse_payload(payload, len, on_attribute, &t);
}

// The kernel's explanation in an error message (its attributes follow the capped request header).
static const char *explanation(const struct nlmsghdr *h)
{
	const struct nlattr *a[NLMSGERR_ATTR_MAX + 1];

	if ((h->nlmsg_flags & NLM_F_ACK_TLVS) == 0)
		return "";
	netlink_attributes(h, sizeof(struct nlmsgerr), a, NLMSGERR_ATTR_MAX + 1);
	if (a[NLMSGERR_ATTR_MSG] == NULL ||
		mnl_attr_validate(a[NLMSGERR_ATTR_MSG], MNL_TYPE_NUL_STRING) < 0)
		return "";
	return mnl_attr_get_str(a[NLMSGERR_ATTR_MSG]);
}

static int error_of(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (mnl_nlmsg_get_payload_len(h) < sizeof(int))
		return -EPROTO;
	return e->error;
}

static void take_dump_part(struct netlink_dump *d, const struct nlmsghdr *h, int n)
{
	for (; netlink_message_ok(h, n) && !d->done; h = mnl_nlmsg_next(h, &n)) {
		if (h->nlmsg_seq != d->seq)
			continue;
		if ((h->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			d->error = -EINTR;
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
			d->done = true;
			if (error_of(h) < 0)
				d->error = error_of(h);
		} else if (d->error == 0 || d->error == -EINTR) {
			d->each(d->ctx, h);
		}
	}
}

int netlink_dump_begin(struct netlink_dump *d, struct netlink *nl, struct nlmsghdr *request,
	void (*each)(void *ctx, const struct nlmsghdr *h), void *ctx)
{
	*d = (struct netlink_dump){ .nl = nl, .seq = ++nl->seq, .each = each, .ctx = ctx };
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = d->seq;
	return mnl_socket_sendto(nl->socket, request, request->nlmsg_len) < 0 ? -errno : 0;
}

int netlink_dump_part(struct netlink_dump *d)
{
	int n = receive(d->nl);

	if (n < 0)
		return n;
	take_dump_part(d, (const void *)d->nl->receive, n);
	if (!d->done)
		return 1;
	return d->error;
}

int netlink_dump(struct netlink *nl, struct nlmsghdr *request,
	void (*each)(void *ctx, const struct nlmsghdr *h), void *ctx)
{
	struct netlink_dump d;
	int rc = netlink_dump_begin(&d, nl, request, each, ctx);

	if (rc == 0)
		rc = 1;
	while (rc == 1)
		rc = netlink_dump_part(&d);
	return rc;
}

int netlink_batch_begin(struct netlink_batch *b, struct netlink *nl,
	void (*done)(void *ctx, uint32_t tag, int error, const char *text), void *ctx)
{
	*b = (struct netlink_batch){ .nl = nl, .done = done, .ctx = ctx };
	b->buffer = malloc(NETLINK_SEND_BYTES);
	return b->buffer == NULL ? -ENOMEM : 0;
}

// Answers come in the order of the requests, one for each.
static int take_answers(struct netlink_batch *b, uint32_t *next, int n)
{
	const struct nlmsghdr *h = (const void *)b->nl->receive;

	for (; netlink_message_ok(h, n); h = mnl_nlmsg_next(h, &n)) {
		uint32_t i = h->nlmsg_seq - b->first_seq;

		if (h->nlmsg_type != NLMSG_ERROR || i >= b->count)
			continue; // left over from a request that timed out
		b->done(b->ctx, b->tags[i], error_of(h), explanation(h));
		*next = i + 1;
	}
	return 0;
}

static int flush(struct netlink_batch *b)
{
	uint32_t next = 0;
	int n = 0;

	if (b->open != NULL)
		b->len += NLMSG_ALIGN(b->open->nlmsg_len);
	b->open = NULL;
	if (b->count > 0 && mnl_socket_sendto(b->nl->socket, b->buffer, b->len) < 0)
		n = -errno;
	while (n >= 0 && next < b->count) {
		n = receive(b->nl);
		if (n >= 0)
			take_answers(b, &next, n);
	}
	b->count = 0;
	b->len = 0;
	return n < 0 ? n : 0;
}

struct nlmsghdr *netlink_batch_add(
	struct netlink_batch *b, uint16_t type, uint16_t flags, uint32_t tag)
{
	if (b->open != NULL)
		b->len += NLMSG_ALIGN(b->open->nlmsg_len);
	b->open = NULL;
	if (b->count == NETLINK_BATCH_MAX || b->len + NETLINK_MESSAGE_MAX > NETLINK_SEND_BYTES) {
		int rc = flush(b);

		if (rc < 0 && b->failed == 0)
			b->failed = rc;
	}
	if (b->count == 0)
		b->first_seq = b->nl->seq + 1;
	b->tags[b->count++] = tag;
	b->open = mnl_nlmsg_put_header(b->buffer + b->len);
	b->open->nlmsg_type = type;
	b->open->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	b->open->nlmsg_seq = ++b->nl->seq;
	return b->open;
}

int netlink_batch_end(struct netlink_batch *b)
{
	int rc = flush(b);

	if (rc < 0 && b->failed == 0)
		b->failed = rc;
	free(b->buffer);
	b->buffer = NULL;
	return b->failed;
}
