// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Objects of each kind. The management interface is no object: the data plane does not know it.
#include "control/dataplane/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/config/text.h"
#include "dataplane/main/limits.h"

static_assert(MSG_SNAT_POOL <= LIMIT_SNAT_POOL, "a pool fits into its rule");

enum {
	SERVICE_ECHO = 1, // id: ICMP echo request to every interface address
	ICMP_ECHO_REQUEST = 8,
	PROTOCOL_OSPF = 89,
};

static const size_t sizes[OBJ_KIND_COUNT] = {
	[OBJ_PORT] = sizeof(struct obj_port),
	[OBJ_ADDRESS] = sizeof(struct obj_address),
	[OBJ_EIP] = sizeof(struct obj_eip),
	[OBJ_PORT_FORWARD] = sizeof(struct obj_port_forward),
	[OBJ_SNAT] = sizeof(struct obj_snat),
	[OBJ_SERVICE] = sizeof(struct obj_service),
	[OBJ_NAT] = sizeof(struct obj_nat),
};

size_t objset_size(enum obj_kind kind)
{
	return sizes[kind];
}

static struct msg_addr msg_addr(struct in_addr a, uint8_t plen)
{
	struct msg_addr m = { .family = AF_INET, .plen = plen };

	memcpy(m.bytes, &a, sizeof(a));
	return m;
}

static struct msg_addr msg_network(const struct ipv4_prefix *p)
{
	return msg_addr((struct in_addr){ p->addr.s_addr & prefix_mask(p->plen) }, p->plen);
}

static void *append(struct objset *s, enum obj_kind kind)
{
	return s->kind[kind].data + s->kind[kind].count++ * sizes[kind];
}

static void add_interface(struct objset *s, const struct interface_config *i)
{
	struct obj_port *o = append(s, OBJ_PORT);

	o->id = i->id;
	o->driver = i->has_port ? i->driver : 0;
	o->role = i->role == INTERFACE_PUBLIC ? ROLE_PUBLIC : ROLE_PRIVATE;
	o->mtu = i->mtu;
	o->queues = i->queues;
	if (i->has_mac)
		memcpy(o->mac, i->mac, sizeof(o->mac));
	memcpy(o->name, i->name, strnlen(i->name, sizeof(o->name) - 1));
	if (i->has_port)
		memcpy(o->address, i->port_address,
			strnlen(i->port_address, sizeof(o->address) - 1));
	if (i->has_gateway)
		o->gateway = msg_addr(i->gateway, 32);
	for (unsigned int n = 0; n < i->n_addresses; n++) {
		struct obj_address *a = append(s, OBJ_ADDRESS);

		a->id = i->addresses[n].id;
		a->port = i->id;
		a->flags = ADDRESS_INTERFACE;
		a->addr = msg_addr(i->addresses[n].prefix.addr, i->addresses[n].prefix.plen);
	}
}

static void add_vip(struct objset *s, const struct config *c, const struct vip_config *v)
{
	struct obj_address *a = append(s, OBJ_ADDRESS);

	a->id = v->id;
	a->port = c->interfaces[v->interface].id;
	a->addr = msg_addr(v->address, v->plen);
}

static void add_eip(struct objset *s, const struct config *c, const struct eip_config *e)
{
	struct obj_eip *o = append(s, OBJ_EIP);

	o->id = e->id;
	o->address = c->vips[e->vip].id;
	o->source_nat_inbound = e->source_nat_inbound;
	o->target = msg_addr(e->target, 32);
}

static void add_port_forward(struct objset *s, const struct port_forward_config *f)
{
	struct obj_port_forward *o = append(s, OBJ_PORT_FORWARD);

	o->id = f->id;
	o->address = f->address.id;
	o->proto = f->protocol;
	o->first = f->first;
	o->last = f->last;
	o->target_first = f->target_first;
	o->target = msg_addr(f->target, 32);
	if (f->has_allowed)
		o->allowed = msg_network(&f->allowed);
}

static void add_snat(struct objset *s, const struct config *c, const struct snat_config *n)
{
	struct obj_snat *o = append(s, OBJ_SNAT);

	o->id = n->id;
	o->port = c->interfaces[n->interface].id;
	o->mapping = (uint8_t)n->mapping;
	o->filtering = (uint8_t)n->filtering;
	o->port_first = n->port_first;
	o->port_last = n->port_last;
	o->max_sessions_per_host = n->max_sessions_per_host;
	o->max_session_rate_per_host = n->max_session_rate_per_host;
	o->port_block_size = (uint16_t)n->port_block_size;
	o->max_port_blocks_per_host = (uint16_t)n->max_port_blocks_per_host;
	o->source = msg_network(&n->source);
	for (unsigned int i = 0; i < n->n_pool && i < MSG_SNAT_POOL; i++)
		o->pool[o->n_pool++] = n->pool[i].id;
}

static void add_services(struct objset *s)
{
	struct obj_service *o = append(s, OBJ_SERVICE);

	o->id = SERVICE_ECHO;
	o->proto = IPPROTO_ICMP;
	o->punt_class = PUNT_ICMP;
	o->first = o->last = ICMP_ECHO_REQUEST;
}

