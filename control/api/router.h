// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The route table: which handler serves a method and a path, on which thread, with which query
// parameters.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct request;

#define ROUTE_PARAMS	2
#define ROUTE_PARAM_MAX 128 // bytes of one path parameter, with the final NUL

// Where a handler runs.
enum route_thread {
	ROUTE_LOOP,   // must not wait
	ROUTE_COMMIT, // what changes something
	ROUTE_STATE,  // what asks the data plane: also while a commit waits for another daemon
	ROUTE_QUERY,  // what asks other daemons: no commit waits for it
};

struct route {
	const char *method; // GET also serves HEAD
	// Literal segments and parameters: {x} takes one segment, {x...} (last) the rest of the
	// path.
	const char *pattern;
	const char *query; // allowed query parameters, separated by spaces; NULL: none
	enum route_thread thread;
	void (*handler)(struct request *r);
};

struct route_match {
	const struct route *route;
	char param[ROUTE_PARAMS][ROUTE_PARAM_MAX]; // in the order of the pattern
	char allow[64];				   // on -ENOTSUP: the methods of this path
};

// 0, -ENOENT (no such path: 404) or -ENOTSUP (not by this method: 405). The first route that fits
// wins.
int route_find(const struct route *routes, size_t count, const char *method, const char *path,
	struct route_match *m);

// Whether `name` is in `list`, words separated by single spaces; NULL is the empty list.
bool route_word_in(const char *name, const char *list);
