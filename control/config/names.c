// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Names: the index of each list's names, and references from one list to another.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"

#define NEAREST_PROBLEMS 8 // a proposal costs a look at up to 16 384 names

void *parse_alloc(struct parse *ps, size_t n, size_t size)
{
	void *memory = calloc(n > 0 ? n : 1, size);

	if (memory == NULL)
		ps->no_memory = true;
	return memory;
}

size_t parse_list(struct parse *ps, const char *key, size_t limit, struct path *path, json_t **list)
{
	*path = (struct path){ .up = &ps->root, .key = key };
	enum reading got = read_array(&ps->top, key, list);
	if (got != READ_OK) {
		ps->list_refused |= got == READ_BAD;
		return 0;
	}
	size_t n = json_array_size(*list);
	if (n > limit) {
		report(ps->problems, path, NULL, "%zu entries, more than the limit of %zu", n,
			limit);
		ps->list_refused = true;
		return 0;
	}
	return n;
}

void parse_name(struct parse *ps, const struct reader *r, const char *key, struct name_index *names,
	size_t index, const char *(*wrong)(const char *), char *out)
{
	const char *text = NULL;

	if (read_text(r, "name", REQUIRED, &text) != READ_OK)
		return;
	const char *why = wrong(text);
	if (why != NULL) {
		report_member(r, "name", "%s", why);
		return;
	}
	uint32_t position = (uint32_t)index;
	int ret = name_index_add(names, text, &position);
	if (ret == -EEXIST)
		report_member(r, "name", "the name is already used by /%s/%u", key, position);
	else if (ret < 0)
		ps->no_memory = true;
	else
		memcpy(out, text, strlen(text) + 1); // the syntax bounds its length
}

void report_entry(struct parse *ps, const char *list, size_t index, const char *member, int item,
	const char *format, ...)
{
	struct path list_path = { .up = &ps->root, .key = list };
	struct path entry = { .up = &list_path, .index = index };
	struct path field = { .up = &entry, .key = member };
	struct path element = { .up = &field, .index = (size_t)item };
	json_t *value =
		json_object_get(json_array_get(json_object_get(ps->document, list), index), member);
	va_list args;

	if (item >= 0)
		value = json_array_get(value, (size_t)item);
	va_start(args, format);
	reportv(ps->problems, item >= 0 ? &element : &field, value, format, args);
	va_end(args);
}

static void nearer(
	const char *name, const char *candidate, const char **nearest, unsigned int *least)
{
	unsigned int d = text_distance(name, candidate);

	if (candidate[0] == '\0' || d >= *least)
		return;
	*least = d;
	*nearest = candidate;
}

const char *unknown_name(struct parse *ps, const char *what, const char *name, unsigned int kinds)
{
	const struct config *c = ps->config;
	unsigned int least = UINT32_MAX;
	const char *nearest = NULL;

	if (ps->problems->count >= NEAREST_PROBLEMS)
		return what;
	for (size_t i = 0; (kinds & NAMES_INTERFACE) && i < c->n_interfaces; i++)
		nearer(name, c->interfaces[i].name, &nearest, &least);
	for (size_t i = 0; (kinds & NAMES_VIP) && i < c->n_vips; i++)
		nearer(name, c->vips[i].name, &nearest, &least);
	if (nearest == NULL)
		return what;
	snprintf(ps->unknown, sizeof(ps->unknown), "%s, the nearest is \"%s\"", what, nearest);
	return ps->unknown;
}

enum reading parse_interface_ref(struct parse *ps, const struct reader *r, const char *key,
	enum presence presence, unsigned int *out)
{
	const char *name = NULL;
	enum reading got = read_text(r, key, presence, &name);

	if (got != READ_OK)
		return got;
	int i = name_index_find(&ps->interface_names, name);
	if (i < 0) {
		report_member(r, key, "%s",
			unknown_name(ps, "no interface has this name", name, NAMES_INTERFACE));
		return READ_BAD;
	}
	if (!ps->interfaces[i].role)
		return READ_BAD; // reported at the interface
	if (ps->config->interfaces[i].role == INTERFACE_MANAGEMENT) {
		report_member(r, key, "is a management interface, which does not forward");
		return READ_BAD;
	}
	*out = (unsigned int)i;
	return READ_OK;
}

static enum reading first_address(
	struct parse *ps, const struct reader *r, const char *key, struct address_ref *out)
{
	unsigned int i = 0;

	if (parse_interface_ref(ps, r, key, REQUIRED, &i) != READ_OK ||
		!ps->interfaces[i].addresses)
		return READ_BAD;
	const struct interface_config *interface = &ps->config->interfaces[i];
	if (interface->n_addresses == 0) {
		report_member(r, key, "the interface has no address");
		return READ_BAD;
	}
	*out = (struct address_ref){
		.address = interface->addresses[0].prefix.addr,
		.interface = i,
		.vip = -1,
	};
	return READ_OK;
}

// What refers to VIPs tends to do so in their order: the next one is in the cache, its slot of the
// index is not. A VIP without a good name of its own has "".
int vip_find(struct parse *ps, const char *name)
{
	const struct config *c = ps->config;
	unsigned int next = ps->last_vip + 1;
	int i;

	if (next < c->n_vips && name[0] != '\0' && strcmp(c->vips[next].name, name) == 0)
		i = (int)next;
	else
		i = name_index_find(&ps->vip_names, name);
	if (i >= 0)
		ps->last_vip = (unsigned int)i;
	return i;
}

enum reading parse_owner(
	struct parse *ps, const struct reader *r, const char *key, struct address_ref *out)
{
	const char *name = NULL;

	if (read_text(r, key, REQUIRED, &name) != READ_OK)
		return READ_BAD;
	int i = vip_find(ps, name);
	if (i < 0 && name_index_find(&ps->interface_names, name) < 0) {
		report_member(r, key, "%s",
			unknown_name(ps, "no VIP or interface has this name", name,
				NAMES_VIP | NAMES_INTERFACE));
		return READ_BAD;
	}
	if (i < 0)
		return first_address(ps, r, key, out);
	if (!ps->vips[i])
		return READ_BAD;
	const struct vip_config *vip = &ps->config->vips[i];
	*out = (struct address_ref){
		.address = vip->address,
		.interface = vip->interface,
		.vip = i,
	};
	return READ_OK;
}

bool parse_service_address(
	struct parse *ps, const struct reader *r, const char *key, struct address_ref *out)
{
	if (parse_owner(ps, r, key, out) != READ_OK)
		return false;
	if (out->vip >= 0 && ps->eip_of_vip[out->vip] != 0)
		report_member(r, key, "carries the EIP /eips/%u and can carry nothing else",
			ps->eip_of_vip[out->vip] - 1);
	return true;
}

enum reading parse_target(
	struct parse *ps, const struct reader *r, const char *key, struct in_addr *out)
{
	enum reading got = read_host(r, key, REQUIRED, out);

	if (got == READ_OK && own_find(ps, *out) != NULL) {
		report_member(r, key, "is an address of the router itself");
		return READ_BAD;
	}
	return got;
}
