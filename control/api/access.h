// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Who may do what through a listening socket. On the unix socket that is settled by its mode; over
// TCP every request carries a token, and there is a limit on their rate. Loop thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/api/request.h"
#include "control/api/tokens.h"

#define ACCESS_RATE   200 // requests per second
#define ACCESS_BURST  400
#define REFUSALS_RATE 10 // requests without a good token per second, of those that are answered

// What a listening socket over TCP is given.
struct access_conf {
	const char *tokens_file;
	char *certificate; // PEM texts, NULL: no TLS (loopback)
	char *key;
};

struct access_bucket {
	uint64_t at_us;
	double tokens;
};

struct access {
	struct tokens *tokens; // NULL: everybody who gets this far may do everything
	struct access_bucket requests, refusals;
};

// Whether the request may be served; else the reply is made. `authorization` is its header, NULL:
// none. `now_us` is any clock that does not go back. Sets r->peer to the token's owner.
bool access_allows(struct access *a, struct request *r, const char *authorization, uint64_t now_us);
