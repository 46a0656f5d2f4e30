// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// rtnetlink neighbours with libmnl. One socket carries the subscription and the dumps, so that both
// come in the order in which things happened; another one the requests, which rtnetlink answers
// before sendto() returns.
#include "dataplane/fib/neigh_netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <rte_ether.h>

#include "dataplane/fib/neigh.h"
#include "dataplane/main/limits.h"

#define READ_MAX       64 // receive calls per neigh_netlink_read()
#define REPLY_BYTES    4096
#define DUMP_TRIES     3	 // dumps that the kernel refuses, until the next overrun or port
#define BUFFER_BYTES   32768	 // the most that the kernel puts into one dump message
#define DEFAULT_RCVBUF (4 << 20) // about 5 000 messages
#define NUD_HAS_MAC    (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

enum dump_state {
	DUMP_NONE,
	DUMP_WANTED,
	DUMP_RUNNING,
	DUMP_AGAIN, // running, but its result is already out of date
};

struct neigh_netlink {
	struct mnl_socket *events;
	struct mnl_socket *requests;
	struct neigh *neigh;
	int ifindex[LIMIT_PORTS]; // 0: not known
	enum dump_state dump;
	uint32_t dump_seq;
	unsigned int dump_errors; // in a row
	uint32_t request_seq;
	uint64_t resyncs;
	uint64_t buffer[BUFFER_BYTES / 8];
};

// A neighbour message, taken apart.
struct neigh_msg {
	int port; // negative: not one of ours
	rte_be32_t addr;
	uint16_t state; // NUD_*
	bool managed;
	bool has_mac;
	struct rte_ether_addr mac;
};

static int port_of(const struct neigh_netlink *nl, int ifindex)
{
	for (int i = 0; ifindex > 0 && i < LIMIT_PORTS; i++)
		if (nl->ifindex[i] == ifindex)
			return i;
	return -ENODEV;
}

static void parse(const struct neigh_netlink *nl, const struct nlmsghdr *nlh, struct neigh_msg *m)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct nlattr *a;

	*m = (struct neigh_msg){ .port = -ENODEV };
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ndm) || ndm->ndm_family != AF_INET ||
		ndm->ndm_flags & NTF_PROXY)
		return;

	bool has_addr = false;

	mnl_attr_for_each(a, nlh, sizeof(*ndm))
	{
		uint16_t len = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == NDA_DST && len == sizeof(m->addr)) {
			memcpy(&m->addr, mnl_attr_get_payload(a), sizeof(m->addr));
			has_addr = true;
		} else if (mnl_attr_get_type(a) == NDA_LLADDR && len == sizeof(m->mac)) {
			memcpy(&m->mac, mnl_attr_get_payload(a), sizeof(m->mac));
			m->has_mac = true;
		} else if (mnl_attr_get_type(a) == NDA_FLAGS_EXT && len == sizeof(uint32_t)) {
			m->managed = mnl_attr_get_u32(a) & NTF_EXT_MANAGED;
		}
	}
	m->state = ndm->ndm_state;
	if (has_addr)
		m->port = port_of(nl, ndm->ndm_ifindex);
}

// Tells the state machine. NUD_NOARP is the kernel's own (multicast, broadcast), NUD_INCOMPLETE and
// NUD_NONE are no news.
static void tell(struct neigh_netlink *nl, const struct neigh_msg *m)
{
	uint16_t port = (uint16_t)m->port;

	if (m->state & NUD_PERMANENT && m->has_mac)
		neigh_update(nl->neigh, port, m->addr, NEIGH_PERMANENT, &m->mac);
	else if (m->state & NUD_HAS_MAC && m->has_mac)
		neigh_update(nl->neigh, port, m->addr, NEIGH_VALID, &m->mac);
	else if (m->state & NUD_FAILED)
		neigh_update(nl->neigh, port, m->addr, NEIGH_FAILED, NULL);
}

