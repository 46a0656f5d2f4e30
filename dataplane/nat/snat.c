// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Builds the SNAT rules: pools of external addresses with their port state and the ranges that may
// be claimed on each, sorted for the lookup. Control thread only.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/nat/build.h"
#include "dataplane/nat/ranges.h"
#include "dataplane/session/blocks.h"

static uint32_t pool_ports(const struct nat_address *pool, uint32_t n_pool)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < n_pool; i++)
		n += port_ranges_size(pool[i].ranges, pool[i].n_ranges);
	return n;
}

static int pool_address(struct nat_build *b, uint32_t rule, const struct obj_address *a,
	uint16_t first, uint16_t last, struct nat_address *out)
{
	int rc;

	out->addr = nat_addr(&a->addr);
	out->n_ranges = nat_port_ranges(a->flags & ADDRESS_INTERFACE, first, last, out->ranges);
	if (out->n_ranges == 0)
		return txn_error(b->errors, OBJ_SNAT, rule, "port_range", -EINVAL,
			"leaves no port: none below %u, on an interface address none of the "
			"kernel's",
			NAT_PORT_FIRST);
	rc = session_table_acquire_portset(&b->dp->sessions, out->addr, &out->portset);
	if (rc == -ENOSPC)
		return txn_error(b->errors, OBJ_SNAT, rule, "addresses", rc,
			"more than %u addresses with port state (--nat-addresses)",
			b->dp->options.nat_addresses);
	return rc;
}

static_assert(LIMIT_HOST_BLOCKS == PORT_BLOCKS_MAX, "one number");

static bool good_block_size(uint32_t size)
{
	return size == 0 || (size >= PORT_BLOCK_SIZE_MIN && size <= PORT_BLOCK_SIZE_MAX &&
				    (size & (size - 1)) == 0);
}

static uint32_t blocks_of(const struct nat_address *a, uint32_t units)
{
	uint64_t marked[PORT_UNIT_WORDS] = { 0 };

	blocks_mark(a->ranges, a->n_ranges, units, marked);
	return blocks_count(NULL, marked, units);
}

// Ports of an address are given in blocks of one size, or one by one: else a rule would give away
// ports of another one's blocks.
static int check_blocks(struct nat_build *b, const struct obj_snat *o, uint32_t address,
	const struct nat_address *pool)
{
	const struct nat_own *own = &b->section->own[address];
	uint32_t units = o->port_block_size / PORT_UNIT;

	if (own->portset != NULL && own->block_units != units)
		return txn_error(b->errors, OBJ_SNAT, o->id, "port_block_size", -EINVAL,
			"another rule with address %u has another one", address);
	if (units != 0 && blocks_of(pool, units) == 0)
		return txn_error(b->errors, OBJ_SNAT, o->id, "port_range", -EINVAL,
			"leaves no whole block of %u ports, aligned to that size",
			o->port_block_size);
	return 0;
}

// Of an address's blocks, a host gets at most half unless the rule says otherwise.
static uint8_t max_blocks(const struct obj_snat *o, const struct nat_address *pool)
{
	uint32_t max = PORT_BLOCKS_DEFAULT, units = o->port_block_size / PORT_UNIT;

	if (units == 0 || o->max_port_blocks_per_host != 0)
		return (uint8_t)o->max_port_blocks_per_host;
	for (uint32_t i = 0; i < o->n_pool; i++)
		max = RTE_MIN(max, RTE_MAX(blocks_of(&pool[i], units) / 2, 1u));
	return (uint8_t)max;
}

static int build_pool(struct nat_build *b, const struct obj_snat *o, struct nat_address *pool)
{
	for (uint32_t i = 0; i < o->n_pool; i++) {
		const struct obj_address *a =
			nat_address_of(b, OBJ_SNAT, o->id, "addresses", o->pool[i]);
		int rc = a == NULL
				 ? -ENOENT
				 : pool_address(b, o->id, a, o->port_first, o->port_last, &pool[i]);

		if (rc == 0)
			rc = check_blocks(b, o, o->pool[i], &pool[i]);
		if (rc < 0)
			return rc;
		b->section->own[o->pool[i]].sessions = true;
		b->section->own[o->pool[i]].portset = pool[i].portset;
		b->section->own[o->pool[i]].interface = a->flags & ADDRESS_INTERFACE;
		b->section->own[o->pool[i]].dependent |= o->mapping == NAT_MAP_ENDPOINT_DEPENDENT;
		b->section->own[o->pool[i]].block_units = (uint8_t)(o->port_block_size / PORT_UNIT);
	}
	return 0;
}

