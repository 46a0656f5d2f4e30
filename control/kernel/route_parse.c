// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A route as rtnetlink tells it.
#include "control/kernel/route_parse.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "control/kernel/netlink.h"

static bool route_type_of(uint8_t kernel_type, uint8_t *type)
{
	switch (kernel_type) {
	case RTN_UNICAST:
		*type = ROUTE_UNICAST;
		return true;
	case RTN_BLACKHOLE:
		*type = ROUTE_BLACKHOLE;
		return true;
	case RTN_UNREACHABLE:
		*type = ROUTE_UNREACHABLE;
		return true;
	case RTN_PROHIBIT:
		*type = ROUTE_PROHIBIT;
		return true;
	default:
		return false; // local, broadcast and multicast are not the kernel's to tell
	}
}

static void add_hop(struct table_route *r, const struct nlattr *const *a, int ifindex,
	unsigned int flags, uint16_t weight)
{
	struct table_hop *h = &r->hops.hop[r->hops.n];

	r->hops.more |= r->hops.n == MSG_ROUTE_HOPS;
	if (r->hops.n == MSG_ROUTE_HOPS)
		return;
	*h = (struct table_hop){ .ifindex = ifindex, .weight = weight };
	h->down = (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
	if (a[RTA_GATEWAY] != NULL)
		h->gateway = mnl_attr_get_u32(a[RTA_GATEWAY]);
	if (a[RTA_VIA] != NULL)
		h->ifindex = 0; // gateway of another family: no port
	r->hops.n++;
}

static void add_multipath(struct table_route *r, const struct nlattr *multipath)
{
	const struct rtnexthop *h = mnl_attr_get_payload(multipath);
	int left = mnl_attr_get_payload_len(multipath);

	while (left >= (int)sizeof(*h) && h->rtnh_len >= sizeof(*h) && h->rtnh_len <= left) {
		const struct nlattr *a[RTA_VIA + 1];

		netlink_nested(h + 1, h->rtnh_len - sizeof(*h), a, RTA_VIA + 1);
		add_hop(r, a, h->rtnh_ifindex, h->rtnh_flags, (uint16_t)(h->rtnh_hops + 1));
		left -= (int)NLMSG_ALIGN(h->rtnh_len);
		h = (const void *)((const char *)h + NLMSG_ALIGN(h->rtnh_len));
	}
}

bool route_parse(const struct nlmsghdr *h, struct table_route *r)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[RTA_NH_ID + 1];

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return false;
	netlink_attributes(h, sizeof(*m), a, RTA_NH_ID + 1);
	if (m->rtm_family != AF_INET || m->rtm_protocol == RTPROT_KERNEL || m->rtm_tos != 0 ||
		m->rtm_table != RT_TABLE_MAIN || (m->rtm_flags & RTM_F_CLONED) != 0 ||
		m->rtm_dst_len > 32)
		return false;
	*r = (struct table_route){ .plen = m->rtm_dst_len };
	r->ospf = m->rtm_protocol == RTPROT_OSPF;
	if (!route_type_of(m->rtm_type, &r->hops.type))
		return false;
	if (a[RTA_DST] != NULL)
		r->prefix = mnl_attr_get_u32(a[RTA_DST]);
	if (a[RTA_PRIORITY] != NULL)
		r->metric = mnl_attr_get_u32(a[RTA_PRIORITY]);
	if (a[RTA_NH_ID] != NULL)
		r->nexthop = mnl_attr_get_u32(a[RTA_NH_ID]);
	if (r->hops.type != ROUTE_UNICAST)
		return true;
	if (a[RTA_MULTIPATH] != NULL)
		add_multipath(r, a[RTA_MULTIPATH]);
	else
		add_hop(r, a, a[RTA_OIF] != NULL ? (int)mnl_attr_get_u32(a[RTA_OIF]) : 0,
			m->rtm_flags, 1);
	return r->hops.n > 0;
}
