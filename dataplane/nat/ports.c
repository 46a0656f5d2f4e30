// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which ports of the external addresses SNAT may claim: those that the rules name, but for those of
// port forwards and of IKE. Control thread only.
#include "dataplane/main/dataplane.h"
#include "dataplane/nat/build.h"

#define IKE_NATT_PORT 4500 // RFC 3948: never a translated port

// The forwards of the address of a port set, as [tcp, udp]; NULL: none.
static struct portmap *forwards_of(const struct nat_section *s, const struct portset *portset,
	const struct objects *objects, unsigned int proto)
{
	for (OBJECTS_EACH(objects, OBJ_ADDRESS, const struct obj_address, a))
		if (nat_addr(&a->addr) == portset->addr && a->id < s->n_own)
			return s->own[a->id].forward[proto];
	return NULL;
}

// Takes the ports of forwards out of those that SNAT may claim, and gives back those that no
// forward has any more.
static void reserve_ports(struct portset *portset, enum port_class class, const struct portmap *map)
{
	uint64_t ports[PORT_WORDS] = { 0 };

	if (map != NULL)
		portmap_ports(map, ports);
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
		for (uint32_t port = a->ranges[r].first; port <= a->ranges[r].last;) {
			bool word = port % 64 == 0 && port + 63 <= a->ranges[r].last;

			named[port / 64] |= word ? UINT64_MAX : 1ull << port % 64;
			port += word ? 64 : 1;
		}
}

void nat_activate_ports(
	struct dataplane *dp, const struct nat_section *s, const struct objects *next)
{
	for (uint32_t i = 0; i < dp->sessions.portsets.n; i++) {
		struct portset *portset = &dp->sessions.portsets.sets[i];
		uint64_t named[PORT_WORDS] = { 0 };
		bool used = false;

		for (uint32_t p = 0; p < s->n_pools; p++) {
			if (s->pools[p].portset != portset)
				continue;
			name_ports(named, &s->pools[p]);
			used = true;
		}
		if (!used)
			continue;
		reserve_ports(portset, PORT_TCP, forwards_of(s, portset, next, 0));
		reserve_ports(portset, PORT_UDP, forwards_of(s, portset, next, 1));
		count_ports(portset, named);
	}
}
