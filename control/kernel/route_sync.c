// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Subscribe, then dump: notifications that wait in the socket while the dump is read are applied
// after it; each is idempotent. Some losses have no notification: IPv4 routes vanish silently with
// their netdev or source address, and next hops go down silently with a carrier. Those are found by
// reading the table again after the netdev's or address's own notification.
#include "control/kernel/route_sync.h"

#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control/kernel/hold.h"
#include "control/kernel/netlink.h"
#include "control/kernel/route_audit.h"
#include "control/kernel/route_parse.h"
#include "control/kernel/route_table.h"
#include "control/main/log.h"

#define DRAIN_MOST     50000 // notifications, and
#define TELL_MOST      20000 // routes at a time: a commit waits for no more
#define AUDIT_SHARE    20    // a long audit takes at most one part in so many of the time
#define AUDIT_SHORT_MS 100   // what is not long
#define RETRY_MS       5000  // until what was refused is tried again

struct route_sync {
	struct route_sync_conf conf;
	struct netlink monitor;
	struct watch watch;
	struct route_table *table;
	struct nexthops *nexthops;
	struct watch again; // an eventfd: there is more to do, after the jobs that wait
	bool reread;	    // the table must be read from the kernel
	bool full;	    // the data plane must be told everything
	bool sweep;	    // and that is under way
	bool changed;	    // netdevs or addresses did
	struct hold hold;
	bool unswept;	  // the data plane may have routes that are not in the table
	uint64_t boot_id; // of the data plane that was told
	size_t batch_len; // of the message to the data plane in `batch`
	uint32_t batch_count;
	uint32_t batch_flags;
	bool incomplete;     // the data plane refused something since the last audit
	uint64_t next_audit; // not before, ms of the monotonic clock
	uint64_t retry;	     // of what was refused, the same clock
	_Atomic uint64_t rereads, told, refused, cut, drift, missing;
	_Alignas(8) uint8_t batch[MSG_MAX - sizeof(struct msg_routes)];
};

static void add(struct route_sync *s, const struct table_route *r, enum table_place place)
{
	if (route_table_add(s->table, r, place) < 0)
		s->reread = true;
}

static void on_dumped(void *ctx, const struct nlmsghdr *h)
{
	struct route_sync *s = ctx;
	struct table_route r;

	if (h->nlmsg_type != RTM_NEWROUTE || !route_parse(h, &r))
		return;
	add(s, &r, TABLE_LAST);
	hold_seen(&s->hold, &r);
}

