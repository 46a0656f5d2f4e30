// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which ports of the external addresses SNAT may claim: those that the rules name, but for those of
// port forwards, of local services and of IKE. Control thread only.
#include <netinet/in.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/nat/build.h"
#include "dataplane/session/blocks.h"

#define IKE_NATT_PORT 4500 // RFC 3948: never a translated port

static void add_range(uint64_t ports[PORT_WORDS], uint32_t first, uint32_t last)
{
	for (uint32_t port = first; port <= last;) {
		bool word = port % 64 == 0 && port + 63 <= last;

		ports[port / 64] |= word ? UINT64_MAX : 1ull << port % 64;
		port += word ? 64 : 1;
	}
}

static bool is_at(const struct obj_service *s, const struct obj_address *a)
{
	return s->address == a->id || (s->address == 0 && (a->flags & ADDRESS_INTERFACE));
}

// Takes the ports of forwards and of what listens out of those that SNAT may claim, and gives back
// those that nobody has any more.
static void reserve_ports(struct portset *portset, enum port_class class, const struct portmap *map,
	const struct objects *next, const struct obj_address *a)
{
	uint8_t proto = class == PORT_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	uint64_t ports[PORT_WORDS] = { 0 };

	if (map != NULL)
		portmap_ports(map, ports);
	for (OBJECTS_EACH(next, OBJ_SERVICE, const struct obj_service, s))
		if (s->proto == proto && is_at(s, a))
			add_range(ports, s->first, s->last);
	if (class == PORT_UDP)
		ports[IKE_NATT_PORT / 64] |= 1ull << IKE_NATT_PORT % 64;
	portset_reserve_these(portset, class, ports);
}

// How many ports there are to claim: the rules' ranges, which may overlap, without the reserved.
static void count_ports(struct portset *portset, const uint64_t named[PORT_WORDS])
{
	for (unsigned int class = 0; class < PORT_CLASSES; class ++) {
		const struct port_space *space = portset_space(portset, class);
		uint32_t n = 0;

		for (uint32_t w = 0; w < PORT_WORDS; w++)
			n += (uint32_t)__builtin_popcountll(
				named[w] &
				~atomic_load_explicit(&space->reserved[w], memory_order_relaxed));
		portset->ports[class] = n;
	}
}

static void name_ports(uint64_t named[PORT_WORDS], const struct nat_address *a)
{
	for (uint32_t r = 0; r < a->n_ranges; r++)
		add_range(named, a->ranges[r].first, a->ranges[r].last);
}

// How many blocks there are to claim. Rules of one address have one size.
static uint32_t count_blocks(const struct nat_section *s, const struct portset *portset)
{
	uint64_t marked[PORT_UNIT_WORDS] = { 0 };
	uint32_t units = 0;

	for (uint32_t r = 0; r < s->n_snat; r++) {
		const struct nat_source *source = &s->snat[r].source;

		for (uint32_t i = 0; source->block_units != 0 && i < source->n_pool; i++) {
			const struct nat_address *a = &source->pool[i];

			if (a->portset != portset)
				continue;
			units = source->block_units;
			blocks_mark(a->ranges, a->n_ranges, units, marked);
		}
	}
	return units == 0 ? 0 : blocks_count(portset, marked, units);
}

static void activate_ports(const struct nat_section *s, const struct objects *next,
	const struct obj_address *a, struct portmap *const forward[2])
{
	rte_be32_t addr = nat_addr(&a->addr);
	uint64_t named[PORT_WORDS] = { 0 };
	struct portset *portset = NULL;

	for (uint32_t p = 0; p < s->n_pools; p++) {
		if (s->pools[p].portset == NULL || s->pools[p].addr != addr)
			continue;
		portset = s->pools[p].portset;
		name_ports(named, &s->pools[p]);
	}
	if (portset == NULL)
		return;
	portsets_keep(portset);
	reserve_ports(portset, PORT_TCP, forward[0], next, a);
	reserve_ports(portset, PORT_UDP, forward[1], next, a);
	count_ports(portset, named);
	portset->blocks = count_blocks(s, portset);
}

// Source NAT towards a private port comes and goes with EIPs on any port, and takes the port's
// first address, whichever that is now.
static bool inbound_differs(const struct nat_section *old, const struct nat_section *s,
	const struct nat_changes *changes, uint32_t port)
{
	return changes->snat[NAT_INBOUND_RULE(port)] ||
	       old->inbound[port].n_pool != s->inbound[port].n_pool;
}

static void touch_services(
	const struct objects *o, const struct nat_changes *changes, bool *touched)
{
	bool everywhere = false;

	for (OBJECTS_EACH(o, OBJ_SERVICE, const struct obj_service, s)) {
		touched[s->address] |= changes->service[s->id] != 0;
		everywhere |= changes->service[s->id] != 0 && s->address == 0;
	}
	for (OBJECTS_EACH(o, OBJ_ADDRESS, const struct obj_address, a))
		touched[a->id] |= everywhere && (a->flags & ADDRESS_INTERFACE);
}

// Addresses of which a forward, a service, or a rule that maps to them, is in `o` and changes.
static void touch_named(const struct objects *o, const struct nat_changes *changes, bool *touched)
{
	for (OBJECTS_EACH(o, OBJ_PORT_FORWARD, const struct obj_port_forward, f))
		touched[f->address] |= changes->forward[f->id];
	for (OBJECTS_EACH(o, OBJ_SNAT, const struct obj_snat, r))
		for (unsigned int i = 0; i < r->n_pool; i++)
			touched[r->pool[i]] |= changes->snat[r->id];
	touch_services(o, changes, touched);
}

void nat_activate_ports(struct dataplane *dp, const struct nat_section *old,
	const struct nat_section *s, const struct objects *next, const struct nat_changes *changes)
{
	bool touched[LIMIT_ADDRESSES] = { false };

	touch_named(&dp->objects, changes, touched);
	touch_named(next, changes, touched);
	for (OBJECTS_EACH(next, OBJ_ADDRESS, const struct obj_address, a)) {
		const struct nat_own *own = nat_own(s, a->id);

		if (own == NULL)
			continue;
		if (old == NULL || touched[a->id] || changes->address[a->id] ||
			inbound_differs(old, s, changes, a->port))
			activate_ports(s, next, a, own->forward);
	}
}
