// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One HTTP request as a handler sees it, free of the HTTP library: what was asked, and the reply to
// fill in. A handler runs on the loop or on the commit thread, never on both at once.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "control/api/api.h"
#include "control/api/peer.h"
#include "control/api/router.h"
#include "control/config/problem.h"
#include "control/config/timings.h"

#define REQUEST_ARGS 16 // query parameters that a request may have

struct request_arg {
	const char *name;
	const char *value; // "" when there is none
};

struct reply {
	int status;		  // HTTP; 0: no reply yet
	const char *content_type; // static
	char *body;		  // malloc'd
	size_t len;
	uint64_t etag; // configuration revision, sent when has_etag
	bool has_etag;
};

struct request {
	const struct api_env *env;
	const char *method;
	const char *path;
	const char *content_type; // NULL: none; header values live as long as the request
	const char *if_match;	  // NULL: none
	char peer[PEER_MAX];	  // who asks, "": not known
	struct request_arg args[REQUEST_ARGS];
	unsigned int n_args;
	char *body;
	size_t body_len;
	struct route_match match;
	struct timings timings; // of a commit
	struct reply reply;
};

// Value of a query parameter, NULL when the request does not have it.
const char *request_arg(const struct request *r, const char *name);
// A number within 0..max, `def` when absent. 0, or -EINVAL with the reply made.
int request_number(struct request *r, const char *name, uint32_t def, uint32_t max, uint32_t *out);
// "1" or "true", "0" or "false"; false when absent. 0, or -EINVAL with the reply made.
int request_flag(struct request *r, const char *name, bool *out);

// Each makes the whole reply; the last one wins. `body` is consumed; NULL: out of memory.
void reply_json(struct request *r, int status, json_t *body);
void reply_text(struct request *r, int status, const char *content_type, char *body, size_t len);
// RFC 9457: `detail` is one sentence.
void reply_problem(struct request *r, int status, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));
// The same with the errors of `p`; the status is p->status, or follows from `err`.
void reply_problems(struct request *r, int err, const struct problems *p);
// [{"pointer": ..., "detail": ...}], of errors and of warnings.
json_t *problems_json(const struct problems *p);
// {"items": [...], "total": n}; `items` is consumed.
void reply_list(struct request *r, json_t *items, size_t total);

void request_clear(struct request *r); // frees what the request owns

// Reason phrase of the statuses that the API uses (RFC 9110).
const char *status_phrase(int status);
