// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A change of the configuration on its way to the router: its options, the request, what came of
// it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "control/vrctl/vrctl.h"

struct change {
	const char *method;
	const char *path;
	const char *type; // media type of the body
	const char *if_match;
	const char *confirm; // seconds, NULL: no trial
	const char *comment;
	bool dry_run;
};

// Reads the options of a change; what is left of the command line is argv[optind] and on. An exit
// status.
int change_options(struct vrctl *v, int argc, char *argv[], struct change *c);

// Sends it and keeps the answer. 0, or an exit status with the reason on stderr.
int change_send(struct vrctl *v, const struct change *c, const char *text, size_t len,
	struct http_reply *reply);
// The same, and prints what came of it. An exit status.
int change_make(struct vrctl *v, const struct change *c, const char *text, size_t len);

// Differences for people, a line each: "+ /snat/out {...}", "~ /hostname "a" -> "b"".
void change_print(json_t *changes, json_int_t more);

// The whole file ("-": standard input), terminated, malloc'd; NULL with the reason on stderr.
char *change_read(const char *path, size_t *len);
