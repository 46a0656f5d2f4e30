// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Stable ids: a JSON object of names per kind, bitmaps of the ids in use and of those asked for.
#include "control/config/ids.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64

struct id_table {
	json_t *names; // name -> id; shared with copies until one of them changes it
	uint32_t next; // where the search for a free id starts
	uint64_t used[IDS_MAX / WORD_BITS];
	uint64_t asked[IDS_MAX / WORD_BITS]; // since ids_begin()
};

struct ids {
	struct id_table table[OBJ_KIND_COUNT];
};

// The names of the kinds in the stored file.
static const char *const kind_names[OBJ_KIND_COUNT] = {
	[OBJ_PORT] = "port",
	[OBJ_ADDRESS] = "address",
	[OBJ_EIP] = "eip",
	[OBJ_PORT_FORWARD] = "port_forward",
	[OBJ_SNAT] = "snat",
	[OBJ_SERVICE] = "service",
	[OBJ_NAT] = "nat",
};

static bool bit_get(const uint64_t *bits, uint32_t i)
{
	return (bits[i / WORD_BITS] >> (i % WORD_BITS) & 1) != 0;
}

static void bit_set(uint64_t *bits, uint32_t i)
{
	bits[i / WORD_BITS] |= UINT64_C(1) << (i % WORD_BITS);
}

static void bit_clear(uint64_t *bits, uint32_t i)
{
	bits[i / WORD_BITS] &= ~(UINT64_C(1) << (i % WORD_BITS));
}

struct ids *ids_create(void)
{
	struct ids *ids = calloc(1, sizeof(*ids));

	if (ids == NULL)
		return NULL;
	for (unsigned int kind = OBJ_PORT; kind < OBJ_KIND_COUNT; kind++) {
		ids->table[kind].next = 1;
		ids->table[kind].names = json_object();
		if (ids->table[kind].names == NULL) {
			ids_destroy(ids);
			return NULL;
		}
	}
	return ids;
}

void ids_destroy(struct ids *ids)
{
	if (ids == NULL)
		return;
	for (unsigned int kind = OBJ_PORT; kind < OBJ_KIND_COUNT; kind++)
		json_decref(ids->table[kind].names);
	free(ids);
}

struct ids *ids_copy(const struct ids *ids)
{
	struct ids *copy = ids_create();

	for (unsigned int kind = OBJ_PORT; copy != NULL && kind < OBJ_KIND_COUNT; kind++) {
		struct id_table *table = &copy->table[kind];

		json_decref(table->names);
		*table = ids->table[kind];
		json_incref(table->names);
	}
	return copy;
}

json_t *ids_to_json(const struct ids *ids)
{
	json_t *json = json_object();

	for (unsigned int kind = OBJ_PORT; json != NULL && kind < OBJ_KIND_COUNT; kind++) {
		const struct id_table *table = &ids->table[kind];
		json_t *entry = json_pack(
			"{s:I, s:O}", "next", (json_int_t)table->next, "names", table->names);

		if (json_object_set_new(json, kind_names[kind], entry) < 0) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

static bool load_table(struct id_table *table, json_t *json)
{
	json_t *next = json_object_get(json, "next"), *names = json_object_get(json, "names");
	const char *name;
	json_t *value;

	if (json_integer_value(next) < 1 || json_integer_value(next) > IDS_MAX ||
		!json_is_object(names))
		return false;
	json_object_foreach(names, name, value)
	{
		json_int_t id = json_integer_value(value);

		if (id < 1 || id >= IDS_MAX || bit_get(table->used, (uint32_t)id))
			return false;
		bit_set(table->used, (uint32_t)id);
	}
	table->next = (uint32_t)json_integer_value(next);
	json_decref(table->names);
	table->names = json_copy(names);
	return table->names != NULL;
}

struct ids *ids_from_json(json_t *object)
{
	struct ids *ids = ids_create();

	for (unsigned int kind = OBJ_PORT; ids != NULL && kind < OBJ_KIND_COUNT; kind++) {
		json_t *entry = json_object_get(object, kind_names[kind]);

		// A kind that is not there is one that an older version did not have.
		if (entry != NULL && !load_table(&ids->table[kind], entry)) {
			ids_destroy(ids);
			ids = NULL;
		}
	}
	return ids;
}

void ids_begin(struct ids *ids)
{
	for (unsigned int kind = OBJ_PORT; kind < OBJ_KIND_COUNT; kind++)
		memset(ids->table[kind].asked, 0, sizeof(ids->table[kind].asked));
}

uint32_t ids_keep(struct ids *ids, enum obj_kind kind, const char *name)
{
	struct id_table *table = &ids->table[kind];
	uint32_t id = (uint32_t)json_integer_value(json_object_get(table->names, name));

	if (id != 0)
		bit_set(table->asked, id);
	return id;
}

// Before a change. json_copy() shares the numbers, which are never changed in place.
static bool own_names(struct id_table *table)
{
	if (table->names->refcount == 1)
		return true;
	json_t *copy = json_copy(table->names);
	if (copy == NULL)
		return false;
	json_decref(table->names);
	table->names = copy;
	return true;
}

// Without memory the names stay, and go with a later revision.
static void sweep_table(struct id_table *table)
{
	const char *name;
	json_t *value;
	void *next;

	if (memcmp(table->used, table->asked, sizeof(table->used)) == 0 || !own_names(table))
		return;
	json_object_foreach_safe(table->names, next, name, value)
	{
		uint32_t id = (uint32_t)json_integer_value(value);

		if (bit_get(table->asked, id))
			continue;
		bit_clear(table->used, id);
		json_object_del(table->names, name);
	}
}

void ids_sweep(struct ids *ids)
{
	for (unsigned int kind = OBJ_PORT; kind < OBJ_KIND_COUNT; kind++)
		sweep_table(&ids->table[kind]);
}

// The first free id from table->next on, wrapping around. 0: none.
static uint32_t find_free(const struct id_table *table, uint32_t limit)
{
	uint32_t id = table->next < limit ? table->next : 1;

	for (uint32_t tried = 1; tried < limit; tried++) {
		if (!bit_get(table->used, id))
			return id;
		id = id + 1 < limit ? id + 1 : 1;
	}
	return 0;
}

uint32_t ids_get(struct ids *ids, enum obj_kind kind, const char *name, uint32_t limit)
{
	struct id_table *table = &ids->table[kind];
	uint32_t id = ids_keep(ids, kind, name);

	if (id != 0)
		return id;
	if (limit > IDS_MAX)
		limit = IDS_MAX;
	id = find_free(table, limit);
	if (id == 0) { // all that is left are those of the names that this revision drops
		sweep_table(table);
		id = find_free(table, limit);
	}
	if (id == 0 || !own_names(table) ||
		json_object_set_new(table->names, name, json_integer(id)) < 0)
		return 0;
	bit_set(table->used, id);
	bit_set(table->asked, id);
	table->next = id + 1;
	return id;
}
