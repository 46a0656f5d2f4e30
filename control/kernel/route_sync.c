// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Subscribe, then dump: notifications that wait in the socket while the dump is read are applied
// after it; each is idempotent. Some losses have no notification: IPv4 routes vanish silently with
// their netdev or source address, and next hops go down silently with a carrier. Those are found by
// reading the table again after the netdev's or address's own notification.
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control/kernel/route_parse.h"
#include "control/kernel/route_sync_internal.h"

#define NEWS_MOST  4096 // notifications at a time
#define STEPS_MOST 8	// that a caller waits for,
#define STEPS_MS   25	// and about how long, if that is less
#define RETRY_MS   5000 // until what was refused is tried again

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

static enum table_place place_of(const struct nlmsghdr *h)
{
	if ((h->nlmsg_flags & NLM_F_REPLACE) != 0)
		return TABLE_REPLACE;
	return (h->nlmsg_flags & NLM_F_APPEND) != 0 ? TABLE_LAST : TABLE_FIRST;
}

static void on_notification(struct route_sync *s, const struct nlmsghdr *h)
{
	struct table_route r;

	switch (h->nlmsg_type) {
	case RTM_NEWROUTE:
		if (!route_parse(h, &r))
			break;
		if (route_table_add(s->table, &r, place_of(h)) < 0)
			s->lost = s->reread = true;
		hold_learned(&s->hold, s->table, &r);
		break;
	case RTM_DELROUTE:
		if (!route_parse(h, &r))
			break;
		hold_delete(&s->hold, s->table, &r);
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

// What the kernel has told is no drift, even before it is looked at. (A prefix that is new is noted
// by being told.)
static void note(struct route_sync *s, size_t from)
{
	const struct nlmsghdr *h = (const void *)(s->news + from);
	int n = (int)(s->news_len - from);
	struct table_route r;

	for (; netlink_message_ok(h, n); h = mnl_nlmsg_next(h, &n))
		if ((h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_DELROUTE) &&
			route_parse(h, &r))
			route_table_note(s->table, &r);
}

// Takes one datagram. False: there was none.
static bool receive(struct route_sync *s)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = s->news + s->news_len, .iov_len = NETLINK_RECV_BYTES };
	struct msghdr m = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1
	};
	ssize_t got = recvmsg(mnl_socket_get_fd(s->monitor.socket), &m, MSG_DONTWAIT);

	if (got < 0 && errno == ENOBUFS) // notifications were lost
		s->lost = s->changed = s->reread = true;
	if (got < 0)
		return errno == EINTR || errno == ENOBUFS;
	if (got == 0)
		return false;
	if (from.nl_pid == 0) // only the kernel's word counts
		s->news_len += NLMSG_ALIGN((size_t)got);
	return true;
}

// What waits in the socket, within a bound; what is left makes the descriptor readable again.
static void take_news(struct route_sync *s)
{
	size_t before = s->news_len;
	unsigned int left = NEWS_MOST;

	s->drained = false;
	while (!s->drained && left-- > 0 && s->news_len + NETLINK_RECV_BYTES <= NEWS_BYTES)
		s->drained = !receive(s);
	note(s, before);
}

static void look_at_news(struct route_sync *s)
{
	const struct nlmsghdr *h = (const void *)s->news;
	int n = (int)s->news_len;

	if (n > 0)
		s->hold.asked = false;
	for (; netlink_message_ok(h, n); h = mnl_nlmsg_next(h, &n))
		on_notification(s, h);
	s->news_len = 0;
}

// One turn: what is read, what was told by the kernel, what the data plane is told. 1: there is
// more to do; 0 or negative errno.
static int step(struct route_sync *s)
{
	int rc = route_reread_dump(s);

	look_at_news(s);
	take_news(s);
	if (s->phase != PHASE_DUMP)
		look_at_news(s);
	hold_look(&s->hold, s->table);
	s->full |= s->unswept && s->hold.absence == 0 && !s->sweep;
	s->full |= s->conf.links->changed; // port ids mean other netdevs
	s->conf.links->changed = false;
	s->full |= client_boot_id(s->conf.client) != s->boot_id;
	if (rc < 0)
		return rc;
	// A data plane that holds no configuration yet has no ports for routes.
	if (!client_connected(s->conf.client) || client_generation(s->conf.client) == 0) {
		route_audit_stop(s);
		rc = route_reread_rest(s);
		return rc < 0 || !route_reread_wanted(s) ? -ENOTCONN : 1;
	}
	s->boot_id = client_boot_id(s->conf.client);
	rc = route_reread_rest(s);
	if (rc == 0)
		rc = route_tell(s);
	if (rc == 0 && s->phase == PHASE_TELL)
		s->found = route_audit_end(s);
	return rc == 0 && (s->phase != PHASE_NONE || s->reread || !s->drained) ? 1 : rc;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// Some turns: a small table is done with after one or two.
static int steps(struct route_sync *s)
{
	uint64_t end = now_ms() + STEPS_MS;
	int rc = 1;

	for (unsigned int i = 0; rc > 0 && i < STEPS_MOST && (i < 2 || now_ms() < end); i++)
		rc = step(s);
	if (rc > 0)
		(void)eventfd_write(s->again.fd, 1); // cannot be full: it is read before each turn
	return rc;
}

int route_sync_audit(struct route_sync *s)
{
	int rc;

	if (s->monitor.socket == NULL || s->auditing || now_ms() < s->next_audit)
		return 0;
	rc = steps(s); // what is told from here on explains itself
	if (rc != 0 || s->unswept)
		return rc < 0 ? rc : 0; // everything is being told: nothing to compare yet
	s->found = 0;
	route_audit_begin(s);
	rc = steps(s);
	return rc < 0 ? rc : s->found;
}

int route_sync_pump(struct route_sync *s)
{
	int rc;

	if (s->monitor.socket == NULL)
		return -ENOTCONN;
	rc = steps(s);
	if (rc == 0 && s->incomplete && now_ms() >= s->retry) {
		s->retry = now_ms() + RETRY_MS;
		rc = route_sync_audit(s);
	}
	return rc < 0 ? rc : 0;
}

// One turn for each event, so that jobs have theirs.
static void serve(struct route_sync *s)
{
	if (step(s) > 0)
		(void)eventfd_write(s->again.fd, 1);
	if (s->changed && s->conf.changed != NULL)
		s->conf.changed(s->conf.ctx);
	s->changed = false;
}

static void on_readable(void *ctx, uint32_t events)
{
	serve(ctx);
}

static void on_again(void *ctx, uint32_t events)
{
	struct route_sync *s = ctx;
	eventfd_t count;

	(void)eventfd_read(s->again.fd, &count);
	serve(s);
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
	s->news = malloc(NEWS_BYTES);
	s->nexthops = nexthops_create();
	if (s->nexthops != NULL)
		s->table = route_table_create(s->nexthops);
	if (s->table == NULL || s->news == NULL || s->again.fd < 0) {
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
	free(s->news);
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
	s->netns_fd = netns_fd;
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
	route_audit_stop(s);
	s->phase = PHASE_NONE;
	s->news_len = 0;
	netlink_close(&s->monitor);
	netlink_close(&s->reader);
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
