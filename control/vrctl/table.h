// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Aligned tables for people: a title row, columns as wide as their widest cell, numbers to the
// right.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct column {
	const char *title; // with the unit, where there is one
	bool number;	   // aligned to the right
};

struct table;

// `columns` is borrowed. NULL: memory.
struct table *table_create(const struct column *columns, unsigned int count);
void table_destroy(struct table *t);

// Adds the next cell, row by row. NULL and "" show as "-". Copies; a memory failure is shown by
// table_print().
void table_add(struct table *t, const char *text);

// Complete rows, after the titles. 0, or -ENOMEM and nothing printed.
int table_print(const struct table *t, FILE *out);
