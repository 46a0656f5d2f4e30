// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// `vrctl config get | put | patch` and `vrctl commit`.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/vrctl/change.h"

#define PATH	 "/v1/config"
#define DOCUMENT "application/json"
#define PATCH	 "application/merge-patch+json"

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

static int send_file(struct vrctl *v, const struct change *c, const char *file)
{
	size_t len;
	char *text = change_read(file, &len);
	int ret;

	if (!text)
		return EXIT_USAGE;
	ret = change_make(v, c, text, len);
	free(text);
	return ret;
}

static int config_change(
	struct vrctl *v, const char *method, const char *type, int argc, char *argv[])
{
	struct change c = { .method = method, .path = PATH, .type = type };
	int ret = change_options(v, argc, argv, &c);

	if (ret != EXIT_OK)
		return ret;
	if (argc - optind != 1)
		return usage_error("%s needs one file, or - for standard input", argv[0]);
	return send_file(v, &c, argv[optind]);
}

// commit [confirm SECONDS] FILE|-
int commit_command(struct vrctl *v, int argc, char *argv[])
{
	struct change c = { .method = "PUT", .path = PATH, .type = DOCUMENT };
	int ret = change_options(v, argc, argv, &c);

	if (ret != EXIT_OK)
		return ret;
	if (argc - optind == 3 && strcmp(argv[optind], "confirm") == 0) {
		c.confirm = argv[optind + 1];
		optind += 2;
	}
	if (argc - optind != 1)
		return usage_error("commit: [confirm SECONDS], then one file, or - for standard "
				   "input");
	return send_file(v, &c, argv[optind]);
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
