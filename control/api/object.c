// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Single objects of the configuration's lists, by name. A change is one transaction on the whole
// document, with an object put, replaced in its place, or taken out.
#include "control/api/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/config/diff.h"
#include "control/config/secrets.h"

#define LISTS "interfaces vips snat eips port_forwards routes ipsec load_balancers"

static bool object_is(const char *list, json_t *object, const char *name)
{
	char own[OBJECT_NAME_MAX];

	return object_name(list, object, own) && strcmp(own, name) == 0;
}

// Index of `name` in `array`; its size when it is not there.
static size_t object_find(const char *list, json_t *array, const char *name)
{
	size_t i;

	for (i = 0; i < json_array_size(array); i++)
		if (object_is(list, json_array_get(array, i), name))
			break;
	return i;
}

static bool list_exists(struct request *r)
{
	if (route_word_in(r->match.param[0], LISTS))
		return true;
	reply_problem(r, 404, "%s: no such list; there are %s", r->match.param[0], LISTS);
	return false;
}

static void reply_no_object(struct request *r)
{
	reply_problem(r, 404, "%s: no object of this name", r->path);
}

void config_list_get(struct request *r)
{
	struct config *now;
	json_t *array;

	if (!list_exists(r))
		return;
	now = engine_current(r->env->engine);
	array = now ? json_object_get(now->document, r->match.param[0]) : NULL;
	array = array ? secrets_removed(array) : json_array();
	reply_list(r, array, json_array_size(array));
	r->reply.etag = now ? now->revision : 0;
	r->reply.has_etag = true;
	config_unref(now);
}

void config_object_get(struct request *r)
{
	const char *list = r->match.param[0], *name = r->match.param[1];
	struct config *now;
	json_t *array, *object;

	if (!list_exists(r))
		return;
	now = engine_current(r->env->engine);
	array = now ? json_object_get(now->document, list) : NULL;
	object = json_array_get(array, object_find(list, array, name));
	if (object) {
		reply_json(r, 200, secrets_removed(object));
		r->reply.etag = now->revision;
		r->reply.has_etag = true;
	} else {
		reply_no_object(r);
	}
	config_unref(now);
}

// The object of the body, under the name of the path. NULL: the reply is made.
static json_t *object_body(struct request *r)
{
	const char *list = r->match.param[0], *name = r->match.param[1];
	json_t *object = config_body(r);

	if (!object)
		return NULL;
	if (!json_is_object(object)) {
		reply_problem(r, 422, "The body is not a JSON object. Nothing was changed.");
	} else {
		if (strcmp(list, "routes") != 0 && !json_object_get(object, "name"))
			json_object_set_new(object, "name", json_string(name));
		if (object_is(list, object, name))
			return object;
		reply_problem(r, 422,
			"The object's name is not the path's (%s). Nothing was changed.", name);
	}
	json_decref(object);
	return NULL;
}

// The copied document's list, made when it is missing. Borrowed; NULL on memory failure.
static json_t *list_of(json_t *document, const char *list)
{
	json_t *array = json_object_get(document, list);

	if (json_is_array(array))
		return array;
	array = json_array();
	return json_object_set_new(document, list, array) == 0 ? array : NULL;
}

void config_object_put(struct request *r)
{
	const char *list = r->match.param[0], *name = r->match.param[1];
	json_t *object = list_exists(r) ? object_body(r) : NULL;
	struct config *now;
	json_t *document, *array;
	size_t i;
	int ret;

	if (!object)
		return;
	now = engine_current(r->env->engine);
	document = config_copy_document(now);
	array = list_of(document, list);
	i = object_find(list, array, name);
	ret = i < json_array_size(array) ? json_array_set_new(array, i, object)
					 : json_array_append_new(array, object);
	if (ret < 0) {
		json_decref(document);
		document = NULL;
	}
	config_commit(r, document,
		now && i < json_array_size(json_object_get(now->document, list)) ? 200 : 201);
	config_unref(now);
}

void config_object_delete(struct request *r)
{
	const char *list = r->match.param[0], *name = r->match.param[1];
	struct config *now;
	json_t *document, *array;
	size_t i;

	if (!list_exists(r))
		return;
	now = engine_current(r->env->engine);
	document = config_copy_document(now);
	array = json_object_get(document, list);
	i = object_find(list, array, name);
	if (i < json_array_size(array)) {
		json_array_remove(array, i);
		config_commit(r, document, 200);
	} else {
		reply_no_object(r);
		json_decref(document);
	}
	config_unref(now);
}
