// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Addresses of mirrors. Every address on a mirror of the configuration is ours. The interface's own
// addresses must be the primary ones of their subnets, because the kernel takes its source address
// from there, and NAT relies on it never using a VIP.
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/text.h"
#include "control/kernel/sync.h"

struct entry {
	int ifindex;
	in_addr_t address;
	uint8_t plen;
	bool secondary;
	const struct wanted_address *wanted; // NULL: extra
};

struct entries {
	struct sync *sync;
	const struct wanted *wanted;
	struct sync_list list; // of struct entry
};

static bool is_mirror(const struct links *links, int ifindex)
{
	const struct link *l = links_by_index(links, ifindex);

	return l != NULL && l->port != 0;
}

static void on_address(void *ctx, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[IFA_FLAGS + 1];
	struct entries *e = ctx;
	struct entry *x;

	if (h->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
		m->ifa_family != AF_INET || !is_mirror(e->sync->links, (int)m->ifa_index))
		return;
	netlink_attributes(h, sizeof(*m), a, IFA_FLAGS + 1);
	if (a[IFA_LOCAL] == NULL || mnl_attr_get_payload_len(a[IFA_LOCAL]) < sizeof(in_addr_t))
		return;
	x = sync_list_append(&e->list);
	if (x != NULL)
		*x = (struct entry){ .ifindex = (int)m->ifa_index,
			.address = mnl_attr_get_u32(a[IFA_LOCAL]),
			.plen = m->ifa_prefixlen,
			.secondary = (m->ifa_flags & IFA_F_SECONDARY) != 0 };
}

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->plen - y->plen;
}

static int read_kernel(struct entries *e)
{
	uint8_t buffer[NLMSG_SPACE(sizeof(struct ifaddrmsg))];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	h->nlmsg_type = RTM_GETADDR;
	m->ifa_family = AF_INET;
	return sync_list_read(&e->list, e->sync->nl, h, on_address, e);
}

static void put_request(
	struct netlink_batch *b, uint16_t type, uint16_t flags, uint32_t tag, const struct entry *x)
{
	struct nlmsghdr *h = netlink_batch_add(b, type, flags, tag);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_prefixlen = x->plen;
	m->ifa_index = (uint32_t)x->ifindex;
	mnl_attr_put_u32(h, IFA_LOCAL, x->address);
	mnl_attr_put_u32(h, IFA_ADDRESS, x->address);
}

static void on_added(void *ctx, uint32_t tag, int error, const char *text)
{
	struct entries *e = ctx;
	const struct wanted_address *w = &e->wanted->addresses[tag];

	if (error == 0 && e->sync->garp != NULL)
		garp_announce(e->sync->garp, w->mirror, w->address);
	sync_answer(e->sync, &w->place, error == -EEXIST ? 0 : error, text);
}

static void on_removed(void *ctx, uint32_t tag, int error, const char *text)
{
	struct entries *e = ctx;

	sync_answer(e->sync, NULL, error == -EADDRNOTAVAIL || error == -ENODEV ? 0 : error, text);
}

// Adds what the kernel lacks, interface addresses first, and links each entry that is there to what
// wants it.
static int add_missing(struct entries *e)
{
	struct netlink_batch b;
	int rc = netlink_batch_begin(&b, e->sync->nl, on_added, e);

	for (size_t i = 0; rc == 0 && i < e->wanted->n_addresses; i++) {
		const struct wanted_address *w = &e->wanted->addresses[i];
		const struct link *l = links_by_name(e->sync->links, w->mirror);
		struct entry key = { .address = w->address.s_addr, .plen = w->plen }, *x;

		key.ifindex = l != NULL ? l->ifindex : 0;
		x = sync_list_find(&e->list, &key);
		if (x != NULL) {
			x->wanted = w;
			continue;
		}
		e->sync->missing++;
		if (l == NULL)
			e->sync->absent++;
		else if ((e->sync->todo & SYNC_ADD) != 0)
			put_request(&b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, (uint32_t)i, &key);
	}
	return rc < 0 ? rc : netlink_batch_end(&b);
}

