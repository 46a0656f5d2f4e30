// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// vrctl's tables, as text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/vrctl/table.h"

static const struct column columns[] = {
	{ "NAME", false },
	{ "RX B", true },
	{ "NOTE", false },
};

static char *printed(const struct table *t)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(table_print(t, out), 0);
	fclose(out);
	return text;
}

static void add_row(struct table *t, const char *a, const char *b, const char *c)
{
	table_add(t, a);
	table_add(t, b);
	table_add(t, c);
}

static void test_columns_are_aligned(void **state)
{
	struct table *t = table_create(columns, 3);
	char *text;

	add_row(t, "a", "5", "short");
	add_row(t, "longer-name", "1234567", "x");
	text = printed(t);
	assert_string_equal(text, "NAME            RX B  NOTE\n"
				  "a                  5  short\n"
				  "longer-name  1234567  x\n");
	free(text);
	table_destroy(t);
}

static void test_missing_cells(void **state)
{
	struct table *t = table_create(columns, 3);
	char *text;

	add_row(t, NULL, "", NULL);
	table_add(t, "a row that is not complete is not shown");
	text = printed(t);
	assert_non_null(text);
	assert_non_null(strstr(text, "\n-"));
	assert_null(strstr(text, "not complete"));
	free(text);
	table_destroy(t);
}

static void test_no_rows(void **state)
{
	struct table *t = table_create(columns, 3);
	char *text = printed(t);

	assert_string_equal(text, "NAME  RX B  NOTE\n");
	free(text);
	table_destroy(t);
}

static void test_many_rows(void **state)
{
	struct table *t = table_create(columns, 3);
	char *text, *line;
	int lines = 0;

	for (int i = 0; i < 5000; i++)
		add_row(t, "n", "1", "-");
	text = printed(t);
	for (line = text; (line = strchr(line, '\n')); line++)
		lines++;
	assert_int_equal(lines, 5001);
	free(text);
	table_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_aligned),
		cmocka_unit_test(test_missing_cells),
		cmocka_unit_test(test_no_rows),
		cmocka_unit_test(test_many_rows),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