static int build_rule(struct nat_build *b, const struct obj_snat *o, struct nat_address *pool)
{
	struct nat_snat *r = &b->section->snat[b->section->n_snat];
	uint32_t ports;
	int rc;

	if (o->n_pool == 0 || o->n_pool > MSG_SNAT_POOL || o->port == 0 || o->port >= LIMIT_PORTS ||
		objects_get(b->objects, OBJ_PORT, o->port) == NULL || o->source.plen > 32 ||
		o->port_first > o->port_last)
		return txn_error(b->errors, OBJ_SNAT, o->id, "pool", -EINVAL,
			"impossible pool, ports or egress");
	if (o->mapping > NAT_MAP_ENDPOINT_DEPENDENT ||
		o->filtering > NAT_FILTER_ENDPOINT_INDEPENDENT ||
		(o->mapping == NAT_MAP_ENDPOINT_DEPENDENT &&
			o->filtering != NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT))
		return txn_error(b->errors, OBJ_SNAT, o->id, "filtering", -EINVAL,
			"impossible mapping or filtering, or one that does not go with the other");
	if (!good_block_size(o->port_block_size) || o->max_port_blocks_per_host > PORT_BLOCKS_MAX)
		return txn_error(b->errors, OBJ_SNAT, o->id, "port_block_size", -EINVAL,
			"impossible size or number of port blocks");
	rc = build_pool(b, o, pool);
	if (rc < 0)
		return rc;
	ports = pool_ports(pool, o->n_pool);
	*r = (struct nat_snat){
		.source = { .rule = o->id,
			.epoch = nat_rule_epoch(b, OBJ_SNAT, o->id),
			.max_sessions_per_host = o->max_sessions_per_host ? o->max_sessions_per_host
									  : RTE_MAX(ports / 2, 1u),
			.max_session_rate_per_host = o->max_session_rate_per_host,
			.mapping = o->mapping,
			.filtering = o->filtering,
			.block_units = (uint8_t)(o->port_block_size / PORT_UNIT),
			.max_blocks = max_blocks(o, pool),
			.n_pool = o->n_pool,
			.pool = pool },
		.mask = nat_mask(o->source.plen),
		.net = nat_addr(&o->source) & nat_mask(o->source.plen),
		.port = o->port,
		.plen = o->source.plen,
	};
	b->section->n_snat++;
	return 0;
}

static int rule_order(const void *a, const void *b)
{
	const struct nat_snat *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->plen != y->plen)
		return x->plen > y->plen ? -1 : 1;
	return x->source.rule < y->source.rule ? -1 : 1;
}

// Source NAT towards a private port takes the port's own address.
static int build_inbound(struct nat_build *b, uint16_t port, struct nat_address *pool)
{
	for (OBJECTS_EACH(b->objects, OBJ_ADDRESS, const struct obj_address, a)) {
		int rc;

		if (a->port != port || !(a->flags & ADDRESS_INTERFACE))
			continue;
		rc = pool_address(b, NAT_INBOUND_RULE(port), a, NAT_PORT_FIRST, UINT16_MAX, pool);
		if (rc == 0 && b->section->own[a->id].block_units != 0)
			rc = txn_error(b->errors, OBJ_SNAT, NAT_INBOUND_RULE(port), "addresses",
				-EINVAL, "its ports are given in blocks by another rule");
		if (rc < 0)
			return rc;
		b->section->own[a->id].sessions = true;
		b->section->inbound[port] = (struct nat_source){
			.rule = NAT_INBOUND_RULE(port),
			.epoch = nat_rule_epoch(b, OBJ_SNAT, NAT_INBOUND_RULE(port)),
			.mapping = NAT_MAP_ENDPOINT_INDEPENDENT,
			.n_pool = 1,
			.pool = pool,
		};
		return 0;
	}
	return 0;
}

static int build_all_inbound(struct nat_build *b, struct nat_address **pool)
{
	bool needed = false;

	for (uint32_t i = 0; i < b->section->n_eips; i++)
		needed |= b->section->eips[i].source_nat_inbound;
	if (!needed)
		return 0;
	for (OBJECTS_EACH(b->objects, OBJ_PORT, const struct obj_port, p)) {
		int rc = p->role == ROLE_PRIVATE ? build_inbound(b, p->id, *pool) : 0;

		if (rc < 0)
			return rc;
		(*pool)++;
	}
	return 0;
}

int nat_build_snat(struct nat_build *b)
{
	struct nat_section *s = b->section;
	uint32_t addresses = b->objects->table[OBJ_PORT].count, r = 0;
	struct nat_address *pool;
	int rc = 0;

	for (OBJECTS_EACH(b->objects, OBJ_SNAT, const struct obj_snat, o))
		addresses += RTE_MIN(o->n_pool, MSG_SNAT_POOL);
	s->n_pools = addresses;
	s->pools = calloc(RTE_MAX(addresses, 1u), sizeof(*s->pools));
	s->snat = calloc(RTE_MAX(b->objects->table[OBJ_SNAT].count, 1u), sizeof(*s->snat));
	if (s->pools == NULL || s->snat == NULL)
		return -ENOMEM;
	pool = s->pools;
	for (OBJECTS_EACH(b->objects, OBJ_SNAT, const struct obj_snat, o)) {
		int one = build_rule(b, o, pool);

		rc = rc == 0 ? one : rc;
		pool += RTE_MIN(o->n_pool, MSG_SNAT_POOL);
	}
	if (rc == 0)
		rc = build_all_inbound(b, &pool);
	if (rc < 0)
		return rc;
	qsort(s->snat, s->n_snat, sizeof(*s->snat), rule_order);
	for (unsigned int port = 0; port <= LIMIT_PORTS; port++) {
		while (r < s->n_snat && s->snat[r].port < port)
			r++;
		s->snat_first[port] = r;
	}
	return 0;
}
