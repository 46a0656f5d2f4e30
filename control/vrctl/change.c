// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Changes of the configuration: `config put`, `commit`, `rollback`, `edit` make them all alike.
#include "control/vrctl/change.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int change_options(struct vrctl *v, int argc, char *argv[], struct change *c)
{
	static const struct option options[] = {
		{ "dry-run", no_argument, NULL, 'd' },
		{ "if-match", required_argument, NULL, 'm' },
		{ "confirm", required_argument, NULL, 'c' },
		{ "comment", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int id;

	optind = 0; // a second scan: argv[0] is the command
	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (id == 'd')
			c->dry_run = true;
		else if (id == 'm')
			c->if_match = optarg;
		else if (id == 'c')
			c->confirm = optarg;
		else if (id == 't')
			c->comment = optarg;
		else if (id == 'j')
			v->json = true;
		else
			return EXIT_USAGE;
	}
	return EXIT_OK;
}

// The whole stream, terminated, malloc'd; NULL with errno.
static char *read_all(FILE *in, size_t *len)
{
	size_t size = 65536;
	char *text = NULL;

	*len = 0;
	for (;;) {
		char *grown = realloc(text, size + 1);

		if (!grown)
			break;
		text = grown;
		*len += fread(text + *len, 1, size - *len, in);
		if (ferror(in))
			break;
		if (*len < size) {
			text[*len] = '\0';
			return text;
		}
		size *= 2;
	}
	free(text);
	return NULL;
}

char *change_read(const char *path, size_t *len)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = in ? read_all(in, len) : NULL;

	if (!text)
		fprintf(stderr, "vrctl: %s: %s\n", path, strerror(errno));
	if (in && in != stdin)
		fclose(in);
	return text;
}

static bool add_parameter(char **path, const char *name, const char *value)
{
	char *escaped = value ? http_escape(value) : NULL, *longer = NULL;

	if (!value)
		return true;
	if (!escaped || asprintf(&longer, "%s%c%s=%s", *path, strchr(*path, '?') ? '&' : '?', name,
				escaped) < 0)
		longer = NULL;
	free(escaped);
	if (!longer)
		return false;
	free(*path);
	*path = longer;
	return true;
}

int change_send(struct vrctl *v, const struct change *c, const char *text, size_t len,
	struct http_reply *reply)
{
	char *path = strdup(c->path);
	int ret = EXIT_OK;

	if (!path || !add_parameter(&path, "dry_run", c->dry_run ? "1" : NULL) ||
		!add_parameter(&path, "confirm", c->confirm) ||
		!add_parameter(&path, "comment", c->comment)) {
		free(path);
		return unreachable(v, "out of memory");
	}
	struct http_request request = { .method = c->method,
		.path = path,
		.content_type = c->type,
		.if_match = c->if_match,
		.body = text,
		.len = len };
	if (http_do(&v->http, &request, reply) < 0) {
		ret = unreachable(v, v->http.error);
	} else if (reply->status < 200 || reply->status > 299) {
		ret = refused(reply);
		http_reply_clear(reply);
	}
	free(path);
	return ret;
}

static void print_value(json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	printf(" %s", text ? text : "?");
	free(text);
}

void change_print(json_t *changes, json_int_t more)
{
	json_t *entry;
	size_t i;

	json_array_foreach(changes, i, entry)
	{
		const char *op = json_string_value(json_object_get(entry, "op"));
		json_t *from = json_object_get(entry, "from"), *to = json_object_get(entry, "to");

		printf("%c %s",
			!op	     ? '?'
			: *op == 'a' ? '+'
			: *op == 'r' ? '-'
				     : '~',
			json_string_value(json_object_get(entry, "path")));
		if (json_object_get(entry, "secret"))
			printf(" (secret)");
		else if (op && strcmp(op, "order") == 0)
			printf(" in another order");
		if (from)
			print_value(from);
		if (from && to)
			printf(" ->");
		if (to)
			print_value(to);
		putchar('\n');
	}
	if (more > 0)
		printf("and %lld more\n", (long long)more);
}

static void print_result(const char *body, const struct change *c)
{
	json_t *result = json_loads(body, 0, NULL);
	json_int_t revision = json_integer_value(json_object_get(result, "revision"));
	json_int_t trial = json_integer_value(json_object_get(result, "confirm_within_s"));
	bool changed = json_is_true(json_object_get(result, "changed"));
	json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(result, "warnings"), i, warning) fprintf(stderr,
		"warning: %s: %s\n", json_string_value(json_object_get(warning, "pointer")),
		json_string_value(json_object_get(warning, "detail")));
	change_print(json_object_get(result, "changes"),
		json_integer_value(json_object_get(result, "more_changes")));
	if (c->dry_run)
		printf("valid, %s; revision %lld stays\n",
			changed ? "would change the configuration" : "nothing to change",
			(long long)revision);
	else
		printf("revision %lld%s\n", (long long)revision,
			changed ? "" : ", nothing changed");
	if (trial > 0)
		printf("on trial: `vrctl confirm` within %lld s, or it is taken back\n",
			(long long)trial);
	json_decref(result);
}

int change_make(struct vrctl *v, const struct change *c, const char *text, size_t len)
{
	struct http_reply reply;
	int ret = change_send(v, c, text, len, &reply);

	if (ret != EXIT_OK)
		return ret;
	if (v->json)
		fwrite(reply.body, 1, reply.len, stdout);
	else
		print_result(reply.body ? reply.body : "", c);
	http_reply_clear(&reply);
	return EXIT_OK;
}
