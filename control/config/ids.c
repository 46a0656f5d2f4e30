// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Stable ids: an index of names per kind, bitmaps of the ids in use and of those asked for.
#include "control/config/ids.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/name_index.h"

#define WORD_BITS 64

// The names of a kind, which copies share until one of them changes it.
struct id_table {
	unsigned int refs;
	struct name_index ids; // name -> id
	char **names;	       // by id, malloc'd; NULL: free
	uint32_t n_names;      // ids that there is room for
	uint64_t used[IDS_MAX / WORD_BITS];
};

struct id_kind {
	struct id_table *table;
	uint32_t next;			     // where the search for a free id starts
	uint32_t last;			     // that was asked for
	uint64_t asked[IDS_MAX / WORD_BITS]; // since ids_begin()
};

struct ids {
	struct id_kind kind[OBJ_KIND_COUNT];
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

static struct id_table *table_create(void)
{
	struct id_table *table = calloc(1, sizeof(*table));

	if (table != NULL)
		table->refs = 1;
	return table;
}

static void table_unref(struct id_table *table)
{
	if (table == NULL || --table->refs > 0)
		return;
	for (uint32_t id = 0; id < table->n_names; id++)
		free(table->names[id]);
	free(table->names);
	name_index_free(&table->ids);
	free(table);
}

// Room for the id.
static bool table_reserve(struct id_table *table, uint32_t id)
{
	uint32_t n = table->n_names > 0 ? table->n_names : WORD_BITS;

	if (id < table->n_names)
		return true;
	while (n <= id)
		n *= 2;
	char **names = realloc(table->names, n * sizeof(*names));
	if (names == NULL)
		return false;
	memset(names + table->n_names, 0, (n - table->n_names) * sizeof(*names));
	table->names = names;
	table->n_names = n;
	return true;
}

static bool table_add(struct id_table *table, const char *name, uint32_t id)
{
	char *copy = table_reserve(table, id) ? strdup(name) : NULL;

	if (copy == NULL || name_index_add(&table->ids, copy, &id) < 0) {
		free(copy);
		return false;
	}
	table->names[id] = copy;
	bit_set(table->used, id);
	return true;
}

// Those of `from` that are in `wanted`. NULL: out of memory.
static struct id_table *table_filter(const struct id_table *from, const uint64_t *wanted)
{
	struct id_table *table = table_create();

	for (uint32_t id = 1; table != NULL && id < from->n_names; id++) {
		if (from->names[id] == NULL || !bit_get(wanted, id) ||
			table_add(table, from->names[id], id))
			continue;
		table_unref(table);
		table = NULL;
	}
	return table;
}

struct ids *ids_create(void)
{
	struct ids *ids = calloc(1, sizeof(*ids));

