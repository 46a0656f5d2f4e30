// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Builds the tables of EIPs and port forwards: by own address for what comes in, by target for what
// goes out. Control thread only.
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "dataplane/nat/build.h"
#include "dataplane/packet/csum.h"

static struct nat_target *target_place(struct nat_section *s, rte_be32_t addr)
{
	uint32_t i = nat_target_hash(addr), bit;

	while (s->targets[i & s->target_mask].addr != 0 &&
		s->targets[i & s->target_mask].addr != addr)
		i++;
	s->targets[i & s->target_mask].addr = addr;
	bit = nat_filter_bit(nat_target_hash(addr));
	s->target_filter[bit / 64] |= 1ull << bit % 64;
	return &s->targets[i & s->target_mask];
}

static int build_eip(struct nat_build *b, const struct obj_eip *o)
{
	struct nat_section *s = b->section;
	const struct obj_address *a = nat_address_of(b, OBJ_EIP, o->id, "address", o->address);
	struct nat_eip *e = &s->eips[s->n_eips];
	struct nat_target *t;

	if (a == NULL)
		return -ENOENT;
	if (s->own[o->address].eip != 0)
		return txn_error(b->errors, OBJ_EIP, o->id, "address", -EEXIST,
			"the address has another EIP");
	if (nat_addr(&o->target) == 0)
		return txn_error(b->errors, OBJ_EIP, o->id, "target", -EINVAL, "no target");
	*e = (struct nat_eip){
		.id = o->id,
		.epoch = nat_rule_epoch(b, OBJ_EIP, o->id),
		.vip = nat_addr(&a->addr),
		.target = nat_addr(&o->target),
		.port = a->port,
		.source_nat_inbound = o->source_nat_inbound != 0,
		.diff = csum_fold(csum_diff32(nat_addr(&o->target), nat_addr(&a->addr))),
	};
	s->own[o->address].eip = ++s->n_eips;
	s->own[o->address].sessions = true;
	t = target_place(s, e->target);
	e->next = t->eip;
	t->eip = s->n_eips;
	t->flags |= s->pins ? TARGET_SESSIONS : 0;
	return 0;
}

static int forward_map(struct nat_build *b, const struct obj_port_forward *o)
{
	struct nat_own *own = &b->section->own[o->address];
	unsigned int proto = o->proto == IPPROTO_UDP;
	int rc;

	if (own->forward[proto] == NULL)
		own->forward[proto] = calloc(1, sizeof(struct portmap));
	if (own->forward[proto] == NULL)
		return -ENOMEM;
	rc = portmap_add(own->forward[proto], o->first, o->last, b->section->n_forwards + 1);
	if (rc == -EEXIST)
		return txn_error(b->errors, OBJ_PORT_FORWARD, o->id, "ports", rc,
			"ports overlap with another forward");
	return rc;
}

static int build_forward(struct nat_build *b, const struct obj_port_forward *o)
{
	struct nat_section *s = b->section;
	const struct obj_address *a =
		nat_address_of(b, OBJ_PORT_FORWARD, o->id, "address", o->address);
	int rc;

	if (a == NULL)
		return -ENOENT;
	if ((o->proto != IPPROTO_TCP && o->proto != IPPROTO_UDP) || o->first > o->last ||
		o->target_first + (uint32_t)(o->last - o->first) > UINT16_MAX ||
		nat_addr(&o->target) == 0 || o->allowed.plen > 32)
		return txn_error(b->errors, OBJ_PORT_FORWARD, o->id, "ports", -EINVAL,
			"impossible protocol, ports or target");
	if (s->own[o->address].eip != 0)
		return txn_error(b->errors, OBJ_PORT_FORWARD, o->id, "address", -EEXIST,
			"the address has an EIP");
	rc = forward_map(b, o);
	if (rc < 0)
		return rc;
	s->forwards[s->n_forwards++] = (struct nat_forward){
		.id = o->id,
		.epoch = nat_rule_epoch(b, OBJ_PORT_FORWARD, o->id),
		.vip = nat_addr(&a->addr),
		.target = nat_addr(&o->target),
		.allowed_mask = o->allowed.family != 0 ? nat_mask(o->allowed.plen) : 0,
		.allowed = o->allowed.family != 0
				   ? nat_addr(&o->allowed) & nat_mask(o->allowed.plen)
				   : 0,
		.port = a->port,
		.first = o->first,
		.last = o->last,
		.target_first = o->target_first,
		.proto = o->proto,
	};
	s->own[o->address].sessions = true;
	target_place(s, nat_addr(&o->target))->flags |= TARGET_SESSIONS;
	return 0;
}

