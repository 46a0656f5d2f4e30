// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A small list: LIMIT_PORTS mirrors and a few tunnels.
#include "control/kernel/links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void links_clear(struct links *l)
{
	free(l->list);
	free(l->mirrors);
	*l = (struct links){ 0 };
}

const struct link *links_by_name(const struct links *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->list[i].name, name) == 0)
			return &l->list[i];
	return NULL;
}

static struct link *find(const struct links *l, int ifindex)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].ifindex == ifindex)
			return &l->list[i];
	return NULL;
}

const struct link *links_by_index(const struct links *l, int ifindex)
{
	return find(l, ifindex);
}

static uint32_t port_of(const struct links *l, const char *name)
{
	for (size_t i = 0; i < l->n_mirrors; i++)
		if (strcmp(l->mirrors[i].name, name) == 0)
			return l->mirrors[i].port;
	return 0;
}

int links_set_mirrors(struct links *l, const struct config *c)
{
	void *list = calloc(c->n_interfaces + 1, sizeof(*l->mirrors));

	if (list == NULL)
		return -ENOMEM;
	free(l->mirrors);
	l->mirrors = list;
	l->n_mirrors = 0;
	for (unsigned int i = 0; i < c->n_interfaces; i++) {
		const struct interface_config *f = &c->interfaces[i];

		if (f->role == INTERFACE_MANAGEMENT)
			continue;
		snprintf(l->mirrors[l->n_mirrors].name, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, f->name);
		l->mirrors[l->n_mirrors++].port = f->id;
	}
	for (size_t i = 0; i < l->count; i++) {
		uint32_t port = port_of(l, l->list[i].name);

		l->changed |= port != l->list[i].port;
		l->list[i].port = port;
	}
	return 0;
}

static bool parse(const struct nlmsghdr *h, struct link *out)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[IFLA_GROUP + 1];

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*i))
		return false;
	*out = (struct link){ .ifindex = i->ifi_index, .flags = i->ifi_flags };
	netlink_attributes(h, sizeof(*i), a, IFLA_GROUP + 1);
	if (a[IFLA_IFNAME] != NULL)
		snprintf(out->name, sizeof(out->name), "%.*s",
			(int)mnl_attr_get_payload_len(a[IFLA_IFNAME]),
			mnl_attr_get_str(a[IFLA_IFNAME]));
	if (a[IFLA_GROUP] != NULL)
		out->group = mnl_attr_get_u32(a[IFLA_GROUP]);
	if (a[IFLA_ADDRESS] != NULL &&
		mnl_attr_get_payload_len(a[IFLA_ADDRESS]) == sizeof(out->mac))
		memcpy(out->mac, mnl_attr_get_payload(a[IFLA_ADDRESS]), sizeof(out->mac));
	return out->name[0] != '\0';
}

static bool upsert(struct links *l, const struct link *new)
{
	struct link *old = find(l, new->ifindex);
	bool differs;

	if (old == NULL && l->count == l->capacity) {
		size_t capacity = l->capacity ? l->capacity * 2 : 16;
		struct link *list = realloc(l->list, capacity * sizeof(*list));

		if (list == NULL)
			return true; // unknown until the next refresh
		l->list = list;
		l->capacity = capacity;
	}
	if (old == NULL) {
		old = &l->list[l->count++];
		*old = (struct link){ 0 };
	}
	differs = old->flags != new->flags || old->group != new->group ||
		  strcmp(old->name, new->name) != 0;
	l->changed |= old->port != port_of(l, new->name);
	*old = *new;
	old->port = port_of(l, new->name);
	return differs;
}

bool links_event(struct links *l, const struct nlmsghdr *h)
{
	struct link new, *old;

	if (!parse(h, &new))
		return false;
	if (h->nlmsg_type == RTM_NEWLINK)
		return upsert(l, &new);
	old = find(l, new.ifindex);
	if (old == NULL)
		return false;
	l->changed |= old->port != 0;
	*old = l->list[--l->count];
	return true;
}

static void on_link(void *ctx, const struct nlmsghdr *h)
{
	struct links *fresh = ctx;
	struct link new;

	if (h->nlmsg_type == RTM_NEWLINK && parse(h, &new))
		upsert(fresh, &new);
}

int links_refresh(struct links *l, struct netlink *nl)
{
	struct links fresh = { .mirrors = l->mirrors, .n_mirrors = l->n_mirrors };
	uint8_t buffer[NLMSG_SPACE(sizeof(struct ifinfomsg))];
	int rc = -EINTR;

	for (int tries = 0; tries < 10 && rc == -EINTR; tries++) {
		struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

		fresh.count = 0;
		h->nlmsg_type = RTM_GETLINK;
		mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
		rc = netlink_dump(nl, h, on_link, &fresh);
	}
	if (rc < 0) {
		free(fresh.list);
		return rc;
	}
	// A mirror that is gone, or came back as another netdev.
	fresh.changed = l->changed;
	for (size_t i = 0; i < fresh.count; i++) {
		const struct link *old = find(l, fresh.list[i].ifindex);

		fresh.changed |= (old ? old->port : 0) != fresh.list[i].port;
	}
	for (size_t i = 0; i < l->count; i++)
		fresh.changed |= l->list[i].port != 0 && !find(&fresh, l->list[i].ifindex);
	free(l->list);
	*l = fresh;
	return 0;
}
