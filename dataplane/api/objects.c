// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Sorted arrays of configuration objects. Control sends objects in the order of their ids, so that
// filling a table is a sequence of appends.
#include "dataplane/api/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/main/limits.h"

static const struct {
	const char *name;
	size_t size;
	uint32_t limit;
} kinds[OBJ_KIND_COUNT] = {
	[OBJ_PORT] = { "port", sizeof(struct obj_port), LIMIT_PORTS },
	[OBJ_ADDRESS] = { "address", sizeof(struct obj_address), LIMIT_ADDRESSES },
	[OBJ_EIP] = { "eip", sizeof(struct obj_eip), LIMIT_EIPS },
	[OBJ_PORT_FORWARD] = { "port_forward", sizeof(struct obj_port_forward),
		LIMIT_PORT_FORWARDS },
	[OBJ_SNAT] = { "snat", sizeof(struct obj_snat), LIMIT_SNAT_RULES },
	[OBJ_SERVICE] = { "service", sizeof(struct obj_service), LIMIT_SERVICES },
	[OBJ_NAT] = { "nat", sizeof(struct obj_nat), NAT_SETTINGS + 1 },
};

size_t object_size(unsigned int kind)
{
	return kind < OBJ_KIND_COUNT ? kinds[kind].size : 0;
}

uint32_t object_limit(unsigned int kind)
{
	return kind < OBJ_KIND_COUNT ? kinds[kind].limit : 0;
}

const char *object_kind_name(unsigned int kind)
{
	return kind < OBJ_KIND_COUNT && kinds[kind].name != NULL ? kinds[kind].name : "transaction";
}

void objects_free(struct objects *o)
{
	for (unsigned int k = 0; k < OBJ_KIND_COUNT; k++)
		free(o->table[k].data);
	memset(o, 0, sizeof(*o));
}

int objects_copy(struct objects *to, const struct objects *from)
{
	memset(to, 0, sizeof(*to));
	for (unsigned int k = 0; k < OBJ_KIND_COUNT; k++) {
		const struct object_table *t = &from->table[k];

		if (t->count == 0)
			continue;
		to->table[k].data = malloc(t->count * object_size(k));
		if (to->table[k].data == NULL) {
			objects_free(to);
			return -ENOMEM;
		}
		memcpy(to->table[k].data, t->data, t->count * object_size(k));
		to->table[k].count = to->table[k].capacity = t->count;
	}
	return 0;
}

static uint32_t record_id(const uint8_t *record)
{
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	return id;
}

// Index of the first record whose id is not below `id`.
static uint32_t lower_bound(const struct object_table *t, size_t size, uint32_t id)
{
	uint32_t high = t->count < id ? t->count : id, step = 1, low;

	// Ids begin with 1: none stands before its position, and most that are there stand near it.
	while (step <= high && record_id(t->data + (high - step) * size) >= id) {
		high -= step;
		step *= 2;
	}
	low = step <= high ? high - step + 1 : 0;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (record_id(t->data + mid * size) < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int table_reserve(struct object_table *t, size_t size)
{
	uint32_t capacity = t->capacity ? t->capacity * 2 : 16;
	uint8_t *data;

	if (t->count < t->capacity)
		return 0;
	data = realloc(t->data, capacity * size);
	if (data == NULL)
		return -ENOMEM;
	t->data = data;
	t->capacity = capacity;
	return 0;
}

int objects_put(struct objects *o, unsigned int kind, const void *object, bool *changed)
{
	size_t size = object_size(kind);
	struct object_table *t;
	uint32_t id, at;
	int rc;

	*changed = false;
	if (size == 0)
		return -EINVAL;
	t = &o->table[kind];
	id = record_id(object);
	if (id == 0 || id >= object_limit(kind))
		return -ERANGE;
	at = lower_bound(t, size, id);
	if (at < t->count && record_id(t->data + at * size) == id) {
		*changed = memcmp(t->data + at * size, object, size) != 0;
		memcpy(t->data + at * size, object, size);
		return 0;
	}
	rc = table_reserve(t, size);
	if (rc < 0)
		return rc;
	memmove(t->data + (at + 1) * size, t->data + at * size, (t->count - at) * size);
	memcpy(t->data + at * size, object, size);
	t->count++;
	*changed = true;
	return 0;
}

int objects_delete(struct objects *o, unsigned int kind, uint32_t id)
{
	size_t size = object_size(kind);
	struct object_table *t;
	uint32_t at;

	if (size == 0)
		return -EINVAL;
	t = &o->table[kind];
	at = lower_bound(t, size, id);
	if (at == t->count || record_id(t->data + at * size) != id)
		return -ENOENT;
	memmove(t->data + at * size, t->data + (at + 1) * size, (t->count - at - 1) * size);
	t->count--;
	return 0;
}

const void *objects_get(const struct objects *o, unsigned int kind, uint32_t id)
{
	size_t size = object_size(kind);
	const struct object_table *t;
	uint32_t at;

	if (size == 0)
		return NULL;
	t = &o->table[kind];
	at = lower_bound(t, size, id);
	if (at == t->count || record_id(t->data + at * size) != id)
		return NULL;
	return t->data + at * size;
}
