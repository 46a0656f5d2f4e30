// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Our routes in the main table and in those of the uplinks: the ones with our protocol number. The
// metric is the administrative distance in its upper byte, which is how zebra reads it.
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "control/kernel/sync.h"
#include "control/kernel/uplinks.h"
#include "dataplane/main/limits.h"

struct hop {
	in_addr_t gateway;
	int ifindex;
};

struct entry {
	uint32_t table;
	in_addr_t destination;
	uint8_t plen;
	uint8_t type;	// RTN_*
	uint8_t n_hops; // above MSG_ROUTE_HOPS: more than we install
	bool wanted;
	uint32_t metric;
	struct hop hops[MSG_ROUTE_HOPS];
};

struct entries {
	struct sync *sync;
	const struct wanted *wanted;
	struct sync_list list; // of struct entry
};

static const uint8_t kernel_types[] = {
	[ROUTE_UNICAST] = RTN_UNICAST,
	[ROUTE_BLACKHOLE] = RTN_BLACKHOLE,
	[ROUTE_UNREACHABLE] = RTN_UNREACHABLE,
	[ROUTE_PROHIBIT] = RTN_PROHIBIT,
};

static int by_hop(const void *a, const void *b)
{
	const struct hop *x = a, *y = b;

	if (x->gateway != y->gateway)
		return x->gateway < y->gateway ? -1 : 1;
	return x->ifindex - y->ifindex;
}

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->destination != y->destination)
		return x->destination < y->destination ? -1 : 1;
	if (x->plen != y->plen)
		return x->plen - y->plen;
	return x->metric < y->metric ? -1 : x->metric > y->metric;
}

static bool same_content(const struct entry *a, const struct entry *b)
{
	return a->type == b->type && a->n_hops == b->n_hops && a->n_hops <= MSG_ROUTE_HOPS &&
	       memcmp(a->hops, b->hops, a->n_hops * sizeof(a->hops[0])) == 0;
}

static void add_hop(struct entry *e, const struct nlattr *gateway, int ifindex)
{
	if (e->n_hops < MSG_ROUTE_HOPS)
		e->hops[e->n_hops] = (struct hop){
			.gateway = gateway != NULL ? mnl_attr_get_u32(gateway) : 0,
			.ifindex = ifindex,
		};
	e->n_hops += e->n_hops <= MSG_ROUTE_HOPS;
}

static void add_multipath(struct entry *e, const struct nlattr *multipath)
{
	const struct rtnexthop *h = mnl_attr_get_payload(multipath);
	int left = mnl_attr_get_payload_len(multipath);

	while (left >= (int)sizeof(*h) && h->rtnh_len >= sizeof(*h) && h->rtnh_len <= left) {
		const struct nlattr *a[RTA_GATEWAY + 1];

		netlink_nested(h + 1, h->rtnh_len - sizeof(*h), a, RTA_GATEWAY + 1);
		add_hop(e, a[RTA_GATEWAY], h->rtnh_ifindex);
		left -= (int)NLMSG_ALIGN(h->rtnh_len);
		h = (const void *)((const char *)h + NLMSG_ALIGN(h->rtnh_len));
	}
}

static bool is_our_table(uint32_t table)
{
	return table == RT_TABLE_MAIN ||
	       (table > UPLINK_TABLE && table < UPLINK_TABLE + LIMIT_PORTS);
}

