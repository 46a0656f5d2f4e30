// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Connections by ctnetlink.
#include "tests/differential/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "tests/differential/site.h"
#include "tests/differential/view.h"

#define TUPLES_MAX (STEPS_MAX * FRAMES_MAX)

// As the kernel names it; network order.
struct tuple {
	uint32_t src, dst;
	uint16_t sport, dport; // ICMP: sport is the id
	uint8_t proto;
	uint8_t icmp_type, icmp_code;
};

struct conntrack {
	struct mnl_socket *socket;
	int count; // fd of nf_conntrack_count
	uint32_t seq;
	unsigned int n;
	struct tuple tuples[TUPLES_MAX];
};

int conntrack_create(struct conntrack **out)
{
	struct conntrack *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	*out = c;
	c->count = open("/proc/sys/net/netfilter/nf_conntrack_count", O_RDONLY | O_CLOEXEC);
	c->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (c->count < 0 || c->socket == NULL || mnl_socket_bind(c->socket, 0, 0) < 0)
		return -errno;
	return 0;
}

void conntrack_saw(struct conntrack *c, const struct frame *f)
{
	struct tuple t = { 0 };
	struct view v;

	if (!view_frame(&v, f) || (v.proto != SITE_PROTO && !v.has_ports))
		return;
	t.src = htonl(v.src);
	t.dst = htonl(v.dst);
	t.proto = v.proto;
	t.sport = htons(v.sport);
	if (v.proto == IPPROTO_ICMP) {
		t.icmp_type = v.l4[0];
		t.icmp_code = v.l4[1];
	} else {
		t.dport = htons(v.dport);
	}
	for (unsigned int i = 0; i < c->n; i++)
		if (memcmp(&c->tuples[i], &t, sizeof(t)) == 0)
			return;
	if (c->n < TUPLES_MAX)
		c->tuples[c->n++] = t;
}

static struct nlmsghdr *request(struct conntrack *c, char *buffer, uint16_t type)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *g;

	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | type;
	h->nlmsg_flags = NLM_F_REQUEST | (type == IPCTNL_MSG_CT_GET ? 0 : NLM_F_ACK);
	h->nlmsg_seq = ++c->seq;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	*g = (struct nfgenmsg){ .nfgen_family = AF_INET, .version = NFNETLINK_V0 };
	return h;
}

static void put_tuple(struct nlmsghdr *h, const struct tuple *t)
{
	struct nlattr *tuple = mnl_attr_nest_start(h, CTA_TUPLE_ORIG), *part;

	part = mnl_attr_nest_start(h, CTA_TUPLE_IP);
	mnl_attr_put_u32(h, CTA_IP_V4_SRC, t->src);
	mnl_attr_put_u32(h, CTA_IP_V4_DST, t->dst);
	mnl_attr_nest_end(h, part);
	part = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(h, CTA_PROTO_NUM, t->proto);
	if (t->proto == IPPROTO_ICMP) {
		mnl_attr_put_u8(h, CTA_PROTO_ICMP_TYPE, t->icmp_type);
		mnl_attr_put_u8(h, CTA_PROTO_ICMP_CODE, t->icmp_code);
		mnl_attr_put_u16(h, CTA_PROTO_ICMP_ID, t->sport);
	} else if (t->proto != SITE_PROTO) {
		mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, t->sport);
		mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, t->dport);
	}
	mnl_attr_nest_end(h, part);
	mnl_attr_nest_end(h, tuple);
}

// Sends and takes the one answer; `see` gets what is not an acknowledgement.
static int ask(struct conntrack *c, struct nlmsghdr *h, mnl_cb_t see, void *data)
{
	char buffer[8192];
	ssize_t n;

	if (mnl_socket_sendto(c->socket, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(c->socket, buffer, sizeof(buffer));
	if (n < 0)
		return -errno;
	return mnl_cb_run(buffer, n, c->seq, mnl_socket_get_portid(c->socket), see, data) < 0
		       ? -errno
		       : 0;
}

// What the kernel says of a connection that was asked for by a tuple.
struct found {
	bool original; // the tuple is that of its first packet
	uint32_t asked_src, asked_dst;
	uint32_t timeout; // seconds
	uint16_t asked_sport;
	uint8_t proto;
};

static void see_original(const struct nlattr *tuple, struct found *f)
{
	struct nlattr *part, *a;
	uint16_t port = f->proto == IPPROTO_ICMP ? CTA_PROTO_ICMP_ID : CTA_PROTO_SRC_PORT;

	f->original = true;
	mnl_attr_for_each_nested(part, tuple) mnl_attr_for_each_nested(a, part)
	{
		uint16_t type = mnl_attr_get_type(a);

		if (mnl_attr_get_type(part) == CTA_TUPLE_IP && type == CTA_IP_V4_SRC)
			f->original &= mnl_attr_get_u32(a) == f->asked_src;
		if (mnl_attr_get_type(part) == CTA_TUPLE_IP && type == CTA_IP_V4_DST)
			f->original &= mnl_attr_get_u32(a) == f->asked_dst;
		if (mnl_attr_get_type(part) == CTA_TUPLE_PROTO && type == port)
			f->original &= mnl_attr_get_u16(a) == f->asked_sport;
	}
}

static int see_connection(const struct nlmsghdr *h, void *data)
{
	struct found *f = data;
	struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) == CTA_TUPLE_ORIG)
			see_original(a, f);
		if (mnl_attr_get_type(a) == CTA_TIMEOUT)
			f->timeout = ntohl(mnl_attr_get_u32(a));
	}
	return MNL_CB_OK;
}

static int end(struct conntrack *c, const struct tuple *t)
{
	char buffer[256];
	struct nlmsghdr *h = request(c, buffer, IPCTNL_MSG_CT_DELETE);
	int rc;

	put_tuple(h, t);
	rc = ask(c, h, NULL, NULL);
	return rc == -ENOENT ? 0 : rc;
}

static int shorten(struct conntrack *c, const struct tuple *t, uint32_t timeout)
{
	char buffer[256];
	struct nlmsghdr *h = request(c, buffer, IPCTNL_MSG_CT_NEW);

	put_tuple(h, t);
	mnl_attr_put_u32(h, CTA_TIMEOUT, htonl(timeout));
	return ask(c, h, NULL, NULL);
}

static int age(struct conntrack *c, const struct tuple *t, uint32_t seconds)
{
	struct found f = {
		.asked_src = t->src, .asked_dst = t->dst, .asked_sport = t->sport, .proto = t->proto
	};
	char buffer[256];
	struct nlmsghdr *h = request(c, buffer, IPCTNL_MSG_CT_GET);
	uint32_t left;
	int rc;

	put_tuple(h, t);
	rc = ask(c, h, see_connection, &f);
	if (rc < 0 || !f.original) // its own packet of the other direction names it, too
		return rc == -ENOENT ? 0 : rc;
	// Timers and steps of time are multiples of 5 s: what the kernel says, less the real time
	// that has passed and rounded down, is so again.
	left = (f.timeout + 4) / 5 * 5;
	return left <= seconds ? end(c, t) : shorten(c, t, left - seconds);
}

int conntrack_pass(struct conntrack *c, uint32_t seconds)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < c->n; i++)
		rc = age(c, &c->tuples[i], seconds);
	return rc;
}

int conntrack_reset(struct conntrack *c)
{
	char text[16];
	ssize_t n;
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < c->n; i++)
		rc = end(c, &c->tuples[i]);
	c->n = 0;
	if (rc != 0)
		return rc;
	n = pread(c->count, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return atoi(text) == 0 ? 0 : -EBUSY;
}