static int allocate(struct nat_section *s, const struct objects *objects)
{
	uint32_t eips = objects->table[OBJ_EIP].count;
	uint32_t forwards = objects->table[OBJ_PORT_FORWARD].count;
	uint32_t addresses = objects->table[OBJ_ADDRESS].count;

	if (addresses > 0) {
		const struct obj_address *last = objects_at(objects, OBJ_ADDRESS, addresses - 1);

		s->n_own = last->id + 1;
		s->own = calloc(s->n_own, sizeof(*s->own));
	}
	s->eips = calloc(RTE_MAX(eips, 1u), sizeof(*s->eips));
	s->forwards = calloc(RTE_MAX(forwards, 1u), sizeof(*s->forwards));
	if (eips + forwards > 0) {
		uint32_t size = rte_align32pow2(2 * (eips + forwards));

		s->targets = calloc(size, sizeof(*s->targets));
		s->target_mask = size - 1;
		if (s->targets == NULL)
			return -ENOMEM;
	}
	return (s->n_own > 0 && s->own == NULL) || s->eips == NULL || s->forwards == NULL ? -ENOMEM
											  : 0;
}

static void mark_inside(struct nat_section *s, uint32_t net, uint8_t plen)
{
	for (uint32_t i = 0; i < (plen < 12 ? 1u << (12 - plen) : 1u); i++) {
		uint32_t bit = (net >> 20) + i;

		s->inside[bit / 64] |= 1ull << bit % 64;
	}
}

// Own addresses by address, and where private networks may lie.
static int build_own(struct nat_section *s, const struct objects *objects)
{
	uint32_t size = rte_align32pow2(2 * (objects->table[OBJ_ADDRESS].count + 1));

	s->own_places = calloc(size, sizeof(*s->own_places));
	if (s->own_places == NULL)
		return -ENOMEM;
	s->own_mask = size - 1;
	// RFC 1918, RFC 6598
	mark_inside(s, 0x0a000000, 8);
	mark_inside(s, 0x64400000, 10);
	mark_inside(s, 0xac100000, 12);
	mark_inside(s, 0xc0a80000, 16);
	for (OBJECTS_EACH(objects, OBJ_ADDRESS, const struct obj_address, a)) {
		const struct obj_port *port = objects_get(objects, OBJ_PORT, a->port);
		uint32_t i = nat_target_hash(nat_addr(&a->addr));

		while (s->own_places[i & s->own_mask].addr != 0)
			i++;
		s->own_places[i & s->own_mask] =
			(struct nat_own_place){ nat_addr(&a->addr), a->id };
		if (port != NULL && port->role != ROLE_PUBLIC)
			mark_inside(s, rte_be_to_cpu_32(nat_addr(&a->addr)), 12);
	}
	return 0;
}

int nat_build_forwards(struct nat_build *b)
{
	int rc = allocate(b->section, b->objects);

	if (rc == 0)
		rc = build_own(b->section, b->objects);
	if (rc < 0)
		return rc;
	for (OBJECTS_EACH(b->objects, OBJ_EIP, const struct obj_eip, o)) {
		int one = build_eip(b, o);

		rc = rc == 0 ? one : rc;
	}
	for (OBJECTS_EACH(b->objects, OBJ_PORT_FORWARD, const struct obj_port_forward, o)) {
		int one = build_forward(b, o);

		rc = rc == 0 ? one : rc;
	}
	return rc;
}