static void on_route(void *ctx, const struct nlmsghdr *h)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[RTA_TABLE + 1];
	struct entries *e = ctx;
	struct entry *x;

	if (h->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
		m->rtm_family != AF_INET || m->rtm_protocol != VROUTER_RTPROT ||
		(m->rtm_flags & RTM_F_CLONED) != 0)
		return;
	netlink_attributes(h, sizeof(*m), a, RTA_TABLE + 1);
	if (a[RTA_TABLE] == NULL || !is_our_table(mnl_attr_get_u32(a[RTA_TABLE])))
		return;
	x = sync_list_append(&e->list);
	if (x == NULL)
		return;
	x->table = mnl_attr_get_u32(a[RTA_TABLE]);
	x->destination = a[RTA_DST] != NULL ? mnl_attr_get_u32(a[RTA_DST]) : 0;
	x->plen = m->rtm_dst_len;
	x->type = m->rtm_type;
	x->metric = a[RTA_PRIORITY] != NULL ? mnl_attr_get_u32(a[RTA_PRIORITY]) : 0;
	if (a[RTA_MULTIPATH] != NULL)
		add_multipath(x, a[RTA_MULTIPATH]);
	else if (m->rtm_type == RTN_UNICAST)
		add_hop(x, a[RTA_GATEWAY],
			a[RTA_OIF] != NULL ? (int)mnl_attr_get_u32(a[RTA_OIF]) : 0);
	if (x->n_hops <= MSG_ROUTE_HOPS)
		qsort(x->hops, x->n_hops, sizeof(x->hops[0]), by_hop);
}

