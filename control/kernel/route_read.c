// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One dump of the netdevs, one of the routes. Next hops are those that the kernel writes into each
// route, also for nexthop objects (net.ipv4.nexthop_compat_mode).
#include "control/kernel/route_read.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/kernel/links.h"
#include "control/kernel/netns.h"
#include "control/kernel/route_parse.h"

static void on_route(void *ctx, const struct nlmsghdr *h)
{
	struct route_reader *r = ctx;
	struct table_route route;

	if (h->nlmsg_type == RTM_NEWROUTE && route_parse(h, &route))
		r->each(r, &route);
}

static const char *name_of(const struct route_reader *r, int ifindex)
{
	const struct link *l = links_by_index(r->links, ifindex);

	return l != NULL ? l->name : "";
}

static int dump(struct netlink *nl, struct route_reader *r)
{
	uint8_t buffer[NLMSG_SPACE(sizeof(struct rtmsg)) + 64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m;

	h->nlmsg_type = RTM_GETROUTE;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = AF_INET;
	mnl_attr_put_u32(h, RTA_TABLE, RT_TABLE_MAIN);
	return netlink_dump(nl, h, on_route, r);
}

int kernel_routes_read(const char *netns, struct route_reader *r)
{
	struct netlink nl = { 0 };
	struct links links = { 0 };
	int fd = netns_open(netns), rc;

	if (fd < 0)
		return fd;
	rc = netlink_open(&nl, fd, NULL);
	close(fd);
	if (rc < 0)
		return rc;
	rc = links_refresh(&links, &nl);
	r->links = &links;
	r->name = name_of;
	if (rc == 0)
		rc = dump(&nl, r);
	links_clear(&links);
	netlink_close(&nl);
	return rc == -EINTR ? 0 : rc; // what changed meanwhile is in neither picture for long
}
