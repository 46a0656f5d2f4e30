// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A hash of nexthop objects by id. Groups hold ids, not objects: what they lead to is looked up
// when a route asks.
#include "control/kernel/nexthop.h"

#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/kernel/netlink.h"

#define BUCKETS 4096 // a power of two; zebra numbers its objects one after the other

struct object {
	struct object *next; // in its bucket
	uint32_t id;
	uint8_t type; // enum route_type
	bool used;    // a route was resolved by it
	struct table_hop hop;
	uint32_t n_members; // 0: no group
	struct nexthop_grp members[];
};

struct nexthops {
	struct object *buckets[BUCKETS];
};

struct nexthops *nexthops_create(void)
{
	return calloc(1, sizeof(struct nexthops));
}

void nexthops_clear(struct nexthops *n)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (n->buckets[i] != NULL) {
			struct object *o = n->buckets[i];

			n->buckets[i] = o->next;
			free(o);
		}
	}
}

void nexthops_destroy(struct nexthops *n)
{
	if (n == NULL)
		return;
	nexthops_clear(n);
	free(n);
}

// The link to the object with this id; to NULL when there is none.
static struct object **find(struct nexthops *n, uint32_t id)
{
	struct object **at = &n->buckets[id % BUCKETS];

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static void parse_hop(struct object *o, const struct nhmsg *m, const struct nlattr *const *a)
{
	o->type = a[NHA_BLACKHOLE] != NULL ? ROUTE_BLACKHOLE : ROUTE_UNICAST;
	o->hop.weight = 1;
	o->hop.down = (m->nh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
	if (a[NHA_OIF] != NULL && mnl_attr_get_payload_len(a[NHA_OIF]) == sizeof(uint32_t))
		o->hop.ifindex = (int)mnl_attr_get_u32(a[NHA_OIF]);
	if (a[NHA_GATEWAY] == NULL)
		return;
	if (mnl_attr_get_payload_len(a[NHA_GATEWAY]) == sizeof(in_addr_t))
		o->hop.gateway = mnl_attr_get_u32(a[NHA_GATEWAY]);
	else
		o->hop.ifindex = 0; // of another family: no port
}

static int put(
	struct nexthops *n, uint32_t id, const struct nhmsg *m, const struct nlattr *const *a)
{
	size_t bytes = a[NHA_GROUP] != NULL ? mnl_attr_get_payload_len(a[NHA_GROUP]) : 0;
	size_t members = bytes / sizeof(struct nexthop_grp);
	struct object **at = find(n, id), *old = *at;
	struct object *o = calloc(1, sizeof(*o) + members * sizeof(o->members[0]));

	if (o == NULL)
		return -ENOMEM;
	o->id = id;
	o->n_members = (uint32_t)members;
	if (members > 0)
		memcpy(o->members, mnl_attr_get_payload(a[NHA_GROUP]),
			members * sizeof(o->members[0]));
	else
		parse_hop(o, m, a);
	if (old != NULL) {
		o->next = old->next;
		o->used = old->used;
		free(old);
	}
	*at = o;
	return 0;
}

static int parse(const struct nlmsghdr *h, const struct nlattr *a[NHA_FDB + 1], uint32_t *id)
{
	if (mnl_nlmsg_get_payload_len(h) < sizeof(struct nhmsg))
		return -ENOENT;
	netlink_attributes(h, sizeof(struct nhmsg), a, NHA_FDB + 1);
	if (a[NHA_ID] == NULL || mnl_attr_get_payload_len(a[NHA_ID]) != sizeof(uint32_t) ||
		a[NHA_FDB] != NULL)
		return -ENOENT;
	*id = mnl_attr_get_u32(a[NHA_ID]);
	return 0;
}

int nexthops_message_id(const struct nlmsghdr *h, uint32_t *id)
{
	const struct nlattr *a[NHA_FDB + 1];

	return parse(h, a, id);
}

int nexthops_message(struct nexthops *n, const struct nlmsghdr *h)
{
	const struct nlattr *a[NHA_FDB + 1];
	struct object **at, *gone;
	uint32_t id;

	if (parse(h, a, &id) < 0)
		return 0;
	if (h->nlmsg_type != RTM_DELNEXTHOP)
		return put(n, id, mnl_nlmsg_get_payload(h), a);
	at = find(n, id);
	gone = *at;
	if (gone != NULL) {
		*at = gone->next;
		free(gone);
	}
	return 0;
}

static void add_hop(struct table_hops *out, const struct table_hop *hop, uint16_t weight)
{
	out->more |= out->n == MSG_ROUTE_HOPS;
	if (out->n == MSG_ROUTE_HOPS)
		return;
	out->hop[out->n] = *hop;
	out->hop[out->n++].weight = weight;
}

int nexthops_resolve(struct nexthops *n, uint32_t id, struct table_hops *out)
{
	struct object *o = *find(n, id);

	if (o == NULL)
		return -ENOENT;
	o->used = true;
	*out = (struct table_hops){ .type = o->type };
	if (o->n_members == 0) {
		add_hop(out, &o->hop, 1);
		return 0;
	}
	for (uint32_t i = 0; i < o->n_members; i++) {
		struct object *member = *find(n, o->members[i].id);

		if (member == NULL || member->n_members > 0)
			continue; // groups have no groups
		member->used = true;
		if (member->type == ROUTE_UNICAST)
			add_hop(out, &member->hop, (uint16_t)(o->members[i].weight + 1));
		else
			out->type = member->type; // a blackhole is the only member of its group
	}
	return out->n > 0 || out->type != ROUTE_UNICAST ? 0 : -ENOENT;
}

bool nexthops_used(struct nexthops *n, uint32_t id)
{
	const struct object *o = *find(n, id);

	return o != NULL && o->used;
}

bool nexthops_involve(struct nexthops *n, uint32_t user, uint32_t id)
{
	const struct object *o = *find(n, user);

	if (user == id)
		return true;
	for (uint32_t i = 0; o != NULL && i < o->n_members; i++)
		if (o->members[i].id == id)
			return true;
	return false;
}
