// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the kernel sends from an uplink's address leaves by that uplink. Two rules for each of its
// subnets, with our protocol number: the first takes the main table's answer when that leads to a
// private network, the second asks the uplink's table. So that the first can tell, the mirrors of
// public interfaces are a netdev group (mirror.c).
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "control/kernel/sync.h"

// Between the local table (0) and the main one (32766).
#define PREFERENCE_PRIVATE 1000
#define PREFERENCE_UPLINK  1001
#define RULES_PER_SOURCE   2

struct entry {
	uint32_t preference;
	in_addr_t source;
	uint8_t plen;
	uint8_t action;
	bool other; // has conditions or a target that ours never have
	uint32_t table;
	uint32_t suppress_group; // 0: none
	bool wanted;
};

struct entries {
	struct sync *sync;
	const struct wanted *wanted;
	struct sync_list list; // of struct entry
};

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->plen != y->plen)
		return x->plen - y->plen;
	return x->table < y->table ? -1 : x->table > y->table;
}

static bool same_content(const struct entry *a, const struct entry *b)
{
	return a->action == b->action && a->other == b->other &&
	       a->suppress_group == b->suppress_group;
}

static uint32_t number(const struct nlattr *a, uint32_t absent)
{
	return a != NULL ? mnl_attr_get_u32(a) : absent;
}

static void on_rule(void *ctx, const struct nlmsghdr *h)
{
	const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[FRA_MAX + 1];
	struct entries *e = ctx;
	struct entry *x;

	if (h->nlmsg_type != RTM_NEWRULE || mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
		m->family != AF_INET)
		return;
	netlink_attributes(h, sizeof(*m), a, FRA_MAX + 1);
	if (a[FRA_PROTOCOL] == NULL || mnl_attr_get_u8(a[FRA_PROTOCOL]) != VROUTER_RTPROT)
		return;
	x = sync_list_append(&e->list);
	if (x == NULL)
		return;
	x->preference = number(a[FRA_PRIORITY], 0);
	x->source = number(a[FRA_SRC], 0);
	x->plen = m->src_len;
	x->action = m->action;
	x->table = number(a[FRA_TABLE], m->table);
	x->suppress_group = number(a[FRA_SUPPRESS_IFGROUP], UINT32_MAX) + 1;
	x->other = m->dst_len != 0 || m->tos != 0 || m->flags != 0 || a[FRA_IIFNAME] != NULL ||
		   a[FRA_OIFNAME] != NULL || a[FRA_FWMARK] != NULL;
}

static int read_kernel(struct entries *e)
{
	uint8_t buffer[NLMSG_SPACE(sizeof(struct fib_rule_hdr))];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	h->nlmsg_type = RTM_GETRULE;
	m->family = AF_INET;
	return sync_list_read(&e->list, e->sync->nl, h, on_rule, e);
}

static void put_request(
	struct netlink_batch *b, uint16_t type, uint16_t flags, uint32_t tag, const struct entry *x)
{
	struct nlmsghdr *h = netlink_batch_add(b, type, flags, tag);
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->family = AF_INET;
	m->src_len = x->plen;
	m->action = x->action;
	if (x->plen > 0)
		mnl_attr_put_u32(h, FRA_SRC, x->source);
	mnl_attr_put_u32(h, FRA_PRIORITY, x->preference);
	mnl_attr_put_u32(h, FRA_TABLE, x->table);
	mnl_attr_put_u8(h, FRA_PROTOCOL, VROUTER_RTPROT);
	if (x->suppress_group == 0)
		return;
	mnl_attr_put_u32(h, FRA_SUPPRESS_IFGROUP, x->suppress_group - 1);
	mnl_attr_put_u32(h, FRA_SUPPRESS_PREFIXLEN, 0); // default routes: those are the uplinks'
}

static void on_added(void *ctx, uint32_t tag, int error, const char *text)
{
	struct entries *e = ctx;

	sync_answer(e->sync, &e->wanted->rules[tag].place, error == -EEXIST ? 0 : error, text);
}

static void on_removed(void *ctx, uint32_t tag, int error, const char *text)
{
	struct entries *e = ctx;

	sync_answer(e->sync, NULL, error == -ENOENT ? 0 : error, text);
}

static struct entry rule_of(const struct wanted_rule *w, unsigned int which)
{
	struct entry x = { .source = w->source.s_addr, .plen = w->plen, .action = FR_ACT_TO_TBL };

	x.preference = which == 0 ? PREFERENCE_PRIVATE : PREFERENCE_UPLINK;
	x.table = which == 0 ? RT_TABLE_MAIN : w->table;
	x.suppress_group = which == 0 ? VROUTER_GROUP + 1 : 0;
	return x;
}

static int add_missing(struct entries *e)
{
	struct netlink_batch b;
	int rc = netlink_batch_begin(&b, e->sync->nl, on_added, e);

	for (size_t i = 0; rc == 0 && i < e->wanted->n_rules * RULES_PER_SOURCE; i++) {
		const struct wanted_rule *w = &e->wanted->rules[i / RULES_PER_SOURCE];
		struct entry key = rule_of(w, i % RULES_PER_SOURCE);
		struct entry *x = sync_list_find(&e->list, &key);

		if (x != NULL && same_content(x, &key)) {
			x->wanted = true;
			continue;
		}
		e->sync->missing++;
		if ((e->sync->todo & SYNC_ADD) != 0)
			put_request(&b, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL,
				(uint32_t)(i / RULES_PER_SOURCE), &key);
	}
	return rc < 0 ? rc : netlink_batch_end(&b);
}

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
			put_request(&b, RTM_DELRULE, 0, 0, &list[i]);
	}
	return rc < 0 ? rc : netlink_batch_end(&b);
}

int rule_sync(struct sync *s, const struct wanted *w)
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
