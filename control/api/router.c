// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Matches paths against the patterns of a route table.
#include "control/api/router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool param_copy(char out[ROUTE_PARAM_MAX], const char *text, size_t len)
{
	if (len == 0 || len >= ROUTE_PARAM_MAX)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

static bool path_matches(const char *pattern, const char *path, struct route_match *m)
{
	unsigned int n = 0;

	while (*pattern) {
		const char *close;
		size_t len;

		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		close = strchr(pattern, '}');
		if (!close || n == ROUTE_PARAMS)
			return false;
		len = close[-1] == '.' ? strlen(path) : strcspn(path, "/");
		if (!param_copy(m->param[n++], path, len))
			return false;
		pattern = close + 1;
		path += len;
	}
	return *path == '\0';
}

static void allow_add(char *allow, size_t size, const char *method)
{
	size_t len = strlen(allow);

	snprintf(allow + len, size - len, "%s%s", len ? ", " : "",
		strcmp(method, "GET") == 0 ? "GET, HEAD" : method);
}

int route_find(const struct route *routes, size_t count, const char *method, const char *path,
	struct route_match *m)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < count; i++) {
		if (!path_matches(routes[i].pattern, path, m))
			continue;
		if (strcmp(routes[i].method, method) == 0) {
			m->route = &routes[i];
			return 0;
		}
		allow_add(m->allow, sizeof(m->allow), routes[i].method);
	}
	return m->allow[0] ? -ENOTSUP : -ENOENT;
}

bool route_word_in(const char *name, const char *list)
{
	size_t len = strlen(name);

	while (list && *list) {
		size_t word = strcspn(list, " ");

		if (word == len && memcmp(list, name, len) == 0)
			return true;
		list += word;
		list += *list == ' ';
	}
	return false;
}
