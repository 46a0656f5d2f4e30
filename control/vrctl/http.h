// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// HTTP over the API's unix socket.
#pragma once

#include <stddef.h>

struct http {
	const char *socket_path;
	char error[256]; // why the last request got no answer
};

struct http_reply {
	long status;
	char *body; // terminated; http_reply_clear() frees it
	size_t len;
	char etag[32]; // with its quotes, "": none
};

struct http_request {
	const char *method;
	const char *path;	  // with its query
	const char *content_type; // NULL: no body
	const char *if_match;	  // NULL: none
	const char *body;
	size_t len;
};

// 0 when there is an answer, whatever its status; -1 with `error`.
int http_do(struct http *h, const struct http_request *request, struct http_reply *reply);
void http_reply_clear(struct http_reply *reply);

// `text` with everything but unreserved characters percent-encoded; malloc'd, NULL: memory.
char *http_escape(const char *text);
