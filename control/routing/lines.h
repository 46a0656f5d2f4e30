// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The part of ospfd's configuration that control owns, as lines under their context: all of
// `router ospf`, and what begins with `ip ospf` of each `interface`. Read from FRR's text, or
// rendered; the difference of two is a script that only enters what differs. Pure functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FRR_ROUTER   "router ospf"
#define FRR_LINE_MAX 256 // of what is rendered; longer lines of FRR are none of ours

struct frr_line {
	char *context; // FRR_ROUTER, or "interface pub0"
	char *text;    // without blanks at its ends
};

struct frr_lines {
	struct frr_line *list;
	size_t count, capacity;
	bool router; // there is a `router ospf`, perhaps an empty one
};

// Appends; copies both. 0 or -ENOMEM.
int frr_lines_add(struct frr_lines *l, const char *context, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void frr_lines_clear(struct frr_lines *l);
bool frr_lines_equal(const struct frr_lines *a, const struct frr_lines *b);

// Takes control's part out of the output of `show running-config`. 0 or -ENOMEM.
int frr_lines_parse(const char *text, struct frr_lines *out);

// A line as it may be shown: a key is left out. Returns `out`.
const char *frr_line_shown(const struct frr_line *line, char *out, size_t size);

struct frr_diff {
	char *script; // what turns `running` into `wanted`, "" when they are equal; malloc'd
	unsigned int missing;	      // lines of `wanted` that are not there
	unsigned int extra;	      // lines that are there and not wanted
	const struct frr_line *first; // the first missing one, in `wanted`
	bool router_id;		      // the router id of a running OSPF changes
};

// 0 or -ENOMEM. Free `script`.
int frr_lines_diff(
	const struct frr_lines *running, const struct frr_lines *wanted, struct frr_diff *out);

// All of it as a configuration file; malloc'd, NULL on memory failure.
char *frr_lines_text(const struct frr_lines *l);
