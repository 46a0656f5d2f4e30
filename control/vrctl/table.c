// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Collects all cells, then knows the widths.
#include "control/vrctl/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2 // spaces between columns

struct table {
	const struct column *columns;
	unsigned int n_columns;
	char **cells;
	size_t n_cells;
	size_t max_cells;
	bool failed;
};

struct table *table_create(const struct column *columns, unsigned int count)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t) {
		t->columns = columns;
		t->n_columns = count;
	}
	return t;
}

void table_destroy(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

static bool make_room(struct table *t)
{
	size_t max = t->max_cells ? 2 * t->max_cells : 64;
	char **grown;

	if (t->n_cells < t->max_cells)
		return true;
	grown = reallocarray(t->cells, max, sizeof(*grown));
	if (!grown)
		return false;
	t->cells = grown;
	t->max_cells = max;
	return true;
}

void table_add(struct table *t, const char *text)
{
	char *copy = strdup(text && *text ? text : "-");

	if (!copy || !make_room(t)) {
		free(copy);
		t->failed = true;
		return;
	}
	t->cells[t->n_cells++] = copy;
}

static int column_width(const struct table *t, unsigned int column)
{
	size_t width = strlen(t->columns[column].title);

	for (size_t i = column; i < t->n_cells; i += t->n_columns)
		if (strlen(t->cells[i]) > width)
			width = strlen(t->cells[i]);
	return (int)width;
}

static void print_cell(
	const struct table *t, unsigned int column, int width, const char *text, FILE *out)
{
	bool last = column + 1 == t->n_columns;

	if (t->columns[column].number)
		fprintf(out, "%*s", width, text);
	else // no blanks at the end of a line
		fprintf(out, "%-*s", last ? 0 : width, text);
	fprintf(out, "%*s", last ? 0 : GAP, "");
	if (last)
		fputc('\n', out);
}

int table_print(const struct table *t, FILE *out)
{
	int *width = calloc(t->n_columns, sizeof(*width));

	if (!width || t->failed) {
		free(width);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < t->n_columns; i++)
		width[i] = column_width(t, i);
	for (unsigned int i = 0; i < t->n_columns; i++)
		print_cell(t, i, width[i], t->columns[i].title, out);
	for (size_t i = 0; i < t->n_cells - t->n_cells % t->n_columns; i++)
		print_cell(t, i % t->n_columns, width[i % t->n_columns], t->cells[i], out);
	free(width);
	return 0;
}
