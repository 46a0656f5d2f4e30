// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Query parameters in, replies out.
#include "control/api/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TYPE    "application/json"
#define PROBLEM_TYPE "application/problem+json"

const char *status_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "OK";
}

const char *request_arg(const struct request *r, const char *name)
{
	for (unsigned int i = 0; i < r->n_args; i++)
		if (strcmp(r->args[i].name, name) == 0)
			return r->args[i].value;
	return NULL;
}

int request_number(struct request *r, const char *name, uint32_t def, uint32_t max, uint32_t *out)
{
	const char *text = request_arg(r, name);
	unsigned long long value;
	char *end;

	*out = def;
	if (!text)
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || value > max) {
		reply_problem(r, 400, "query parameter %s: \"%s\" is not a number from 0 to %u",
			name, text, max);
		return -EINVAL;
	}
	*out = value;
	return 0;
}

int request_flag(struct request *r, const char *name, bool *out)
{
	const char *text = request_arg(r, name);

	*out = text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
	if (!text || *out || strcmp(text, "0") == 0 || strcmp(text, "false") == 0)
		return 0;
	reply_problem(r, 400, "query parameter %s: \"%s\" is not 1 or 0", name, text);
	return -EINVAL;
}

void reply_text(struct request *r, int status, const char *content_type, char *body, size_t len)
{
	free(r->reply.body);
	r->reply = (struct reply){
		.status = body ? status : 500,
		.content_type = content_type,
		.body = body,
		.len = body ? len : 0,
	};
}

static void reply_document(struct request *r, int status, const char *type, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_INDENT(2)) : NULL;
	char *line = NULL;
	int len = -1;

	json_decref(body);
	if (text)
		len = asprintf(&line, "%s\n", text);
	free(text);
	reply_text(r, status, type, len < 0 ? NULL : line, len < 0 ? 0 : len);
}

void reply_json(struct request *r, int status, json_t *body)
{
	reply_document(r, status, JSON_TYPE, body);
}

void reply_list(struct request *r, json_t *items, size_t total)
{
	reply_json(r, 200, json_pack("{s:o, s:I}", "items", items, "total", (json_int_t)total));
}

static json_t *problem_document(int status, const char *detail)
{
	// What the request carried may be any bytes: a detail that is not UTF-8 is left out.
	return json_pack("{s:s, s:s, s:i, s:o*}", "type", "about:blank", "title",
		status_phrase(status), "status", status, "detail", json_string(detail));
}

void reply_problem(struct request *r, int status, const char *detail, ...)
{
	char text[512];
	va_list args;

	va_start(args, detail);
	vsnprintf(text, sizeof(text), detail, args);
	va_end(args);
	reply_document(r, status, PROBLEM_TYPE, problem_document(status, text));
}

static int status_of_error(int err, const struct problems *p)
{
	switch (-err) {
	case ESTALE:
		return 412;
	case EBUSY:
		return 409;
	case ENOTCONN:
	case ETIMEDOUT:
	case EPROTO:
		return 503;
	case ENOMEM:
	case EIO:
		return 500;
	default:
		return p->count ? 422 : 500;
	}
}

static const char *detail_of_status(int status)
{
	switch (status) {
	case 400:
		return "The document is not JSON. Nothing was changed.";
	case 412:
		return "The configuration has another revision. Nothing was changed.";
	case 422:
		return "The configuration is not valid. Nothing was changed.";
	case 503:
		return "The data plane cannot be reached.";
	default:
		return "The request was refused. Nothing was changed.";
	}
}

json_t *problems_json(const struct problems *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->count; i++) {
		const struct problem *e = &p->list[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s}", "pointer", e->pointer ? e->pointer : "",
				      "detail", e->text ? e->text : ""));
	}
	return list;
}

void reply_problems(struct request *r, int err, const struct problems *p)
{
	int status = p->status ? p->status : status_of_error(err, p);
	json_t *document = problem_document(status, detail_of_status(status));

	if (p->count)
		json_object_set_new(document, "errors", problems_json(p));
	if (p->dropped)
		json_object_set_new(document, "more_errors", json_integer(p->dropped));
	reply_document(r, status, PROBLEM_TYPE, document);
}

void request_clear(struct request *r)
{
	free(r->body);
	free(r->reply.body);
	r->body = NULL;
	r->reply.body = NULL;
}
