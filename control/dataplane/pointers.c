// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ids to places in the document, by a walk: complaints are rare and few.
#include "control/dataplane/pointers.h"

#include <stdio.h>
#include <string.h>

// Fields whose name in the document is another one; others keep theirs.
static const struct {
	enum obj_kind kind;
	const char *field;
	const char *name;
} renamed[] = {
	{ OBJ_PORT, "driver", "port/driver" },
	{ OBJ_PORT, "address", "port/address" },
	{ OBJ_EIP, "address", "vip" },
	{ OBJ_PORT_FORWARD, "address", "vip" },
	{ OBJ_PORT_FORWARD, "proto", "protocol" },
	{ OBJ_PORT_FORWARD, "first", "ports" },
	{ OBJ_PORT_FORWARD, "last", "ports" },
	{ OBJ_PORT_FORWARD, "target_first", "target_ports" },
	{ OBJ_PORT_FORWARD, "allowed", "allowed_cidr" },
	{ OBJ_SNAT, "port", "interface" },
	{ OBJ_SNAT, "pool", "addresses" },
	{ OBJ_SNAT, "n_pool", "addresses" },
	{ OBJ_SNAT, "port_first", "port_range" },
	{ OBJ_SNAT, "port_last", "port_range" },
};

static const char *field_name(enum obj_kind kind, const char *field)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (renamed[i].kind == kind && strcmp(renamed[i].field, field) == 0)
			return renamed[i].name;
	return field;
}

static void address_pointer(const struct config *c, uint32_t id, char *out, size_t size)
{
	for (unsigned int i = 0; i < c->n_interfaces; i++)
		for (unsigned int n = 0; n < c->interfaces[i].n_addresses; n++)
			if (c->interfaces[i].addresses[n].id == id)
				snprintf(out, size, "/interfaces/%u/addresses/%u", i, n);
	for (unsigned int i = 0; i < c->n_vips; i++)
		if (c->vips[i].id == id)
			snprintf(out, size, "/vips/%u/address", i);
}

#define INDEX_OF(array, count, wanted)                                                             \
	({                                                                                         \
		int at_ = -1;                                                                      \
		for (unsigned int i_ = 0; i_ < (count) && at_ < 0; i_++)                           \
			if ((array)[i_].id == (wanted))                                            \
				at_ = (int)i_;                                                     \
		at_;                                                                               \
	})

void object_pointer(const struct config *c, enum obj_kind kind, uint32_t id, const char *field,
	char *out, size_t size)
{
	const char *list = "", *name = field_name(kind, field);
	int at = -1;

	snprintf(out, size, "%s", "");
	switch (kind) {
	case OBJ_PORT:
		list = "interfaces";
		at = INDEX_OF(c->interfaces, c->n_interfaces, id);
		break;
	case OBJ_ADDRESS: // a whole element of its list: it has no fields
		address_pointer(c, id, out, size);
		break;
	case OBJ_EIP:
		list = "eips";
		at = INDEX_OF(c->eips, c->n_eips, id);
		break;
	case OBJ_PORT_FORWARD:
		list = "port_forwards";
		at = INDEX_OF(c->port_forwards, c->n_port_forwards, id);
		break;
	case OBJ_SNAT:
		list = "snat";
		at = INDEX_OF(c->snat, c->n_snat, id);
		break;
	case OBJ_NAT:
		snprintf(out, size, "/nat/timeouts%s%s", name[0] ? "/" : "", name);
		break;
	default:
		break;
	}
	if (at >= 0)
		snprintf(out, size, "/%s/%d%s%s", list, at, name[0] ? "/" : "", name);
}
