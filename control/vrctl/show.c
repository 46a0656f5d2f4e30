// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// `vrctl show WHAT` and `vrctl nat WHAT`: options to query, the request, the table (or, of what
// ends sessions, their number).
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/vrctl/views.h"
#include "control/vrctl/vrctl.h"

void show_print_words(void)
{
	view_print_words(false);
}

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "protocol", required_argument, NULL, 'q' },
	{ "source", required_argument, NULL, 'q' },
	{ "destination", required_argument, NULL, 'q' },
	{ "inside", required_argument, NULL, 'q' },
	{ "external", required_argument, NULL, 'q' },
	{ "outside", required_argument, NULL, 'q' },
	{ "rule", required_argument, NULL, 'q' },
	{ "rule-kind", required_argument, NULL, 'q' },
	{ "uplink", required_argument, NULL, 'q' },
	{ "state", required_argument, NULL, 'q' },
	{ "min-age", required_argument, NULL, 'q' },
	{ "max-age", required_argument, NULL, 'q' },
	{ "limit", required_argument, NULL, 'q' },
	{ "offset", required_argument, NULL, 'q' },
	{ "cursor", required_argument, NULL, 'q' },
	{ "all", no_argument, NULL, 'a' },
	{ "differing", no_argument, NULL, 'a' },
	{ NULL, 0, NULL, 0 },
};

// The query parameter of an option: its name with underscores.
static void parameter_name(const char *option, char *out, size_t size)
{
	snprintf(out, size, "%s", option);
	for (char *c = out; *c; c++)
		*c = *c == '-' ? '_' : *c;
}

static bool view_takes(const struct view *view, const char *parameter)
{
	size_t len = strlen(parameter);

	for (const char *at = view->options; at && *at; at += strspn(at, " ")) {
		size_t word = strcspn(at, " ");

		if (word == len && memcmp(at, parameter, len) == 0)
			return true;
		at += word;
	}
	return false;
}

// Appends a parameter to *path. False: memory.
static bool add_query(char **path, const char *name, const char *value)
{
	char *escaped = http_escape(value);
	char *longer = NULL;
	bool ok = escaped && asprintf(&longer, "%s%c%s=%s", *path, strchr(*path, '?') ? '&' : '?',
				     name, escaped) >= 0;

	free(escaped);
	if (!ok)
		return false;
	free(*path);
	*path = longer;
	return true;
}

static int parse_options(
	struct vrctl *v, const struct view *view, int argc, char *argv[], char **path)
{
	int id, index = 0;

	optind = 0; // a second scan: argv[0] is the view's word
	while ((id = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		const char *name = long_options[index].name;
		char parameter[32];

		parameter_name(name, parameter, sizeof(parameter));
		if (id == 'j')
			v->json = true;
		else if (id != 'q' && id != 'a')
			return EXIT_USAGE;
		else if (!view_takes(view, parameter))
			return usage_error("%s does not take --%s", view->word, name);
		else if (!add_query(path, parameter, id == 'q' ? optarg : "1"))
			return unreachable(v, "out of memory");
	}
	if (optind < argc)
		return usage_error("%s: \"%s\" is too much", view->word, argv[optind]);
	return EXIT_OK;
}

static int print_reply(struct vrctl *v, const struct view *view, const struct http_reply *reply)
{
	json_t *document;
	int ret;

	if (v->json) {
		fwrite(reply->body, 1, reply->len, stdout);
		return EXIT_OK;
	}
	document = json_loadb(reply->body ? reply->body : "", reply->len, 0, NULL);
	if (!document)
		return unreachable(v, "the answer is not JSON");
	ret = view_print(view, document);
	json_decref(document);
	return ret == 0 ? EXIT_OK : unreachable(v, strerror(-ret));
}

static int show(struct vrctl *v, const struct view *view, const char *path)
{
	struct http_request request = { .method = view->method ? view->method : "GET",
		.path = path };
	struct http_reply reply;
	int ret;

	if (http_do(&v->http, &request, &reply) < 0)
		return unreachable(v, v->http.error);
	ret = reply.status == 200 ? print_reply(v, view, &reply) : refused(&reply);
	http_reply_clear(&reply);
	return ret;
}

static int view_command(struct vrctl *v, bool nat, int argc, char *argv[])
{
	const struct view *view = argc > 0 ? view_find(argv[0], nat) : NULL;
	char *path;
	int ret;

	if (argc == 0)
		return usage_error("what to show is missing");
	if (!view)
		return usage_error("%s: no such command", argv[0]);
	path = strdup(view->path);
	if (!path)
		return unreachable(v, "out of memory");
	ret = parse_options(v, view, argc, argv, &path);
	if (ret == EXIT_OK)
		ret = show(v, view, path);
	free(path);
	return ret;
}

int show_command(struct vrctl *v, int argc, char *argv[])
{
	return view_command(v, false, argc, argv);
}

int nat_command(struct vrctl *v, int argc, char *argv[])
{
	return view_command(v, true, argc, argv);
}
