// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Gives the objects of an accepted configuration their ids, and copies them to all that refer to
// them. Names that the last revision knew come first, so that new ones take no id that is kept.
#include <assert.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"
#include "dataplane/main/limits.h"

static_assert(LIMIT_ADDRESSES <= IDS_MAX && LIMIT_EIPS <= IDS_MAX &&
		      LIMIT_PORT_FORWARDS <= IDS_MAX && LIMIT_SNAT_RULES <= IDS_MAX,
	"ids are below IDS_MAX");

struct assignment {
	struct ids *ids;
	bool allocate; // second pass: also new names
	bool exhausted;
};

static void assign(
	struct assignment *a, enum obj_kind kind, const char *name, uint32_t limit, uint32_t *id)
{
	if (a->allocate && *id != 0)
		return; // it was kept
	*id = a->allocate ? ids_get(a->ids, kind, name, limit) : ids_keep(a->ids, kind, name);
	a->exhausted |= a->allocate && *id == 0;
}

// "pub0/10.0.0.1" or "vip:web": no interface name has a slash or a colon.
static void name_address(const struct config *c, const struct own *own, char *name)
{
	if (own->ref.vip >= 0) {
		strcpy(stpcpy(name, "vip:"), c->vips[own->ref.vip].name);
	} else {
		name = stpcpy(stpcpy(name, c->interfaces[own->ref.interface].name), "/");
		text_put_address(name, own->ref.address);
	}
}

static void assign_addresses(struct assignment *a, struct parse *ps)
{
	const struct config *c = ps->config;
	char name[2 * CONFIG_NAME_MAX];

	for (size_t i = 0; i < ps->n_own; i++) {
		const struct own *own = &ps->own[i];

		if (own->management || (a->allocate && *own->id != 0))
			continue;
		name_address(c, own, name);
		assign(a, OBJ_ADDRESS, name, LIMIT_ADDRESSES, own->id);
	}
}

static void assign_all(struct assignment *a, struct parse *ps)
{
	struct config *c = ps->config;

	for (unsigned int i = 0; i < c->n_interfaces; i++)
		if (c->interfaces[i].role != INTERFACE_MANAGEMENT)
			assign(a, OBJ_PORT, c->interfaces[i].name, LIMIT_PORTS,
				&c->interfaces[i].id);
	assign_addresses(a, ps);
	for (unsigned int i = 0; i < c->n_eips; i++)
		assign(a, OBJ_EIP, c->eips[i].name, LIMIT_EIPS, &c->eips[i].id);
	for (unsigned int i = 0; i < c->n_port_forwards; i++)
		assign(a, OBJ_PORT_FORWARD, c->port_forwards[i].name, LIMIT_PORT_FORWARDS,
			&c->port_forwards[i].id);
	for (unsigned int i = 0; i < c->n_snat; i++)
		assign(a, OBJ_SNAT, c->snat[i].name, LIMIT_SNAT_RULES, &c->snat[i].id);
}

static void copy_id(struct parse *ps, struct address_ref *ref)
{
	ref->id = ref->vip >= 0 ? ps->config->vips[ref->vip].id : *own_find(ps, ref->address)->id;
}

static void copy_ids(struct parse *ps)
{
	struct config *c = ps->config;

	for (unsigned int i = 0; i < c->n_port_forwards; i++)
		copy_id(ps, &c->port_forwards[i].address);
	for (unsigned int i = 0; i < c->n_snat; i++)
		for (unsigned int j = 0; j < c->snat[i].n_pool; j++)
			copy_id(ps, &c->snat[i].pool[j]);
	for (unsigned int i = 0; i < c->n_ipsec; i++)
		copy_id(ps, &c->ipsec[i].local);
	for (unsigned int i = 0; i < c->n_load_balancers; i++)
		copy_id(ps, &c->load_balancers[i].address);
}

bool assign_ids(struct parse *ps, struct ids *ids)
{
	struct assignment a = { .ids = ids };

	ids_begin(ids);
	assign_all(&a, ps);
	a.allocate = true;
	assign_all(&a, ps);
	ids_sweep(ids);
	// The limits on the lists leave an id for everything, so it can only be memory.
	ps->no_memory |= a.exhausted;
	if (!a.exhausted)
		copy_ids(ps);
	return !a.exhausted;
}