// A neighbour request for one address; flags as in ndmsg and NDA_FLAGS_EXT.
static int request(struct neigh_netlink *nl, uint16_t type, uint16_t flags, uint16_t port,
	rte_be32_t addr, uint8_t ntf, uint32_t ntf_ext, mnl_cb_t cb, void *ctx)
{
	uint64_t buffer[REPLY_BYTES / 8]; // not nl->buffer: news may be read while we ask
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	uint32_t seq = ++nl->request_seq;

	if (port >= LIMIT_PORTS || nl->ifindex[port] == 0)
		return -ENODEV;
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = seq;
	ndm->ndm_family = AF_INET;
	ndm->ndm_ifindex = nl->ifindex[port];
	ndm->ndm_flags = ntf;
	mnl_attr_put(nlh, NDA_DST, sizeof(addr), &addr);
	if (ntf_ext)
		mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, ntf_ext);
	if (mnl_socket_sendto(nl->requests, nlh, nlh->nlmsg_len) < 0)
		return -errno;

	// The socket does not block; answers to requests that failed in between are skipped by seq.
	for (int i = 0; i < READ_MAX; i++) {
		ssize_t len = mnl_socket_recvfrom(nl->requests, buffer, sizeof(buffer));

		if (len < 0)
			return -errno;
		nlh = (struct nlmsghdr *)buffer;
		if (nlh->nlmsg_seq != seq)
			continue;
		return mnl_cb_run(buffer, (size_t)len, seq, mnl_socket_get_portid(nl->requests), cb,
			       ctx) < 0
			       ? -errno
			       : 0;
	}
	return -EBUSY;
}

struct get_ctx {
	struct neigh_netlink *nl;
	struct neigh_msg msg;
};

static int get_cb(const struct nlmsghdr *nlh, void *ctx)
{
	struct get_ctx *g = ctx;

	if (nlh->nlmsg_type == RTM_NEWNEIGH)
		parse(g->nl, nlh, &g->msg);
	return MNL_CB_OK;
}

// What the kernel knows already is told first: for an entry that it has, a request causes no news.
// A permanent entry is left alone: both requests would take its permanence.
static int look_and_request(
	struct neigh_netlink *nl, uint16_t port, rte_be32_t addr, uint8_t ntf, uint32_t ntf_ext)
{
	struct get_ctx g = { .nl = nl, .msg.port = -ENODEV };
	int err = request(nl, RTM_GETNEIGH, 0, port, addr, 0, 0, get_cb, &g);
	bool known = err == 0 && g.msg.port >= 0 && g.msg.state & NUD_HAS_MAC;

	if (!known || !(g.msg.state & NUD_PERMANENT))
		err = request(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, port,
			addr, ntf, ntf_ext, NULL, NULL);
	if (known)
		tell(nl, &g.msg);
	return err;
}

static int op_use(void *ctx, uint16_t port, rte_be32_t addr)
{
	return look_and_request(ctx, port, addr, NTF_USE, 0);
}

static int op_manage(void *ctx, uint16_t port, rte_be32_t addr)
{
	return look_and_request(ctx, port, addr, 0, NTF_EXT_MANAGED);
}

// A request without the flag takes it away; without NLM_F_CREATE, should the entry be gone.
static int op_unmanage(void *ctx, uint16_t port, rte_be32_t addr)
{
	int err = request(
		ctx, RTM_NEWNEIGH, NLM_F_REPLACE | NLM_F_ACK, port, addr, NTF_USE, 0, NULL, NULL);

	return err == -ENOENT ? 0 : err;
}

static int op_forget(void *ctx, uint16_t port, rte_be32_t addr)
{
	return request(ctx, RTM_DELNEIGH, NLM_F_ACK, port, addr, 0, 0, NULL, NULL);
}

static const struct neigh_ops netlink_ops = {
	.use = op_use,
	.manage = op_manage,
	.unmanage = op_unmanage,
	.forget = op_forget,
};

static int set_rcvbuf(int fd, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) == 0)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) ? -errno : 0;
}

static int open_socket(struct mnl_socket **out, unsigned int groups)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (!s)
		return -errno;
	*out = s;
	return mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

int neigh_netlink_open(struct neigh *n, int rcvbuf, struct neigh_netlink **out)
{
	struct neigh_netlink *nl = calloc(1, sizeof(*nl));

	if (!nl)
		return -ENOMEM;

	int err = open_socket(&nl->events, RTMGRP_NEIGH);

	if (!err)
		err = set_rcvbuf(mnl_socket_get_fd(nl->events), rcvbuf ? rcvbuf : DEFAULT_RCVBUF);
	if (!err)
		err = open_socket(&nl->requests, 0);
	if (err) {
		neigh_netlink_close(nl);
		return err;
	}
	nl->neigh = n;
	neigh_set_ops(n, &netlink_ops, nl);
	*out = nl;
	return 0;
}

void neigh_netlink_close(struct neigh_netlink *nl)
{
	if (!nl)
		return;
	if (nl->neigh)
		neigh_set_ops(nl->neigh, NULL, NULL);
	if (nl->events)
		(void)mnl_socket_close(nl->events);
	if (nl->requests)
		(void)mnl_socket_close(nl->requests);
	free(nl);
}

