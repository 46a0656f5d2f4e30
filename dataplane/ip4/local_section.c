// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Builds the section of own addresses and services. Control thread only.
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/objects.h"
#include "dataplane/api/errors.h"
#include "dataplane/ip4/local.h"

static void services_free(struct service_map *map)
{
	portmap_free(&map->tcp);
	portmap_free(&map->udp);
}

static void local_destroy(struct dataplane *dp, struct section *section)
{
	struct local_section *s = (struct local_section *)section;

	for (uint32_t i = 0; i < s->n_addresses; i++) {
		if (s->addresses[i].services == NULL)
			continue;
		services_free(s->addresses[i].services);
		free(s->addresses[i].services);
	}
	services_free(&s->interfaces);
	free(s->addresses);
	free(s);
}

static int service_add(struct service_map *map, const struct obj_service *o)
{
	uint8_t value = o->punt_class + 1;

	switch (o->proto) {
	case IPPROTO_TCP:
		return portmap_add(&map->tcp, o->first, o->last, value);
	case IPPROTO_UDP:
		return portmap_add(&map->udp, o->first, o->last, value);
	case IPPROTO_ICMP:
		for (unsigned int type = o->first; type <= o->last && type < 256; type++)
			map->icmp_type[type] = value;
		return 0;
	case 0:
		memset(map->proto, value, sizeof(map->proto));
		return 0;
	default:
		map->proto[o->proto] = value;
		return 0;
	}
}

static int build_addresses(struct local_section *s, const struct objects *objects)
{
	const struct object_table *t = &objects->table[OBJ_ADDRESS];

	if (t->count == 0)
		return 0;
	// The table is sorted: the last id is the highest.
	s->n_addresses =
		((const struct obj_address *)objects_at(objects, OBJ_ADDRESS, t->count - 1))->id +
		1;
	s->addresses = calloc(s->n_addresses, sizeof(*s->addresses));
	if (s->addresses == NULL)
		return -ENOMEM;
	for (OBJECTS_EACH(objects, OBJ_ADDRESS, const struct obj_address, o)) {
		struct local_address *a = &s->addresses[o->id];

		memcpy(&a->addr, o->addr.bytes, sizeof(a->addr));
		a->port = o->port;
		a->flags = o->flags;
		if ((o->flags & ADDRESS_INTERFACE) && s->port_address[o->port] == 0)
			s->port_address[o->port] = a->addr;
	}
	for (OBJECTS_EACH(objects, OBJ_SNAT, const struct obj_snat, o))
		for (unsigned int i = 0; i < o->n_pool && i < MSG_SNAT_POOL; i++)
			if (o->pool[i] < s->n_addresses)
				s->addresses[o->pool[i]].snat = 1;
	return 0;
}

static bool has_ports(uint8_t proto)
{
	return proto == 0 || proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_ICMP;
}

static int build_service(
	struct local_section *s, const struct obj_service *o, struct txn_errors *errors)
{
	struct service_map *map = &s->interfaces;
	int rc;

	if (o->punt_class >= PUNT_CLASS_COUNT || o->first > o->last)
		return txn_error(errors, OBJ_SERVICE, o->id, "first", -EINVAL,
			"impossible port range or class");
	if (o->address != 0) {
		struct local_address *a;

		if (o->address >= s->n_addresses || s->addresses[o->address].addr == 0)
			return txn_error(
				errors, OBJ_SERVICE, o->id, "address", -ENOENT, "no such address");
		a = &s->addresses[o->address];
		if (a->services == NULL)
			a->services = calloc(1, sizeof(*a->services));
		if (a->services == NULL)
			return -ENOMEM;
		map = a->services;
		// Routing protocols: on the interface also what is sent to their group.
		if ((a->flags & ADDRESS_INTERFACE) && !has_ports(o->proto))
			s->multicast[a->port][o->proto] = o->punt_class + 1;
	}
	rc = service_add(map, o);
	if (rc == -EEXIST)
		return txn_error(errors, OBJ_SERVICE, o->id, "first", rc,
			"ports overlap with another service");
	return rc;
}

static int local_build(struct dataplane *dp, const struct objects *objects, struct section **out,
	struct txn_errors *errors)
{
	struct local_section *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return -ENOMEM;
	s->section.refs = 1;
	s->section.id = SECTION_LOCAL;
	rc = build_addresses(s, objects);
	if (rc == 0)
		for (OBJECTS_EACH(objects, OBJ_SERVICE, const struct obj_service, o)) {
			int one = build_service(s, o, errors);

			rc = one < 0 && rc == 0 ? one : rc;
		}
	if (rc < 0) {
		local_destroy(dp, &s->section);
		return rc;
	}
	*out = &s->section;
	return 0;
}

const struct section_ops local_section_ops = {
	.name = "local",
	.kinds = 1u << OBJ_PORT | 1u << OBJ_ADDRESS | 1u << OBJ_SERVICE | 1u << OBJ_SNAT,
	.build = local_build,
	.destroy = local_destroy,
};
