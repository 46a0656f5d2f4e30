// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// `vrctl diff`, `vrctl rollback` and `vrctl confirm`: the configuration's past. (`vrctl history` is
// a view.)
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/vrctl/change.h"

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static int print_diff(struct vrctl *v, const char *path)
{
	struct http_request request = { .method = "GET", .path = path };
	struct http_reply reply;
	json_t *diff;

	if (http_do(&v->http, &request, &reply) < 0)
		return unreachable(v, v->http.error);
	if (reply.status != 200) {
		int ret = refused(&reply);

		http_reply_clear(&reply);
		return ret;
	}
	diff = json_loadb(reply.body, reply.len, 0, NULL);
	if (v->json)
		fwrite(reply.body, 1, reply.len, stdout);
	else
		change_print(json_object_get(diff, "changes"),
			json_integer_value(json_object_get(diff, "more_changes")));
	json_decref(diff);
	http_reply_clear(&reply);
	return EXIT_OK;
}

// What a file would change: a dry run.
static int diff_file(struct vrctl *v, const char *file)
{
	struct change c = {
		.method = "PUT", .path = "/v1/config", .type = "application/json", .dry_run = true
	};
	size_t len;
	char *text = change_read(file, &len);
	int ret;

	if (!text)
		return EXIT_USAGE;
	ret = change_make(v, &c, text, len);
	free(text);
	return ret;
}

// diff: the last change; diff FROM [TO]: revisions; diff FILE|-: what it would change.
int diff_command(struct vrctl *v, int argc, char *argv[])
{
	char path[96] = "/v1/config/diff";
	struct change ignored = { 0 };
	int ret = change_options(v, argc, argv, &ignored), n = argc - optind;

	if (ret != EXIT_OK)
		return ret;
	argv += optind;
	if (n == 1 && !is_number(argv[0]))
		return diff_file(v, argv[0]);
	if (n > 2 || (n == 2 && !(is_number(argv[0]) && is_number(argv[1]))))
		return usage_error("diff: nothing, one or two revisions, or a file");
	if (n == 1)
		snprintf(path, sizeof(path), "/v1/config/diff?from=%.20s", argv[0]);
	else if (n == 2)
		snprintf(path, sizeof(path), "/v1/config/diff?from=%.20s&to=%.20s", argv[0],
			argv[1]);
	return print_diff(v, path);
}

int rollback_command(struct vrctl *v, int argc, char *argv[])
{
	struct change c = { .method = "POST", .path = "/v1/config/rollback" };
	int ret = change_options(v, argc, argv, &c), n = argc - optind;
	char body[64];

	if (ret != EXIT_OK)
		return ret;
	if (n > 1 || (n == 1 && !is_number(argv[optind])))
		return usage_error("rollback: at most one revision");
	if (n == 0)
		return change_make(v, &c, NULL, 0);
	c.type = "application/json";
	snprintf(body, sizeof(body), "{\"revision\": %.20s}", argv[optind]);
	return change_make(v, &c, body, strlen(body));
}

int confirm_command(struct vrctl *v, int argc, char *argv[])
{
	struct change c = { .method = "POST", .path = "/v1/config/confirm" };
	struct http_reply reply;
	int ret = change_options(v, argc, argv, &c);

	if (ret == EXIT_OK && argc > optind)
		return usage_error("confirm takes no argument");
	if (ret == EXIT_OK)
		ret = change_send(v, &c, NULL, 0, &reply);
	if (ret != EXIT_OK)
		return ret;
	if (v->json)
		fwrite(reply.body, 1, reply.len, stdout);
	else
		puts("confirmed");
	http_reply_clear(&reply);
	return EXIT_OK;
}
