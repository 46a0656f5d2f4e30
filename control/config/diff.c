// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A walk over two documents at once. Paths are those of the API's objects: names, not positions.
#include "control/config/diff.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "control/config/secrets.h"
#include "control/config/text.h"

#define PATH_MAX_BYTES 512

struct diff {
	json_t *list;
	size_t count; // also those that are not in the list
	bool failed;
};

static bool route_name(json_t *route, char out[OBJECT_NAME_MAX])
{
	const char *destination = json_string_value(json_object_get(route, "destination"));
	const char *via = json_string_value(json_object_get(route, "next_hop"));
	char text[INET_ADDRSTRLEN];
	struct ipv4_prefix prefix;

	via = via ? via : json_string_value(json_object_get(route, "type"));
	if (!destination || !via || text_prefix(destination, &prefix) != NULL)
		return false;
	prefix.addr.s_addr &= prefix_mask(prefix.plen);
	inet_ntop(AF_INET, &prefix.addr, text, sizeof(text));
	return snprintf(out, OBJECT_NAME_MAX, "%s_%u/%s", text, prefix.plen, via) < OBJECT_NAME_MAX;
}

bool object_name(const char *list, json_t *object, char out[OBJECT_NAME_MAX])
{
	const char *name = json_string_value(json_object_get(object, "name"));
	json_t *id = json_object_get(object, "id");

	if (strcmp(list, "routes") == 0)
		return route_name(object, out);
	if (name == NULL && json_is_integer(id))
		return snprintf(out, OBJECT_NAME_MAX, "%" JSON_INTEGER_FORMAT,
			       json_integer_value(id)) < OBJECT_NAME_MAX;
	name = name != NULL ? name : json_string_value(id);
	return name != NULL && snprintf(out, OBJECT_NAME_MAX, "%s", name) < OBJECT_NAME_MAX;
}

static void add(struct diff *d, const char *op, const char *path, json_t *from, json_t *to)
{
	const char *member = strrchr(path, '/');
	bool secret = member != NULL && secret_member(member + 1);
	json_t *entry;

	if (++d->count > DIFF_MAX)
		return;
	entry = json_pack("{s:s, s:s, s:o*, s:o*}", "op", op, "path", path, "from",
		secret ? NULL : secrets_removed(from), "to", secret ? NULL : secrets_removed(to));
	if (secret && json_object_set_new(entry, "secret", json_true()) < 0)
		d->failed = true;
	if (json_array_append_new(d->list, entry) < 0)
		d->failed = true;
}

static void walk(struct diff *d, const char *path, const char *key, json_t *from, json_t *to);

static void walk_member(struct diff *d, const char *path, const char *key, json_t *from, json_t *to)
{
	char child[PATH_MAX_BYTES];

	snprintf(child, sizeof(child), "%s/%s", path, key);
	walk(d, child, key, from, to);
}

static void walk_objects(struct diff *d, const char *path, json_t *from, json_t *to)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
		walk_member(d, path, key, value, json_object_get(to, key));
	json_object_foreach(to, key, value) if (json_object_get(from, key) == NULL)
		walk_member(d, path, key, NULL, value);
}

// Objects of a list by name. NULL when one has none, or one name is there twice: then places count.
static json_t *by_name(const char *list, json_t *array)
{
	json_t *names = json_object(), *value;
	char name[OBJECT_NAME_MAX];
	size_t i;

	json_array_foreach(array, i, value)
	{
		if (object_name(list, value, name) && json_object_get(names, name) == NULL &&
			json_object_set(names, name, value) == 0)
			continue;
		json_decref(names);
		return NULL;
	}
	return names;
}

static void walk_arrays(struct diff *d, const char *path, const char *key, json_t *from, json_t *to)
{
	json_t *old = by_name(key, from), *new = by_name(key, to);
	size_t before = d->count;

	if (old != NULL && new != NULL) {
		walk_objects(d, path, old, new);
		if (d->count == before)
			add(d, "order", path, NULL, NULL);
	} else {
		add(d, "change", path, from, to);
	}
	json_decref(old);
	json_decref(new);
}

static void walk(struct diff *d, const char *path, const char *key, json_t *from, json_t *to)
{
	if (json_equal(from, to))
		return;
	if (from == NULL)
		add(d, "add", path, NULL, to);
	else if (to == NULL)
		add(d, "remove", path, from, NULL);
	else if (json_is_object(from) && json_is_object(to))
		walk_objects(d, path, from, to);
	else if (json_is_array(from) && json_is_array(to))
		walk_arrays(d, path, key, from, to);
	else
		add(d, "change", path, from, to);
}

json_t *config_diff(json_t *from, json_t *to, size_t *more)
{
	struct diff d = { .list = json_array() };

	if (d.list == NULL)
		return NULL;
	walk(&d, "", "", from, to);
	*more = d.count > DIFF_MAX ? d.count - DIFF_MAX : 0;
	if (!d.failed)
		return d.list;
	json_decref(d.list);
	return NULL;
}