// A change while the dump is under way is told by its notification, too: -EINTR is no error here.
static int read_routes(struct route_sync *s)
{
	uint8_t buffer[NLMSG_SPACE(sizeof(struct rtmsg)) + 64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m;
	int rc;

	h->nlmsg_type = RTM_GETROUTE;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = AF_INET;
	mnl_attr_put_u32(h, RTA_TABLE, RT_TABLE_MAIN);
	route_table_clear(s->table);
	hold_reread(&s->hold);
	rc = netlink_dump(s->conf.requests, h, on_dumped, s);
	hold_reread_done(&s->hold, s->table, s->conf.links);
	return rc == -EINTR ? 0 : rc;
}

static void on_nexthop(void *ctx, const struct nlmsghdr *h)
{
	struct route_sync *s = ctx;

	if (h->nlmsg_type == RTM_NEWNEXTHOP && nexthops_message(s->nexthops, h) < 0)
		s->reread = true;
}

static int read_nexthops(struct route_sync *s)
{
	uint8_t buffer[NLMSG_SPACE(sizeof(struct nhmsg)) + 64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	int rc;

	h->nlmsg_type = RTM_GETNEXTHOP;
	(void)mnl_nlmsg_put_extra_header(h, sizeof(struct nhmsg));
	nexthops_clear(s->nexthops);
	rc = netlink_dump(s->conf.requests, h, on_nexthop, s);
	return rc == -EINTR ? 0 : rc;
}

static int reread(struct route_sync *s)
{
	int rc;

	s->reread = false;
	atomic_fetch_add(&s->rereads, 1);
	rc = read_nexthops(s);
	if (rc == 0)
		rc = read_routes(s);
	if (rc < 0)
		s->reread = true;
	return s->reread && rc == 0 ? -ENOMEM : rc;
}

// What becomes of the routes by an object when it changes is not told.
static void on_nexthop_changed(struct route_sync *s, const struct nlmsghdr *h)
{
	bool gone = h->nlmsg_type == RTM_DELNEXTHOP;
	uint32_t id;
	bool used;

	if (nexthops_message_id(h, &id) < 0)
		return;
	used = nexthops_used(s->nexthops, id);
	if (used && gone)
		route_table_nexthop(s->table, id, true); // while groups still name it
	if (nexthops_message(s->nexthops, h) < 0)
		s->reread = true;
	else if (used && !gone)
		route_table_nexthop(s->table, id, false);
}

static void on_notification(struct route_sync *s, const struct nlmsghdr *h)
{
	struct table_route r;

	switch (h->nlmsg_type) {
	case RTM_NEWROUTE:
		if (!route_parse(h, &r))
			break;
		add(s, &r,
			(h->nlmsg_flags & NLM_F_REPLACE) != 0  ? TABLE_REPLACE
			: (h->nlmsg_flags & NLM_F_APPEND) != 0 ? TABLE_LAST
							       : TABLE_FIRST);
		hold_learned(&s->hold, s->table, &r);
		route_table_note(s->table, &r);
		break;
	case RTM_DELROUTE:
		if (!route_parse(h, &r))
			break;
		hold_delete(&s->hold, s->table, &r);
		route_table_note(s->table, &r);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		on_nexthop_changed(s, h);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (links_event(s->conf.links, h))
			s->changed = s->reread = true;
		break;
	case RTM_DELADDR:
		s->changed = s->reread = true;
		break;
	default:
		break;
	}
}

// What waits in the socket, within a bound.
static void drain(struct route_sync *s)
{
	// What is left makes the descriptor readable again.
	unsigned int left = DRAIN_MOST;

	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = s->monitor.receive, .iov_len = NETLINK_RECV_BYTES };
	struct msghdr m = { .msg_name = &from, .msg_iov = &iov, .msg_iovlen = 1 };

	while (left-- > 0) {
		const struct nlmsghdr *h = (const void *)s->monitor.receive;
		ssize_t got;
		int n;

		m.msg_namelen = sizeof(from);
		got = recvmsg(mnl_socket_get_fd(s->monitor.socket), &m, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS) { // notifications were lost
			s->changed = s->reread = true;
			continue;
		}
		if (got <= 0)
			return;
		if (from.nl_pid != 0)
			continue; // only the kernel's word counts
		n = (int)got;
		s->hold.asked = false;
		for (; mnl_nlmsg_ok(h, n); h = mnl_nlmsg_next(h, &n))
			on_notification(s, h);
	}
}

static uint32_t port_of(void *ctx, int ifindex)
{
	struct route_sync *s = ctx;
	const struct link *l = links_by_index(s->conf.links, ifindex);

	return l != NULL ? l->port : 0;
}

// What was refused is counted and found missing by the next audit; the client logs it.
static int send_batch(struct route_sync *s)
{
	int rc = client_routes(
		s->conf.client, s->batch_flags, s->batch, s->batch_len, s->batch_count);

	s->batch_len = 0;
	s->batch_count = 0;
	s->batch_flags = 0;
	if (rc < 0 && client_connected(s->conf.client)) {
		atomic_fetch_add(&s->refused, 1);
		s->incomplete = true;
		rc = 0;
	}
	return rc;
}

static int emit(void *ctx, const struct msg_route *r, const struct msg_hop *hops)
{
	size_t bytes = sizeof(*r) + r->n_hops * sizeof(*hops);
	struct route_sync *s = ctx;

	if (s->batch_len + bytes > sizeof(s->batch)) {
		int rc = send_batch(s);

		if (rc < 0)
			return rc;
	}
	memcpy(s->batch + s->batch_len, r, sizeof(*r));
	memcpy(s->batch + s->batch_len + sizeof(*r), hops, r->n_hops * sizeof(*hops));
	s->batch_len += bytes;
	s->batch_count++;
	return 0;
}

// Everything is told between a mark and a sweep, which may be many calls apart; meanwhile the data
// plane keeps what it has.
static int tell(struct route_sync *s)
{
	struct table_report report = {
		.most = TELL_MOST, .port_of = port_of, .emit = emit, .ctx = s
	};
	int rc;

	s->batch_len = 0;
	s->batch_count = 0;
	s->batch_flags = s->full ? ROUTES_MARK : 0;
	if (s->full)
		route_table_forget(s->table);
	s->sweep |= s->full;
	s->full = false;
	rc = route_table_report(s->table, &report);
	if (rc == 0 && s->sweep) { // an absence may have cost the table what the data plane has
		s->unswept = s->hold.absence != 0;
		s->batch_flags |= s->unswept ? 0 : ROUTES_SWEEP;
	}
	if (rc >= 0 && (s->batch_count > 0 || s->batch_flags != 0)) {
		int sent = send_batch(s);

		rc = sent < 0 ? sent : rc;
	}
	s->sweep &= rc != 0;
	s->full = rc < 0;
	atomic_store(&s->told, route_table_told(s->table));
	atomic_store(&s->cut, route_table_cut(s->table));
	return rc;
}

static int pump(struct route_sync *s)
{
	int rc = 0;

	drain(s);
	hold_look(&s->hold, s->table);
	s->full |= s->unswept && s->hold.absence == 0 && !s->sweep;
	if (s->conf.links->changed)
		s->full = true; // port ids mean other netdevs
	s->conf.links->changed = false;
	if (client_boot_id(s->conf.client) != s->boot_id)
		s->full = true;
	if (s->reread)
		rc = reread(s);
	if (rc < 0)
		return rc;
	// A data plane that holds no configuration yet has no ports for routes.
	if (!client_connected(s->conf.client) || client_generation(s->conf.client) == 0)
		return -ENOTCONN;
	s->boot_id = client_boot_id(s->conf.client);
	return tell(s);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// The kernel's table once more, what the data plane has, and what is not explained by either.
static int compare(struct route_sync *s)
{
	struct dump_route *records = NULL;
	size_t count;
	int rc = reread(s);

	if (rc == 0)
		rc = client_dump(
			s->conf.client, DUMP_ROUTES, (void **)&records, sizeof(*records), &count);
	if (rc == 0)
		rc = route_audit(s->table, records, count);
	free(records);
	if (rc < 0)
		return rc;
	do {
		rc = pump(s);
	} while (rc > 0);
	return rc;
}

int route_sync_audit(struct route_sync *s)
{
	uint64_t begin = now_ms();
	size_t drift;
	bool again;
	int rc;

	if (s->monitor.socket == NULL || begin < s->next_audit)
		return 0;
	rc = pump(s); // what is told from here on explains itself
	if (rc != 0 || s->unswept)
		return rc < 0 ? rc : 0; // everything is being told: nothing to compare yet
	again = s->incomplete;		// what was refused before is no surprise
	s->incomplete = false;
	route_table_audit_begin(s->table);
	rc = compare(s);
	drift = route_table_audit_end(s->table);
	if (now_ms() - begin > AUDIT_SHORT_MS)
		s->next_audit = now_ms() + (now_ms() - begin) * AUDIT_SHARE;
	if (rc < 0)
		return rc;
	atomic_store(&s->missing, s->incomplete ? drift : 0);
	if (drift > 0 && !again && !s->incomplete) {
		atomic_fetch_add(&s->drift, drift);
		log_warning(
			"%zu routes of the data plane were not as in the kernel: repaired", drift);
	}
	return (int)drift;
}

int route_sync_pump(struct route_sync *s)
{
	int rc;

	if (s->monitor.socket == NULL)
		return -ENOTCONN;
	rc = pump(s);
	if (rc > 0)
		(void)eventfd_write(s->again.fd, 1); // cannot be full: it is read before each pump
	if (rc == 0 && s->incomplete && now_ms() >= s->retry) {
		s->retry = now_ms() + RETRY_MS;
		rc = route_sync_audit(s);
	}
	return rc < 0 ? rc : 0;
}

static void on_readable(void *ctx, uint32_t events)
{
	struct route_sync *s = ctx;

	route_sync_pump(s);
	if (s->changed && s->conf.changed != NULL)
		s->conf.changed(s->conf.ctx);
	s->changed = false;
}

static void on_again(void *ctx, uint32_t events)
{
	struct route_sync *s = ctx;
	eventfd_t count;

	(void)eventfd_read(s->again.fd, &count);
	route_sync_pump(s);
}

struct route_sync *route_sync_create(const struct route_sync_conf *conf)
{
	struct route_sync *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->conf = *conf;
	s->watch.fd = -1;
	s->again = (struct watch){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = on_again, .ctx = s
	};
	s->nexthops = nexthops_create();
	if (s->nexthops != NULL)
		s->table = route_table_create(s->nexthops);
	if (s->table == NULL || s->again.fd < 0) {
		route_sync_destroy(s);
		return NULL;
	}
	s->watch = (struct watch){ .fd = -1, .ready = on_readable, .ctx = s };
	return s;
}

void route_sync_destroy(struct route_sync *s)
{
	if (s == NULL)
		return;
	route_sync_close(s);
	hold_end(&s->hold, s->table);
	route_table_destroy(s->table);
	nexthops_destroy(s->nexthops);
	if (s->again.fd >= 0)
		close(s->again.fd);
	free(s);
}

int route_sync_open(struct route_sync *s, int netns_fd)
{
	static const unsigned int groups[] = { RTNLGRP_IPV4_ROUTE, RTNLGRP_LINK,
		RTNLGRP_IPV4_IFADDR, RTNLGRP_NEXTHOP, 0 };
	int rc = netlink_open(&s->monitor, netns_fd, groups);

	if (rc < 0)
		return rc;
	s->reread = true;
	s->watch.fd = mnl_socket_get_fd(s->monitor.socket);
	rc = jobs_watch(s->conf.jobs, &s->watch);
	if (rc < 0) {
		netlink_close(&s->monitor);
		s->watch.fd = -1;
		return rc;
	}
	rc = jobs_watch(s->conf.jobs, &s->again);
	if (rc < 0)
		route_sync_close(s);
	return rc;
}

void route_sync_hold(struct route_sync *s, uint64_t (*absence)(void *ctx), void *ctx)
{
	s->hold.ask = absence;
	s->hold.ctx = ctx;
}

void route_sync_close(struct route_sync *s)
{
	if (s->watch.fd >= 0) {
		jobs_unwatch(s->conf.jobs, &s->again);
		jobs_unwatch(s->conf.jobs, &s->watch);
	}
	s->watch.fd = -1;
	netlink_close(&s->monitor);
}

bool route_sync_default_by(const struct route_sync *s, uint32_t port)
{
	return route_table_told_by(s->table, &(struct table_route){ .prefix = 0 }, port);
}

void route_sync_counters(const struct route_sync *s, struct kernel_counters *out)
{
	out->route_resyncs = atomic_load(&s->rereads);
	out->routes = atomic_load(&s->told);
	out->routes_refused = atomic_load(&s->refused);
	out->routes_cut = atomic_load(&s->cut);
	out->routes_drift = atomic_load(&s->drift);
	out->routes_missing = atomic_load(&s->missing);
}