int neigh_netlink_fd(const struct neigh_netlink *nl)
{
	return mnl_socket_get_fd(nl->events);
}

static int start_dump(struct neigh_netlink *nl)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->buffer);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	nlh->nlmsg_type = RTM_GETNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++nl->dump_seq;
	ndm->ndm_family = AF_INET;
	if (mnl_socket_sendto(nl->events, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	neigh_mark(nl->neigh);
	nl->dump = DUMP_RUNNING;
	return 0;
}

// Only one dump runs on a socket at a time: a running one ends first. neigh_netlink_read() starts
// the next one when it has read all news: a dump does not fit into a full socket.
static void want_dump(struct neigh_netlink *nl)
{
	bool running = nl->dump == DUMP_RUNNING || nl->dump == DUMP_AGAIN;

	nl->dump = running ? DUMP_AGAIN : DUMP_WANTED;
}

static void overrun(struct neigh_netlink *nl)
{
	if (nl->dump == DUMP_NONE || nl->dump == DUMP_RUNNING)
		nl->resyncs++; // else it is one more report of the same one
	want_dump(nl);
}

static void end_dump(struct neigh_netlink *nl, bool error)
{
	bool again = error || nl->dump == DUMP_AGAIN;

	nl->dump_errors = error ? nl->dump_errors + 1 : 0;
	if (nl->dump_errors == DUMP_TRIES) {
		nl->dump_errors = 0;
		again = false;
	} else if (!again) {
		neigh_sweep(nl->neigh);
	}
	nl->dump = again ? DUMP_WANTED : DUMP_NONE;
}

int neigh_netlink_port_add(struct neigh_netlink *nl, uint16_t port, int ifindex)
{
	if (port >= LIMIT_PORTS || ifindex <= 0)
		return -EINVAL;
	nl->ifindex[port] = ifindex;
	want_dump(nl);
	return 0;
}

void neigh_netlink_port_del(struct neigh_netlink *nl, uint16_t port)
{
	if (port < LIMIT_PORTS)
		nl->ifindex[port] = 0;
}

// One message of the events socket.
static void handle(struct neigh_netlink *nl, const struct nlmsghdr *nlh)
{
	bool dumping = nl->dump == DUMP_RUNNING || nl->dump == DUMP_AGAIN;
	bool dumped = dumping && nlh->nlmsg_seq == nl->dump_seq;
	struct neigh_msg m;

	if (dumped && nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->dump = DUMP_AGAIN;
	if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
		if (dumped)
			end_dump(nl, nlh->nlmsg_type == NLMSG_ERROR);
		return;
	}
	if (nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH)
		return;
	parse(nl, nlh, &m);
	if (m.port < 0)
		return;
	if (nlh->nlmsg_type == RTM_DELNEIGH)
		neigh_update(nl->neigh, (uint16_t)m.port, m.addr, NEIGH_GONE, NULL);
	else
		tell(nl, &m);
	// Left by a process that died: nobody wants it managed now. Its end shows in the next dump.
	if (dumped && m.managed && !neigh_held(nl->neigh, (uint16_t)m.port, m.addr))
		(void)op_unmanage(nl, (uint16_t)m.port, m.addr);
}

// One receive call. 1: there may be more, 0: all read, or negative errno.
static int read_some(struct neigh_netlink *nl)
{
	ssize_t len = mnl_socket_recvfrom(nl->events, nl->buffer, sizeof(nl->buffer));

	if (len < 0 && errno == ENOBUFS) {
		overrun(nl);
		return 1;
	}
	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;

	int left = (int)len;
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)nl->buffer;

	// mnl_nlmsg_ok() alone takes a length of 2 GiB and more for a negative one, which fits.
	for (; mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= (uint32_t)left;
		nlh = mnl_nlmsg_next(nlh, &left))
		handle(nl, nlh);
	return 1;
}

int neigh_netlink_read(struct neigh_netlink *nl)
{
	int ret = 1;

	for (int i = 0; i < READ_MAX && ret == 1; i++)
		ret = read_some(nl);
	if (ret == 0 && nl->dump == DUMP_WANTED) {
		ret = start_dump(nl);
		return ret ? ret : 1;
	}
	return ret;
}

bool neigh_netlink_synced(const struct neigh_netlink *nl)
{
	return nl->dump == DUMP_NONE;
}

uint64_t neigh_netlink_resyncs(const struct neigh_netlink *nl)
{
	return nl->resyncs;
}
