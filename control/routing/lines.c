// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Lists of lines, and how they are read from FRR's text.
#include "control/routing/lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(struct frr_lines *l)
{
	size_t capacity = l->capacity ? l->capacity * 2 : 64;
	struct frr_line *list;

	if (l->count < l->capacity)
		return 0;
	list = realloc(l->list, capacity * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	l->list = list;
	l->capacity = capacity;
	return 0;
}

int frr_lines_add(struct frr_lines *l, const char *context, const char *format, ...)
{
	struct frr_line line = { .context = strdup(context) };
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&line.text, format, args);
	va_end(args);
	if (len < 0)
		line.text = NULL;
	if (line.context == NULL || line.text == NULL || reserve(l) < 0) {
		free(line.context);
		free(line.text);
		return -ENOMEM;
	}
	l->router |= strcmp(context, FRR_ROUTER) == 0;
	l->list[l->count++] = line;
	return 0;
}

void frr_lines_clear(struct frr_lines *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->list[i].context);
		free(l->list[i].text);
	}
	free(l->list);
	*l = (struct frr_lines){ 0 };
}

// Both were rendered: the same order.
bool frr_lines_equal(const struct frr_lines *a, const struct frr_lines *b)
{
	if (a->count != b->count || a->router != b->router)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].context, b->list[i].context) != 0 ||
			strcmp(a->list[i].text, b->list[i].text) != 0)
			return false;
	return true;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

// Whether a line of the context is control's to keep.
static bool is_owned(const char *context, const char *line)
{
	return strcmp(context, FRR_ROUTER) == 0 ||
	       (begins(context, "interface ") && begins(line, "ip ospf "));
}

// A line of the text that is not indented opens or ends a context, or is a setting of its own.
static void enter(struct frr_lines *out, char context[FRR_LINE_MAX], const char *line)
{
	bool ours = strcmp(line, FRR_ROUTER) == 0 || begins(line, "interface ");

	snprintf(context, FRR_LINE_MAX, "%s", ours ? line : "");
	out->router |= strcmp(line, FRR_ROUTER) == 0;
}

static int take(struct frr_lines *out, char context[FRR_LINE_MAX], char *line)
{
	size_t len = strlen(line);

	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		line[--len] = '\0';
	if (len == 0 || len >= FRR_LINE_MAX || line[0] == '!')
		return 0;
	if (line[0] != ' ') {
		enter(out, context, line);
		return 0;
	}
	line += strspn(line, " ");
	return is_owned(context, line) ? frr_lines_add(out, context, "%s", line) : 0;
}

int frr_lines_parse(const char *text, struct frr_lines *out)
{
	char context[FRR_LINE_MAX] = "";
	char *copy = strdup(text), *rest = copy, *line;
	int rc = copy != NULL ? 0 : -ENOMEM;

	*out = (struct frr_lines){ 0 };
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL)
		rc = take(out, context, line);
	free(copy);
	if (rc < 0)
		frr_lines_clear(out);
	return rc;
}

const char *frr_line_shown(const struct frr_line *line, char *out, size_t size)
{
	const char *key = strstr(line->text, "-key ");
	int len = key != NULL ? (int)(key - line->text) + 4 : (int)strlen(line->text);

	snprintf(out, size, "%s: %.*s%s", line->context, len, line->text, key ? " ..." : "");
	return out;
}
