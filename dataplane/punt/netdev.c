// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// RTM_GETLINK and RTM_NEWLINK for one device.
#include "dataplane/punt/netdev.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "dataplane/punt/err.h"

// Larger than a link message with statistics and all.
#define BUFFER_SIZE 16384

struct reply {
	const char *text; // the kernel's words, in the receive buffer
	struct netdev *netdev;
};

static int ack_attr(const struct nlattr *attr, void *data)
{
	struct reply *reply = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		reply->text = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

// Errors and acknowledgements: errno of the request, with the extended text kept.
static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(*e);

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*e))) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS) {
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			skip += mnl_nlmsg_get_payload_len(&e->msg);
		mnl_attr_parse(nlh, (unsigned int)skip, ack_attr, data);
	}
	errno = e->error < 0 ? -e->error : e->error;
	return e->error == 0 ? MNL_CB_STOP : MNL_CB_ERROR;
}

static int link_attr(const struct nlattr *attr, void *data)
{
	struct netdev *netdev = data;

	if (mnl_attr_get_type(attr) == IFLA_MTU && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
		netdev->mtu = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == IFLA_ADDRESS &&
		mnl_attr_get_payload_len(attr) == sizeof(netdev->mac))
		memcpy(netdev->mac, mnl_attr_get_payload(attr), sizeof(netdev->mac));
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct reply *reply = data;

	if (nlh->nlmsg_type != RTM_NEWLINK || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*ifi)) ||
		reply->netdev == NULL)
		return MNL_CB_OK;
	reply->netdev->ifindex = (unsigned int)ifi->ifi_index;
	reply->netdev->flags = ifi->ifi_flags;
	return mnl_attr_parse(nlh, sizeof(*ifi), link_attr, reply->netdev);
}

// Sends the request in `buffer` and reads up to its acknowledgement. 0 or negative errno.
static int talk(struct mnl_socket *nl, void *buffer, struct reply *reply)
{
	mnl_cb_t control[NLMSG_MIN_TYPE] = { [NLMSG_ERROR] = on_error };
	struct nlmsghdr *nlh = buffer;
	unsigned int portid = mnl_socket_get_portid(nl);
	// One request at a time: any number that differs from the last one would do.
	unsigned int seq = nlh->nlmsg_seq = 1;

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl, buffer, BUFFER_SIZE);
		int ret;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		ret = mnl_cb_run2(
			buffer, (size_t)n, seq, portid, on_link, reply, control, NLMSG_MIN_TYPE);
		if (ret < MNL_CB_STOP)
			return -errno;
		if (ret == MNL_CB_STOP)
			return 0;
	}
}

int netdev_get(struct mnl_socket *nl, const char *name, struct netdev *out)
{
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct reply reply = { .netdev = out };

	*out = (struct netdev){ 0 };
	nlh->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	// The statistics of the device's address families are of no use here.
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return talk(nl, buffer, &reply);
}

int netdev_change(struct mnl_socket *nl, unsigned int ifindex, const struct netdev_change *change,
	char *err, size_t errlen)
{
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct reply reply = { 0 };
	int ret;

	nlh->nlmsg_type = RTM_NEWLINK;
	ifi->ifi_index = (int)ifindex;
	if (change->state != NETDEV_KEEP) {
		ifi->ifi_change = IFF_UP;
		ifi->ifi_flags = change->state == NETDEV_UP ? IFF_UP : 0;
	}
	if (change->netns_fd > 0)
		mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)change->netns_fd);
	if (change->name != NULL)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, change->name);
	if (change->mac != NULL)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, change->mac);
	if (change->mtu != 0)
		mnl_attr_put_u32(nlh, IFLA_MTU, change->mtu);
	if (change->operstate != 0)
		mnl_attr_put_u8(nlh, IFLA_OPERSTATE, change->operstate);
	ret = talk(nl, buffer, &reply);
	if (ret < 0)
		err_set(err, errlen, ret, "%s", reply.text ? reply.text : strerror(-ret));
	return ret;
}