static int read_kernel(struct entries *e)
{
	uint8_t buffer[NLMSG_SPACE(sizeof(struct rtmsg)) + 64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	h->nlmsg_type = RTM_GETROUTE;
	m->rtm_family = AF_INET;
	m->rtm_protocol = VROUTER_RTPROT; // the kernel sends no others
	return sync_list_read(&e->list, e->sync->nl, h, on_route, e);
}

enum resolved {
	RESOLVED,
	NO_MIRROR, // of any of its hops
	NOT_NOW,   // another route stands in for it, or it need not stand in for one
};

// Whether the uplink's state has this hop left out.
static bool is_out(const struct wanted_route *w, const struct wanted_hop *h, const uint8_t *levels)
{
	return h->uplink != 0 && (levels[h->uplink] == UPLINK_USABLE) != (w->rank == 0);
}

// The route with the hops that are there now.
static enum resolved resolve(const struct sync *s, const struct wanted_route *w, struct entry *out)
{
	unsigned int left_out = 0;

	*out = (struct entry){ .table = w->table != 0 ? w->table : RT_TABLE_MAIN,
		.destination = w->destination.s_addr,
		.plen = w->plen,
		.type = kernel_types[w->type],
		.metric = (uint32_t)w->priority << 24 };
	for (unsigned int i = 0; i < w->n_hops; i++) {
		const struct link *l = links_by_name(s->links, w->hops[i].mirror);

		if (is_out(w, &w->hops[i], s->levels))
			left_out++;
		else if (l != NULL)
			out->hops[out->n_hops++] =
				(struct hop){ w->hops[i].gateway.s_addr, l->ifindex };
	}
	qsort(out->hops, out->n_hops, sizeof(out->hops[0]), by_hop);
	if (w->rank != 0)
		out->metric |= (uint32_t)s->levels[w->hops[0].uplink] << 16 | w->rank;
	if (w->n_hops == 0 || out->n_hops > 0)
		return RESOLVED;
	return left_out == w->n_hops ? NOT_NOW : NO_MIRROR;
}

static void put_multipath(struct nlmsghdr *h, const struct entry *e)
{
	struct nlattr *nest = mnl_attr_nest_start(h, RTA_MULTIPATH);

	for (unsigned int i = 0; i < e->n_hops; i++) {
		struct rtnexthop *n = mnl_nlmsg_get_payload_tail(h);

		*n = (struct rtnexthop){ .rtnh_ifindex = e->hops[i].ifindex };
		h->nlmsg_len += (uint32_t)NLMSG_ALIGN(sizeof(*n));
		mnl_attr_put_u32(h, RTA_GATEWAY, e->hops[i].gateway);
		n->rtnh_len = (uint16_t)((char *)mnl_nlmsg_get_payload_tail(h) - (char *)n);
	}
	mnl_attr_nest_end(h, nest);
}

static uint8_t scope_of(const struct entry *e)
{
	return e->n_hops == 1 && e->hops[0].gateway == 0 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static void put_request(
	struct netlink_batch *b, uint16_t type, uint16_t flags, uint32_t tag, const struct entry *e)
{
	struct nlmsghdr *h = netlink_batch_add(b, type, flags, tag);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->rtm_family = AF_INET;
	m->rtm_dst_len = e->plen;
	m->rtm_table = RT_TABLE_UNSPEC; // too narrow for ours
	m->rtm_protocol = VROUTER_RTPROT;
	m->rtm_scope = type == RTM_NEWROUTE ? scope_of(e) : RT_SCOPE_NOWHERE;
	m->rtm_type = e->type;
	mnl_attr_put_u32(h, RTA_TABLE, e->table);
	mnl_attr_put_u32(h, RTA_DST, e->destination);
	mnl_attr_put_u32(h, RTA_PRIORITY, e->metric);
	if (e->n_hops > 1 && e->n_hops <= MSG_ROUTE_HOPS) {
		put_multipath(h, e);
	} else if (e->n_hops == 1) {
		mnl_attr_put_u32(h, RTA_OIF, (uint32_t)e->hops[0].ifindex);
		if (e->hops[0].gateway != 0)
			mnl_attr_put_u32(h, RTA_GATEWAY, e->hops[0].gateway);
	}
}

static void on_added(void *ctx, uint32_t tag, int error, const char *text)
{
	struct entries *e = ctx;

	sync_answer(e->sync, &e->wanted->routes[tag].place, error, text);
}

static void on_removed(void *ctx, uint32_t tag, int error, const char *text)
{
	struct entries *e = ctx;

	sync_answer(e->sync, NULL, error == -ESRCH || error == -ENODEV ? 0 : error, text);
}

// The entry of the kernel with this key and content.
static struct entry *find(const struct entries *e, const struct entry *key)
{
	struct entry *x = sync_list_find(&e->list, key);
	const struct entry *end = (struct entry *)e->list.data + e->list.count;

	for (; x != NULL && x < end && by_key(x, key) == 0; x++)
		if (same_content(x, key))
			return x;
	return NULL;
}

static int add_missing(struct entries *e)
{
	struct netlink_batch b;
	int rc = netlink_batch_begin(&b, e->sync->nl, on_added, e);

	for (size_t i = 0; rc == 0 && i < e->wanted->n_routes; i++) {
		enum resolved is;
		struct entry key, *x;

		is = resolve(e->sync, &e->wanted->routes[i], &key);
		e->sync->missing += is == NO_MIRROR;
		e->sync->absent += is == NO_MIRROR;
		if (is != RESOLVED)
			continue;
		x = find(e, &key);
		if (x != NULL) {
			x->wanted = true;
			continue;
		}
		e->sync->missing++;
		if ((e->sync->todo & SYNC_ADD) != 0)
			put_request(
				&b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, (uint32_t)i, &key);
	}
	return rc < 0 ? rc : netlink_batch_end(&b);
}

// A route that add_missing() replaced is not there any more: the kernel says so, which is fine.
static int remove_extra(struct entries *e)
{
	const struct entry *list = e->list.data;
	struct netlink_batch b;
	int rc = netlink_batch_begin(&b, e->sync->nl, on_removed, e);

	for (size_t i = 0; rc == 0 && i < e->list.count; i++) {
		if (list[i].wanted)
			continue;
		e->sync->extra++;
		if ((e->sync->todo & SYNC_REMOVE) != 0)
			put_request(&b, RTM_DELROUTE, 0, (uint32_t)i, &list[i]);
	}
	return rc < 0 ? rc : netlink_batch_end(&b);
}

int static_sync(struct sync *s, const struct wanted *w)
{
	struct entries e = {
		.sync = s,
		.wanted = w,
		.list = { .element = sizeof(struct entry), .compare = by_key },
	};
	int rc = read_kernel(&e);

	if (rc == 0)
		rc = add_missing(&e);
	if (rc == 0)
		rc = remove_extra(&e);
	free(e.list.data);
	return rc;
}
