// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel's table read anew, and audits, in steps of a few milliseconds between which commits
// have their turn. A notification must not be looked at before all of the dump that is older than
// it. The kernel fills one part ahead: the part after the last one that was received is older than
// what is taken from the monitor then. So news that is taken during a dump waits for a step with at
// least two parts; that is all the delay that it has.
#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "control/kernel/route_audit.h"
#include "control/kernel/route_parse.h"
#include "control/kernel/route_sync_internal.h"
#include "control/main/log.h"

#define PARTS	       8    // of a dump in a step, of some 300 routes each; at least 2
#define BUCKETS	       8192 // of the table
#define RECORDS	       4096 // of the data plane's routes
#define AUDIT_SHARE    20   // a long audit takes at most one part in so many of the time
#define AUDIT_SHORT_MS 100  // what is not long

static void on_nexthop(void *ctx, const struct nlmsghdr *h)
{
	struct route_sync *s = ctx;

	if (h->nlmsg_type == RTM_NEWNEXTHOP && nexthops_message(s->nexthops, h) < 0)
		s->failed = -ENOMEM;
}

// All at once: there are as many as neighbours that routers use, not as routes.
static int read_nexthops(struct route_sync *s)
{
	uint8_t buffer[NLMSG_SPACE(sizeof(struct nhmsg)) + 64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	int rc;

	h->nlmsg_type = RTM_GETNEXTHOP;
	(void)mnl_nlmsg_put_extra_header(h, sizeof(struct nhmsg));
	nexthops_clear(s->nexthops);
	rc = netlink_dump(&s->reader, h, on_nexthop, s);
	return rc == -EINTR ? 0 : rc;
}

static void on_route(void *ctx, const struct nlmsghdr *h)
{
	struct route_sync *s = ctx;
	struct table_route r;

	if (h->nlmsg_type != RTM_NEWROUTE || !route_parse(h, &r))
		return;
	if (route_table_read(s->table, &r) < 0)
		s->failed = -ENOMEM;
	hold_seen(&s->hold, &r);
}

static int begin_dump(struct route_sync *s)
{
	uint8_t buffer[NLMSG_SPACE(sizeof(struct rtmsg)) + 64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m;

	h->nlmsg_type = RTM_GETROUTE;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = AF_INET;
	mnl_attr_put_u32(h, RTA_TABLE, RT_TABLE_MAIN);
	return netlink_dump_begin(&s->dump, &s->reader, h, on_route, s);
}

// A socket with half a dump in it is of no use any more.
static int give_up(struct route_sync *s, int rc)
{
	s->phase = PHASE_NONE;
	s->reread = true;
	route_audit_stop(s);
	netlink_close(&s->reader);
	return rc;
}

static int begin(struct route_sync *s)
{
	int rc = s->reader.socket != NULL ? 0 : netlink_open(&s->reader, s->netns_fd, NULL);

	s->reread = s->lost = false;
	s->failed = 0;
	atomic_fetch_add(&s->rereads, 1);
	if (rc == 0)
		rc = read_nexthops(s);
	if (rc == 0)
		rc = begin_dump(s);
	if (rc < 0)
		return give_up(s, rc);
	route_table_read_begin(s->table);
	hold_reread(&s->hold);
	s->phase = PHASE_DUMP;
	return 0;
}

bool route_reread_wanted(const struct route_sync *s)
{
	return s->reread || (s->phase >= PHASE_DUMP && s->phase <= PHASE_SWEEP);
}

int route_reread_dump(struct route_sync *s)
{
	int rc = 0;

	if (s->phase == PHASE_NONE && s->reread)
		rc = begin(s);
	if (rc < 0 || s->phase != PHASE_DUMP)
		return rc;
	rc = 1;
	for (unsigned int i = 0; i < PARTS && rc == 1; i++)
		rc = netlink_dump_part(&s->dump);
	if (rc == 1)
		return 0;
	// A change while the dump was under way is told by its notification, too.
	if (rc < 0 && rc != -EINTR)
		return give_up(s, rc);
	s->phase = PHASE_NEWS;
	return 0;
}

// Without all notifications, what the dump did not have may have come since.
static int end_of_news(struct route_sync *s)
{
	hold_reread_done(&s->hold, s->table, s->conf.links);
	route_table_walk(s->table);
	if (s->lost || s->failed < 0) {
		s->phase = PHASE_NONE;
		s->reread = true;
		route_audit_stop(s);
	} else {
		s->phase = PHASE_SWEEP;
	}
	return s->failed;
}

static void compare(struct route_sync *s)
{
	struct client_page page;
	int rc = client_dump_page(
		s->conf.client, DUMP_ROUTES, s->from, RECORDS, sizeof(struct dump_route), &page);

	if (rc == 0)
		rc = route_audit(s->table, page.records, page.count);
	free(page.records);
	s->from = page.next;
	if (rc < 0)
		route_audit_stop(s);
	else if (page.next == 0) {
		route_table_walk(s->table);
		s->phase = PHASE_REST;
	}
}

int route_reread_rest(struct route_sync *s)
{
	int rc;

	// What is read or told anew meanwhile explains every difference.
	if (s->reread || s->full)
		route_audit_stop(s);
	if (s->phase == PHASE_NEWS && s->drained && s->news_len == 0) {
		rc = end_of_news(s);
		if (rc < 0)
			return rc;
	}
	if (s->phase == PHASE_SWEEP && !route_table_sweep(s->table, BUCKETS)) {
		s->phase = s->auditing ? PHASE_DEVICE : PHASE_NONE;
		s->from = 0;
	}
	if (s->phase == PHASE_DEVICE)
		compare(s);
	if (s->phase == PHASE_REST) {
		rc = route_table_audit_rest(s->table, BUCKETS);
		if (rc < 0)
			route_audit_stop(s);
		else if (rc == 0)
			s->phase = PHASE_TELL;
	}
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void route_audit_begin(struct route_sync *s)
{
	s->auditing = true;
	s->audit_begin = now_ms();
	s->again_incomplete = s->incomplete;
	s->incomplete = false;
	s->reread = true;
	route_table_audit_begin(s->table);
}

static void schedule(struct route_sync *s)
{
	uint64_t now = now_ms(), took = now - s->audit_begin;

	if (took > AUDIT_SHORT_MS)
		s->next_audit = now + took * AUDIT_SHARE;
}

void route_audit_stop(struct route_sync *s)
{
	if (!s->auditing)
		return;
	if (s->phase > PHASE_SWEEP)
		s->phase = PHASE_NONE;
	s->auditing = false;
	s->incomplete |= s->again_incomplete;
	(void)route_table_audit_end(s->table);
	schedule(s);
}

int route_audit_end(struct route_sync *s)
{
	size_t drift = route_table_audit_end(s->table);

	s->phase = PHASE_NONE;
	s->auditing = false;
	schedule(s);
	atomic_store(&s->missing, s->incomplete ? drift : 0);
	if (drift > 0 && !s->again_incomplete && !s->incomplete) {
		atomic_fetch_add(&s->drift, drift);
		log_warning(
			"%zu routes of the data plane were not as in the kernel: repaired", drift);
	}
	return (int)drift;
}