static void add_ospf_interface(struct objset *s, const struct interface_config *f)
{
	for (unsigned int i = 0; i < f->n_addresses; i++) {
		struct obj_service *o = append(s, OBJ_SERVICE);

		o->id = (uint32_t)s->kind[OBJ_SERVICE].count;
		o->address = f->addresses[i].id;
		o->proto = PROTOCOL_OSPF;
		o->punt_class = PUNT_ROUTING;
	}
}

// After add_services(). An interface without neighbours receives nothing.
static void add_ospf(struct objset *s, const struct config *c)
{
	for (unsigned int i = 0; i < c->ospf.n_areas; i++) {
		const struct ospf_area_config *area = &c->ospf.areas[i];

		for (unsigned int k = 0; k < area->n_interfaces; k++)
			if (!area->interfaces[k].passive)
				add_ospf_interface(
					s, &c->interfaces[area->interfaces[k].interface]);
	}
}

static void add_nat(struct objset *s, const struct nat_config *n)
{
	struct obj_nat *o = append(s, OBJ_NAT);

	*o = (struct obj_nat){ .id = NAT_SETTINGS,
		.tcp_established_s = n->tcp_established_s,
		.tcp_transitory_s = n->tcp_transitory_s,
		.udp_s = n->udp_s,
		.icmp_s = n->icmp_s,
		.other_s = n->other_s };
}

static int reserve(struct objset *s, const struct config *c)
{
	size_t count[OBJ_KIND_COUNT] = {
		[OBJ_PORT] = c->n_interfaces,
		[OBJ_ADDRESS] = c->n_vips,
		[OBJ_EIP] = c->n_eips,
		[OBJ_PORT_FORWARD] = c->n_port_forwards,
		[OBJ_SNAT] = c->n_snat,
		[OBJ_SERVICE] = 1, // and OSPF's, at most one an address
		[OBJ_NAT] = 1,
	};

	for (unsigned int i = 0; i < c->n_interfaces; i++) {
		count[OBJ_ADDRESS] += c->interfaces[i].n_addresses;
		count[OBJ_SERVICE] += c->interfaces[i].n_addresses;
	}
	for (unsigned int k = 1; k < OBJ_KIND_COUNT; k++) {
		s->kind[k].data = calloc(count[k] + 1, sizes[k]);
		if (s->kind[k].data == NULL)
			return -ENOMEM;
	}
	return 0;
}

static uint32_t id_of(const uint8_t *record)
{
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	return id;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = id_of(a), y = id_of(b);

	return (x > y) - (x < y);
}

// Ids are given out in the order of the document: nearly always there is nothing to sort.
static void sort(struct objset_array *a, size_t size)
{
	size_t i = 1;

	while (i < a->count && by_id(a->data + (i - 1) * size, a->data + i * size) < 0)
		i++;
	if (i < a->count)
		qsort(a->data, a->count, size, by_id);
}

int objset_build(const struct config *c, struct objset **out)
{
	struct objset *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL || reserve(s, c) < 0) {
		objset_free(s);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < c->n_interfaces; i++)
		if (c->interfaces[i].role != INTERFACE_MANAGEMENT)
			add_interface(s, &c->interfaces[i]);
	for (unsigned int i = 0; i < c->n_vips; i++)
		add_vip(s, c, &c->vips[i]);
	for (unsigned int i = 0; i < c->n_eips; i++)
		add_eip(s, c, &c->eips[i]);
	for (unsigned int i = 0; i < c->n_port_forwards; i++)
		add_port_forward(s, &c->port_forwards[i]);
	for (unsigned int i = 0; i < c->n_snat; i++)
		add_snat(s, c, &c->snat[i]);
	add_services(s);
	add_ospf(s, c);
	add_nat(s, &c->nat);
	for (unsigned int k = 1; k < OBJ_KIND_COUNT; k++)
		sort(&s->kind[k], sizes[k]);
	*out = s;
	return 0;
}

void objset_free(struct objset *s)
{
	if (s == NULL)
		return;
	for (unsigned int k = 0; k < OBJ_KIND_COUNT; k++)
		free(s->kind[k].data);
	free(s);
}

// A merge of two sorted arrays.
static void merge(const struct objset_array *a, const struct objset_array *b, size_t size,
	struct objset_diff *out)
{
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		const uint8_t *old = i < a->count ? a->data + i * size : NULL;
		const uint8_t *new = j < b->count ? b->data + j *size : NULL;
		int order = old == NULL ? 1 : new == NULL ? -1 : by_id(old, new);

		i += order <= 0;
		j += order >= 0;
		if (order < 0)
			out->del[out->n_del++] = id_of(old);
		else if (order > 0 || memcmp(old, new, size) != 0)
			memcpy(out->put.data + out->put.count++ * size, new, size);
	}
}

int objset_diff(const struct objset *from, const struct objset *to, enum obj_kind kind,
	struct objset_diff *out)
{
	static const struct objset_array none;
	const struct objset_array *a = from != NULL ? &from->kind[kind] : &none;
	const struct objset_array *b = &to->kind[kind];

	*out = (struct objset_diff){ 0 };
	out->put.data = calloc(b->count + 1, sizes[kind]);
	out->del = calloc(a->count + 1, sizeof(*out->del));
	if (out->put.data == NULL || out->del == NULL) {
		objset_diff_free(out);
		return -ENOMEM;
	}
	merge(a, b, sizes[kind], out);
	return 0;
}

void objset_diff_free(struct objset_diff *d)
{
	free(d->put.data);
	free(d->del);
	*d = (struct objset_diff){ 0 };
}
