// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Bearer tokens (RFC 6750) and token buckets.
#include "control/api/access.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool bucket_takes(struct access_bucket *b, double rate, double burst, uint64_t now_us)
{
	if (b->at_us == 0) {
		b->tokens = burst;
	} else if (now_us > b->at_us) {
		b->tokens += rate * (double)(now_us - b->at_us) / 1e6;
		b->tokens = b->tokens > burst ? burst : b->tokens;
	}
	b->at_us = now_us;
	if (b->tokens < 1)
		return false;
	b->tokens -= 1;
	return true;
}

static const char *bearer(const char *authorization)
{
	static const char scheme[] = "Bearer ";

	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return NULL;
	return authorization + strlen(scheme) + strspn(authorization + strlen(scheme), " ");
}

static bool reads(const struct request *r)
{
	return strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
}

static void reply_too_many(struct request *r)
{
	reply_problem(r, 429, "Too many requests. Nothing was changed.");
}

bool access_allows(struct access *a, struct request *r, const char *authorization, uint64_t now_us)
{
	const char *token = bearer(authorization), *owner;
	bool read_only = false;

	if (!a->tokens)
		return true;
	owner = token ? tokens_owner(a->tokens, token, &read_only) : NULL;
	if (!owner) {
		// A guess costs time; and whoever guesses takes none from those who need not.
		if (!bucket_takes(&a->refusals, REFUSALS_RATE, REFUSALS_RATE, now_us))
			reply_too_many(r);
		else
			reply_problem(r, 401, "%s. Nothing was changed.",
				token ? "This token is not known" : "A bearer token is needed");
		return false;
	}
	snprintf(r->peer, sizeof(r->peer), "token %s", owner);
	if (!bucket_takes(&a->requests, ACCESS_RATE, ACCESS_BURST, now_us)) {
		reply_too_many(r);
		return false;
	}
	if (read_only && !reads(r)) {
		reply_problem(
			r, 403, "The token of %s is for reading. Nothing was changed.", owner);
		return false;
	}
	return true;
}
