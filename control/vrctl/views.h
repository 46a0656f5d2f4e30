// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What `show` and `nat` can show: a resource of the API and the table that people get of it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "control/vrctl/table.h"

#define VIEW_COLUMNS 20

enum cell {
	CELL_PLAIN,
	CELL_LINK,    // boolean: up, down
	CELL_MIB,     // bytes as MiB
	CELL_TIME,    // seconds since the epoch as local time
	CELL_PERCENT, // `used` of `max`, of the whole item
	CELL_HOPS,    // member `key` of each of the item's `next_hops`
};

struct view_column {
	struct column column;
	const char *key; // member of the item; "counters.rx_packets": of an object in it
	enum cell cell;
};

struct view {
	const char *word;
	const char *path;
	const char *method;  // NULL: GET
	const char *list;    // member that holds the items; NULL: only members, one a line
	bool members;	     // print the members that are no list, too
	const char *only_if; // show only items where this number is not 0
	const char *options; // query parameters that the command line may set (min_age is
			     // --min-age), separated by spaces, or NULL
	unsigned int n_columns;
	struct view_column columns[VIEW_COLUMNS];
};

// The view of a word; NULL: none. `nat` selects the views of `vrctl nat`.
const struct view *view_find(const char *word, bool nat);
const struct view *view_at(size_t index, bool nat); // NULL beyond the last one
// Prints the words, separated by '|'.
void view_print_words(bool nat);

// Prints the document as the view's table. 0 or -ENOMEM.
int view_print(const struct view *view, json_t *document);
