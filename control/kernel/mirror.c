// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The mirrors themselves: up, and those of public interfaces in a netdev group of their own, by
// which rules tell them (rule.c). The data plane makes them, and sets them up.
#include <linux/rtnetlink.h>

#include "control/kernel/sync.h"

static void on_changed(void *ctx, uint32_t tag, int error, const char *text)
{
	sync_answer(ctx, NULL, error, text);
}

// What of a mirror is not as it should be. A group that somebody else gave one is left alone.
static bool is_down(const struct link *l)
{
	return (l->flags & IFF_UP) == 0;
}

static bool is_in_wrong_group(const struct link *l, const struct wanted_mirror *w)
{
	return (l->group == VROUTER_GROUP) != w->public;
}

static void put_request(
	struct netlink_batch *b, const struct link *l, const struct wanted_mirror *w)
{
	struct nlmsghdr *h = netlink_batch_add(b, RTM_SETLINK, 0, 0);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_index = l->ifindex;
	m->ifi_flags = m->ifi_change = IFF_UP;
	if (is_in_wrong_group(l, w))
		mnl_attr_put_u32(h, IFLA_GROUP, w->public ? VROUTER_GROUP : 0);
}

int mirror_sync(struct sync *s, const struct wanted *w)
{
	struct netlink_batch b;
	int rc = netlink_batch_begin(&b, s->nl, on_changed, s);

	for (size_t i = 0; rc == 0 && i < w->n_mirrors; i++) {
		const struct link *l = links_by_name(s->links, w->mirrors[i].mirror);

		if (l == NULL || !(is_down(l) || is_in_wrong_group(l, &w->mirrors[i])))
			continue;
		s->missing++;
		if ((s->todo & SYNC_ADD) != 0)
			put_request(&b, l, &w->mirrors[i]);
	}
	return rc < 0 ? rc : netlink_batch_end(&b);
}