	if (ids == NULL)
		return NULL;
	for (unsigned int kind = OBJ_PORT; kind < OBJ_KIND_COUNT; kind++) {
		ids->kind[kind].next = 1;
		ids->kind[kind].table = table_create();
		if (ids->kind[kind].table == NULL) {
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
		table_unref(ids->kind[kind].table);
	free(ids);
}

struct ids *ids_copy(const struct ids *ids)
{
	struct ids *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return NULL;
	*copy = *ids;
	for (unsigned int kind = OBJ_PORT; kind < OBJ_KIND_COUNT; kind++)
		copy->kind[kind].table->refs++;
	return copy;
}

static json_t *names_to_json(const struct id_table *table)
{
	json_t *names = json_object();

	for (uint32_t id = 1; names != NULL && id < table->n_names; id++) {
		if (table->names[id] == NULL ||
			json_object_set_new(names, table->names[id], json_integer(id)) == 0)
			continue;
		json_decref(names);
		names = NULL;
	}
	return names;
}

json_t *ids_to_json(const struct ids *ids)
{
	json_t *json = json_object();

	for (unsigned int kind = OBJ_PORT; json != NULL && kind < OBJ_KIND_COUNT; kind++) {
		json_t *entry = json_pack("{s:I, s:o}", "next", (json_int_t)ids->kind[kind].next,
			"names", names_to_json(ids->kind[kind].table));

		if (json_object_set_new(json, kind_names[kind], entry) < 0) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

static bool load_kind(struct id_kind *kind, json_t *json)
{
	json_t *next = json_object_get(json, "next"), *names = json_object_get(json, "names");
	const char *name;
	json_t *value;

	if (json_integer_value(next) < 1 || json_integer_value(next) > IDS_MAX ||
		!json_is_object(names))
		return false;
	kind->next = (uint32_t)json_integer_value(next);
	json_object_foreach(names, name, value)
	{
		json_int_t id = json_integer_value(value);

		if (id < 1 || id >= IDS_MAX || bit_get(kind->table->used, (uint32_t)id) ||
			!table_add(kind->table, name, (uint32_t)id))
			return false;
	}
	return true;
}

struct ids *ids_from_json(json_t *object)
{
	struct ids *ids = ids_create();

	for (unsigned int kind = OBJ_PORT; ids != NULL && kind < OBJ_KIND_COUNT; kind++) {
		json_t *entry = json_object_get(object, kind_names[kind]);

		// A kind that is not there is one that an older version did not have.
		if (entry != NULL && !load_kind(&ids->kind[kind], entry)) {
			ids_destroy(ids);
			ids = NULL;
		}
	}
	return ids;
}

void ids_begin(struct ids *ids)
{
	for (unsigned int kind = OBJ_PORT; kind < OBJ_KIND_COUNT; kind++) {
		memset(ids->kind[kind].asked, 0, sizeof(ids->kind[kind].asked));
		ids->kind[kind].last = 0;
	}
}

// Names tend to be asked for in the order in which they got their ids: the next one is in the
// cache, its slot of the index is not.
static uint32_t find_id(const struct id_kind *kind, const char *name)
{
	uint32_t next = kind->last + 1;
	const char *expected = next < kind->table->n_names ? kind->table->names[next] : NULL;
	int id;

	if (expected != NULL && strcmp(expected, name) == 0)
		return next;
	id = name_index_find(&kind->table->ids, name);
	return id > 0 ? (uint32_t)id : 0;
}

uint32_t ids_keep(struct ids *ids, enum obj_kind kind, const char *name)
{
	struct id_kind *k = &ids->kind[kind];
	uint32_t id = find_id(k, name);

	if (id == 0)
		return 0;
	bit_set(k->asked, id);
	k->last = id;
	return id;
}

static bool replace_table(struct id_kind *kind, const uint64_t *wanted)
{
	struct id_table *table = table_filter(kind->table, wanted);

	if (table == NULL)
		return false;
	table_unref(kind->table);
	kind->table = table;
	return true;
}

// Before an addition.
static bool own_table(struct id_kind *kind)
{
	return kind->table->refs == 1 || replace_table(kind, kind->table->used);
}

// Without memory the names stay, and go with a later revision.
static void sweep_kind(struct id_kind *kind)
{
	if (memcmp(kind->table->used, kind->asked, sizeof(kind->asked)) != 0)
		(void)replace_table(kind, kind->asked);
}

void ids_sweep(struct ids *ids)
{
	for (unsigned int kind = OBJ_PORT; kind < OBJ_KIND_COUNT; kind++)
		sweep_kind(&ids->kind[kind]);
}

// The first free id from kind->next on, wrapping around. 0: none.
static uint32_t find_free(const struct id_kind *kind, uint32_t limit)
{
	uint32_t id = kind->next < limit ? kind->next : 1;

	for (uint32_t tried = 1; tried < limit; tried++) {
		if (!bit_get(kind->table->used, id))
			return id;
		id = id + 1 < limit ? id + 1 : 1;
	}
	return 0;
}

uint32_t ids_get(struct ids *ids, enum obj_kind kind, const char *name, uint32_t limit)
{
	struct id_kind *k = &ids->kind[kind];
	uint32_t id = ids_keep(ids, kind, name);

	if (id != 0)
		return id;
	if (limit > IDS_MAX)
		limit = IDS_MAX;
	id = find_free(k, limit);
	if (id == 0) { // all that is left are those of the names that this revision drops
		sweep_kind(k);
		id = find_free(k, limit);
	}
	if (id == 0 || !own_table(k) || !table_add(k->table, name, id))
		return 0;
	bit_set(k->asked, id);
	k->next = id + 1;
	return id;
}
