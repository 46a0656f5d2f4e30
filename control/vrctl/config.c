// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// `vrctl config get | put | patch`.
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/vrctl/vrctl.h"

#define PATH	 "/v1/config"
#define DOCUMENT "application/json"
#define PATCH	 "application/merge-patch+json"

struct change {
	const char *file; // "-": standard input
	const char *if_match;
	bool dry_run;
	bool json;
};

static int config_get(struct vrctl *v)
{
	struct http_request request = { .method = "GET", .path = PATH };
	struct http_reply reply;
	int ret = EXIT_OK;

	if (http_do(&v->http, &request, &reply) < 0)
		return unreachable(v, v->http.error);
	if (reply.status != 200)
		ret = refused(&reply);
	else
		fwrite(reply.body, 1, reply.len, stdout);
	http_reply_clear(&reply);
	return ret;
}

// The whole file, terminated, malloc'd; NULL with errno.
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

static char *read_file(const char *path, size_t *len)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text;

	if (!in)
		return NULL;
	text = read_all(in, len);
	if (in != stdin)
		fclose(in);
	return text;
}

static void print_result(const char *body, bool dry_run)
{
	json_t *result = json_loads(body, 0, NULL);
	json_t *warning;
	size_t i;
	json_int_t revision = json_integer_value(json_object_get(result, "revision"));
	bool changed = json_is_true(json_object_get(result, "changed"));

	json_array_foreach(json_object_get(result, "warnings"), i, warning) fprintf(stderr,
		"warning: %s: %s\n", json_string_value(json_object_get(warning, "pointer")),
		json_string_value(json_object_get(warning, "detail")));
	if (dry_run)
		printf("valid, %s; revision %lld stays\n",
			changed ? "would change the configuration" : "nothing to change",
			(long long)revision);
	else
		printf("revision %lld%s\n", (long long)revision,
			changed ? "" : ", nothing changed");
	json_decref(result);
}

static int parse_change(int argc, char *argv[], struct change *c)
{
	static const struct option options[] = {
		{ "dry-run", no_argument, NULL, 'd' },
		{ "if-match", required_argument, NULL, 'm' },
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
		else if (id == 'j')
			c->json = true;
		else
			return EXIT_USAGE;
	}
	if (argc - optind != 1)
		return usage_error("config %s needs one file, or - for standard input", argv[0]);
	c->file = argv[optind];
	return EXIT_OK;
}

static int send_change(struct vrctl *v, const char *method, const char *type,
	const struct change *c, const char *text, size_t len)
{
	struct http_request request = {
		.method = method,
		.path = c->dry_run ? PATH "?dry_run=1" : PATH,
		.content_type = type,
		.if_match = c->if_match,
		.body = text,
		.len = len,
	};
	struct http_reply reply;
	int ret = EXIT_OK;

	if (http_do(&v->http, &request, &reply) < 0)
		return unreachable(v, v->http.error);
	if (reply.status < 200 || reply.status > 299)
		ret = refused(&reply);
	else if (v->json || c->json)
		fwrite(reply.body, 1, reply.len, stdout);
	else
		print_result(reply.body ? reply.body : "", c->dry_run);
	http_reply_clear(&reply);
	return ret;
}

static int config_change(
	struct vrctl *v, const char *method, const char *type, int argc, char *argv[])
{
	struct change c = { 0 };
	size_t len;
	char *text;
	int ret = parse_change(argc, argv, &c);

	if (ret != EXIT_OK)
		return ret;
	text = read_file(c.file, &len);
	if (!text) {
		fprintf(stderr, "vrctl: %s: %s\n", c.file, strerror(errno));
		return EXIT_USAGE;
	}
	ret = send_change(v, method, type, &c, text, len);
	free(text);
	return ret;
}

int config_command(struct vrctl *v, int argc, char *argv[])
{
	if (argc == 0)
		return usage_error("config: get, put or patch is missing");
	if (strcmp(argv[0], "put") == 0)
		return config_change(v, "PUT", DOCUMENT, argc, argv);
	if (strcmp(argv[0], "patch") == 0)
		return config_change(v, "PATCH", PATCH, argc, argv);
	if (strcmp(argv[0], "get") != 0)
		return usage_error("config %s: no such command", argv[0]);
	if (argc > 1)
		return usage_error("config get takes no argument");
	return config_get(v);
}