static int remove_extra(struct entries *e, size_t *removed)
{
	const struct entry *list = e->list.data;
	struct netlink_batch b;
	int rc = netlink_batch_begin(&b, e->sync->nl, on_removed, e);

	*removed = 0;
	for (size_t i = 0; rc == 0 && i < e->list.count; i++) {
		if (list[i].wanted != NULL)
			continue;
		e->sync->extra++;
		if ((e->sync->todo & SYNC_REMOVE) == 0)
			continue;
		put_request(&b, RTM_DELADDR, 0, (uint32_t)i, &list[i]);
		++*removed;
	}
	return rc < 0 ? rc : netlink_batch_end(&b);
}

static bool same_subnet(const struct entry *a, const struct entry *b)
{
	return a->ifindex == b->ifindex && a->plen == b->plen &&
	       ((a->address ^ b->address) & prefix_mask(a->plen)) == 0;
}

// Whether the subnet of VIP `vip` has an interface address, none of which is the primary one.
static bool is_usurper(const struct entries *e, const struct entry *vip)
{
	const struct entry *list = e->list.data;
	bool interface = false;

	if (vip->secondary || vip->wanted == NULL || !vip->wanted->vip)
		return false;
	for (size_t i = 0; i < e->list.count; i++)
		interface |= list[i].wanted != NULL && !list[i].wanted->vip &&
			     same_subnet(&list[i], vip);
	return interface;
}

// Takes the VIPs of one subnet away, the primary one last, so that an interface address is
// promoted, and adds them again.
static int demote(struct entries *e, const struct entry *usurper)
{
	const struct entry *list = e->list.data;
	struct netlink_batch b;
	int rc = netlink_batch_begin(&b, e->sync->nl, on_removed, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < e->list.count; i++) {
		const struct entry *x = &list[i];

		if (x != usurper && x->wanted != NULL && x->wanted->vip && same_subnet(x, usurper))
			put_request(&b, RTM_DELADDR, 0, (uint32_t)i, x);
	}
	put_request(&b, RTM_DELADDR, 0, 0, usurper);
	rc = netlink_batch_end(&b);
	if (rc == 0)
		rc = netlink_batch_begin(&b, e->sync->nl, on_added, e);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < e->list.count; i++) {
		const struct entry *x = &list[i];

		if (x->wanted != NULL && x->wanted->vip && same_subnet(x, usurper))
			put_request(&b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
				(uint32_t)(x->wanted - e->wanted->addresses), x);
	}
	return netlink_batch_end(&b);
}

// Each subnet has one primary address, so that there are few candidates.
static int restore_primaries(struct entries *e)
{
	unsigned int todo = e->sync->todo;
	const struct entry *list;
	int rc;

	rc = read_kernel(e);
	list = e->list.data;
	e->sync->todo = 0; // only link the entries to what wants them
	if (rc == 0) {
		struct sync keep = *e->sync;

		rc = add_missing(e);
		*e->sync = keep;
	}
	e->sync->todo = todo;
	for (size_t i = 0; rc == 0 && i < e->list.count; i++) {
		if (!is_usurper(e, &list[i]))
			continue;
		e->sync->extra++;
		rc = demote(e, &list[i]);
	}
	return rc;
}

static bool any_usurper(const struct entries *e)
{
	const struct entry *list = e->list.data;

	for (size_t i = 0; i < e->list.count; i++)
		if (is_usurper(e, &list[i]))
			return true;
	return false;
}

int addr_sync(struct sync *s, const struct wanted *w)
{
	struct entries e = {
		.sync = s,
		.wanted = w,
		.list = { .element = sizeof(struct entry), .compare = by_key },
	};
	size_t removed = 0;
	int rc = read_kernel(&e);

	if (rc == 0)
		rc = add_missing(&e);
	if (rc == 0)
		rc = remove_extra(&e, &removed);
	if (rc == 0 && (s->todo & SYNC_REMOVE) != 0 && (removed > 0 || any_usurper(&e)))
		rc = restore_primaries(&e);
	free(e.list.data);
	return rc;
}
