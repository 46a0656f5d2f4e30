// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list `vips`, and the index of the router's own addresses and subnets, with the rules that
// hold between them: no address twice, no overlapping subnets, a VIP inside its interface's subnet.
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"
#include "dataplane/main/limits.h"

static void parse_vip(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "name", "address", "interface", NULL };
	struct vip_config *vip = &ps->config->vips[index];
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return;
	parse_name(ps, &r, "vips", &ps->vip_names, index, text_name, vip->name);
	int interface = name_index_find(&ps->interface_names, vip->name);
	if (interface >= 0)
		report_member(&r, "name", "the name is already used by /interfaces/%d", interface);
	enum reading got = read_host(&r, "address", REQUIRED, &vip->address);
	ps->vips[index] =
		parse_interface_ref(ps, &r, "interface", REQUIRED, &vip->interface) == READ_OK &&
		got == READ_OK;
}

void parse_vips(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	size_t n = parse_list(ps, "vips", LIMIT_ADDRESSES - 1, &list, &json);

	c->vips = parse_alloc(ps, n, sizeof(*c->vips));
	ps->vips = parse_alloc(ps, n, sizeof(*ps->vips));
	ps->eip_of_vip = parse_alloc(ps, n, sizeof(*ps->eip_of_vip));
	if (c->vips == NULL || ps->vips == NULL || ps->eip_of_vip == NULL)
		return;
	c->n_vips = (unsigned int)n;
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_vip(ps, json_array_get(json, i), &path, i);
	}
}

static bool readable(const struct parse *ps, unsigned int interface)
{
	return ps->interfaces[interface].role && ps->interfaces[interface].addresses;
}

static int compare_own(const void *a, const void *b)
{
	const struct own *x = a, *y = b;

	if (x->management != y->management)
		return x->management ? 1 : -1;
	return (x->address > y->address) - (x->address < y->address);
}

// As compare_own(), then by their order in the document.
static int order_own(const void *a, const void *b)
{
	const struct own *x = a, *y = b;
	int order = compare_own(a, b);

	if (order == 0)
		order = (x->ref.vip >= 0) - (y->ref.vip >= 0);
	if (order == 0 && x->ref.vip < 0)
		order = (x->ref.interface > y->ref.interface) -
			(x->ref.interface < y->ref.interface);
	return order != 0 ? order : (x->position > y->position) - (x->position < y->position);
}

static void add_interface_addresses(struct parse *ps, unsigned int index)
{
	struct interface_config *interface = &ps->config->interfaces[index];

	for (unsigned int i = 0; i < interface->n_addresses; i++) {
		struct interface_address *address = &interface->addresses[i];

		ps->own[ps->n_own++] = (struct own){
			.address = ntohl(address->prefix.addr.s_addr),
			.management = interface->role == INTERFACE_MANAGEMENT,
			.position = i,
			.ref = { .address = address->prefix.addr, .interface = index, .vip = -1 },
			.id = &address->id,
		};
	}
}

static bool collect_own(struct parse *ps)
{
	struct config *c = ps->config;
	size_t n = c->n_vips;

	for (unsigned int i = 0; i < c->n_interfaces; i++)
		n += c->interfaces[i].n_addresses;
	ps->own = parse_alloc(ps, n, sizeof(*ps->own));
	if (ps->own == NULL)
		return false;
	for (unsigned int i = 0; i < c->n_interfaces; i++)
		if (readable(ps, i))
			add_interface_addresses(ps, i);
	for (unsigned int i = 0; i < c->n_vips; i++) {
		struct vip_config *vip = &c->vips[i];

		if (!ps->vips[i])
			continue;
		ps->own[ps->n_own++] = (struct own){
			.address = ntohl(vip->address.s_addr),
			.position = i,
			.ref = { .address = vip->address,
				.interface = vip->interface,
				.vip = (int)i },
			.id = &vip->id,
		};
	}
	size_t i = 1; // VIPs are often in order, and there are many
	while (i < ps->n_own && order_own(&ps->own[i - 1], &ps->own[i]) < 0)
		i++;
	if (i < ps->n_own)
		qsort(ps->own, ps->n_own, sizeof(*ps->own), order_own);
	return true;
}

static void check_repeated(struct parse *ps)
{
	for (size_t i = 1; i < ps->n_own; i++) {
		const struct own *first = &ps->own[i - 1], *again = &ps->own[i];

		if (compare_own(first, again) != 0)
			continue;
		const char *kind = first->ref.vip >= 0 ? "VIP" : "interface";
		const char *name = first->ref.vip >= 0
					   ? ps->config->vips[first->ref.vip].name
					   : ps->config->interfaces[first->ref.interface].name;
		if (again->ref.vip >= 0)
			report_entry(ps, "vips", again->position, "address", -1,
				"is already an address of %s \"%s\"", kind, name);
		else
			report_entry(ps, "interfaces", again->ref.interface, "addresses",
				(int)again->position, "is already an address of %s \"%s\"", kind,
				name);
	}
}

