// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libFuzzer target: requests as they come from HTTP, through routes, handlers and filters, on a
// site that stays the same: what would change it is a dry run. The input is the method, the path
// with its query and If-Match, separated by spaces, to the end of the line; then the body.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/api/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dry_run[] = "dry_run", one[] = "1";

// A site, and a data plane with two workers. It lives as long as the process.
static struct fixture *site(void)
{
	static void *state;

	if (state == NULL) {
		if (fixture_setup(&state) < 0)
			abort();
		(void)put_site(state);
		(void)connect_dataplane(2);
	}
	return state;
}

// Cuts the query at '&' and '='; like http.c, no more than fit.
static void set_args(struct request *r, char *query)
{
	char *rest = NULL;

	if (query == NULL)
		return;
	for (char *arg = strtok_r(query, "&", &rest); arg != NULL && r->n_args < REQUEST_ARGS - 1;
		arg = strtok_r(NULL, "&", &rest)) {
		char *value = strchr(arg, '=');

		if (value != NULL)
			*value++ = '\0';
		r->args[r->n_args++] = (struct request_arg){ arg, value != NULL ? value : "" };
	}
}

static void make_dry_run(struct request *r)
{
	unsigned int i = 0;

	if (!route_word_in(dry_run, r->match.route->query))
		return;
	while (i < r->n_args && strcmp(r->args[i].name, dry_run) != 0)
		i++;
	if (i == r->n_args)
		r->n_args++;
	r->args[i] = (struct request_arg){ dry_run, one };
}

// There is a reply; JSON is JSON, and a problem says the status that it has.
static void check_reply(const struct reply *reply)
{
	json_t *json;

	if (reply->status < 200 || reply->status > 599 || reply->content_type == NULL)
		abort();
	if (strstr(reply->content_type, "json") == NULL)
		return;
	json = json_loadb(reply->body, reply->len, 0, NULL);
	if (json == NULL ||
		(reply->status >= 400 && reply->status != 503 &&
			json_integer_value(json_object_get(json, "status")) != reply->status))
		abort();
	json_decref(json);
}

static void serve(struct fixture *f, char *line, const char *body, size_t len)
{
	char *rest = NULL, *query;
	const char *method = strtok_r(line, " ", &rest);
	char *path = strtok_r(NULL, " ", &rest);
	struct request r = { .env = &f->env, .method = method, .path = path };

	if (method == NULL || path == NULL)
		return;
	r.if_match = strtok_r(NULL, " ", &rest);
	query = strchr(path, '?');
	if (query != NULL)
		*query++ = '\0';
	set_args(&r, query);
	r.body = len > 0 ? strndup(body, len) : NULL;
	r.body_len = r.body != NULL ? strlen(r.body) : 0;
	if (api_route(&r) == 0 && r.match.route->thread != ROUTE_QUERY) { // no FRR to ask here
		make_dry_run(&r);
		r.match.route->handler(&r);
	}
	if (r.reply.status != 0 || r.match.route->thread != ROUTE_QUERY)
		check_reply(&r.reply);
	request_clear(&r);
	if (engine_next_revision(f->engine) != 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fixture *f = site();
	char *text = malloc(size + 1), *body;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	body = memchr(text, '\n', size);
	if (body != NULL)
		*body++ = '\0';
	serve(f, text, body != NULL ? body : "", body != NULL ? size - (size_t)(body - text) : 0);
	free(text);
	return 0;
}
