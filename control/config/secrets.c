// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One walk over a document, or over two at once. The depth is that of a document which the parser
// of JSON has accepted (JSON_PARSER_MAX_DEPTH of jansson).
#include "control/config/secrets.h"

#include <errno.h>
#include <string.h>

static const char *const members[] = { "psk", "key", "certificate" };
// The parts of a document that have some; the long lists are none of them.
static const char *const parts[] = { "ospf", "ipsec", "load_balancers" };
#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

bool secret_member(const char *name)
{
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (strcmp(name, members[i]) == 0)
			return true;
	return false;
}

static void remove_all(json_t *json)
{
	const char *key;
	json_t *value;
	size_t i;

	for (i = 0; json_is_object(json) && i < N_MEMBERS; i++)
		(void)json_object_del(json, members[i]); // -1: it is not there
	json_object_foreach(json, key, value) remove_all(value);
	json_array_foreach(json, i, value) remove_all(value);
}

json_t *secrets_removed(json_t *json)
{
	json_t *copy = json_deep_copy(json);

	remove_all(copy);
	return copy;
}

static bool same_identity(json_t *a, json_t *b)
{
	static const char *const identities[] = { "name", "id" };

	for (unsigned int i = 0; i < 2; i++) {
		json_t *x = json_object_get(a, identities[i]);

		if (x != NULL)
			return json_equal(x, json_object_get(b, identities[i]));
	}
	return false;
}

// The element of `list` that is `element`; those of equal documents are at the same place.
static json_t *counterpart(json_t *list, json_t *element, size_t at)
{
	json_t *value = json_array_get(list, at);
	size_t i;

	if (same_identity(element, value))
		return value;
	json_array_foreach(list, i, value) if (same_identity(element, value)) return value;
	return NULL;
}

static int keep(json_t *to, json_t *from);

// A key of another kind (`type` of OSPF's authentication) is not the one that was left out.
static int keep_members(json_t *to, json_t *from)
{
	json_t *type = json_object_get(to, "type");

	if (type != NULL && !json_equal(type, json_object_get(from, "type")))
		return 0;
	for (unsigned int i = 0; i < N_MEMBERS; i++) {
		json_t *secret = json_object_get(from, members[i]);

		if (secret != NULL && json_object_get(to, members[i]) == NULL &&
			json_object_set(to, members[i], secret) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int keep(json_t *to, json_t *from)
{
	const char *key;
	json_t *value;
	size_t i;
	int rc = 0;

	if (json_is_object(to) && json_is_object(from)) {
		rc = keep_members(to, from);
		json_object_foreach(to, key, value) if (rc == 0) rc =
			keep(value, json_object_get(from, key));
	} else if (json_is_array(to) && json_is_array(from)) {
		json_array_foreach(to, i, value) if (rc == 0) rc =
			keep(value, counterpart(from, value, i));
	}
	return rc;
}

int secrets_kept(json_t *to, json_t *from)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		rc = keep(json_object_get(to, parts[i]), json_object_get(from, parts[i]));
	return rc;
}