// By position in address space, the wider one first, then by their order in the document.
static int order_subnets(const void *a, const void *b)
{
	const struct subnet *x = a, *y = b;

	if (x->first != y->first)
		return x->first > y->first ? 1 : -1;
	if (x->plen != y->plen)
		return x->plen > y->plen ? 1 : -1;
	if (x->interface != y->interface)
		return x->interface > y->interface ? 1 : -1;
	return (x->position > y->position) - (x->position < y->position);
}

static bool collect_subnets(struct parse *ps)
{
	ps->subnets = parse_alloc(ps, ps->n_own, sizeof(*ps->subnets));
	if (ps->subnets == NULL)
		return false;
	for (size_t i = 0; i < ps->n_own; i++) {
		const struct own *own = &ps->own[i];

		if (own->management || own->ref.vip >= 0)
			continue;
		uint8_t plen = ps->config->interfaces[own->ref.interface]
				       .addresses[own->position]
				       .prefix.plen;
		uint32_t mask = ntohl(prefix_mask(plen));
		ps->subnets[ps->n_subnets++] = (struct subnet){
			.first = own->address & mask,
			.last = own->address | ~mask,
			.plen = plen,
			.interface = own->ref.interface,
			.position = own->position,
		};
	}
	qsort(ps->subnets, ps->n_subnets, sizeof(*ps->subnets), order_subnets);
	return true;
}

static void report_overlap(struct parse *ps, const struct subnet *a, const struct subnet *b)
{
	bool later = b->interface > a->interface ||
		     (b->interface == a->interface && b->position > a->position);
	const struct subnet *wrong = later ? b : a, *other = later ? a : b;
	struct in_addr network = { htonl(other->first) };
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &network, text, sizeof(text));
	report_entry(ps, "interfaces", wrong->interface, "addresses", (int)wrong->position,
		"overlaps the subnet %s/%u of interface \"%s\"", text, other->plen,
		ps->config->interfaces[other->interface].name);
	ps->subnets_good = false;
}

// Prefixes either nest or are disjoint: in sorted order, a subnet that overlaps anything overlaps
// the last one that was kept.
static void check_subnets(struct parse *ps)
{
	size_t kept = 0;

	for (size_t i = 0; i < ps->n_subnets; i++) {
		struct subnet *s = &ps->subnets[i];
		struct subnet *outer = kept > 0 ? &ps->subnets[kept - 1] : NULL;

		if (outer == NULL || s->first > outer->last)
			ps->subnets[kept++] = *s;
		else if (s->interface != outer->interface || s->plen != outer->plen)
			report_overlap(ps, outer, s);
	}
	ps->n_subnets = kept;
}

static void check_vip(struct parse *ps, unsigned int index)
{
	struct vip_config *vip = &ps->config->vips[index];
	const struct interface_config *interface = &ps->config->interfaces[vip->interface];
	const struct subnet *subnet = subnet_find(ps, vip->address);
	const char *wrong = NULL;

	if (interface->has_gateway && interface->gateway.s_addr == vip->address.s_addr)
		wrong = "is the gateway of its interface";
	else if (subnet == NULL || subnet->interface != vip->interface)
		wrong = "in no subnet of its interface";
	else
		wrong = address_not_in_subnet(vip->address, subnet->plen);
	if (wrong != NULL)
		report_entry(ps, "vips", index, "address", -1, "%s", wrong);
	else
		vip->plen = subnet->plen;
}

void index_addresses(struct parse *ps)
{
	const struct config *c = ps->config;

	if (!collect_own(ps) || !collect_subnets(ps))
		return;
	ps->subnets_good = true;
	for (unsigned int i = 0; i < c->n_interfaces; i++)
		ps->subnets_good &= readable(ps, i);
	check_repeated(ps);
	check_subnets(ps);
	if (ps->n_own >= LIMIT_ADDRESSES) // those of management are few
		report(ps->problems, &ps->root, NULL,
			"%zu addresses of interfaces and VIPs, more than the limit of %d",
			ps->n_own, LIMIT_ADDRESSES - 1);
	for (unsigned int i = 0; ps->subnets_good && i < c->n_vips; i++)
		if (ps->vips[i])
			check_vip(ps, i);
}

const struct own *own_find(const struct parse *ps, struct in_addr address)
{
	struct own key = { .address = ntohl(address.s_addr) };

	return bsearch(&key, ps->own, ps->n_own, sizeof(key), compare_own);
}

static int compare_address(const void *key, const void *element)
{
	const uint32_t *address = key;
	const struct subnet *s = element;

	return *address < s->first ? -1 : *address > s->last;
}

const struct subnet *subnet_find(const struct parse *ps, struct in_addr address)
{
	uint32_t key = ntohl(address.s_addr);

	return bsearch(&key, ps->subnets, ps->n_subnets, sizeof(*ps->subnets), compare_address);
}
