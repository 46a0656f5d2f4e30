// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The API's handlers without HTTP: a real engine on a store in a temporary directory, and a data
// plane that is only what it dumps.
#pragma once

#include <stdbool.h>

#include "control/api/handlers.h"

// What the data plane would say. A static of the tests: the client's functions find it here.
struct fake_dataplane {
	bool connected;
	struct stats_shm *stats;
	const void *records[DUMP_COUNT];
	size_t counts[DUMP_COUNT];
	int dump_error;		   // returned by every dump, 0: none
	struct session_page page;  // what it says about sessions; `records` is the test's
	struct msg_sessions asked; // the last question about sessions
};
struct fake_dataplane *fake_dataplane(void);

struct fixture {
	char directory[32];
	struct store *store;
	struct engine *engine;
	struct subsystem subsystems[1]; // "fake"
	const char *degraded;		// of the subsystem
	struct api_env env;
	struct request request; // the last one
	json_t *reply;		// its reply, NULL: not JSON
};

int fixture_setup(void **state); // cmocka
int fixture_teardown(void **state);

// Sends a request through the routes. Query and If-Match may be NULL ("a=1&b=2", no escapes); a
// body may be NULL. Returns the status.
int ask(struct fixture *f, const char *method, const char *path, const char *query,
	const char *if_match, const char *body);
// Members of the reply; a JSON pointer without escapes ("/items/0/name").
json_t *at(struct fixture *f, const char *pointer);
const char *text_at(struct fixture *f, const char *pointer);  // "" when there is none
json_int_t number_at(struct fixture *f, const char *pointer); // -1 when there is none

#define HANDLER_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

// A site with one SNAT rule, "out", and one port forward, "ssh", is put; its ids.
struct ids_of_site {
	uint32_t pub0, vpc1, snat, forward;
};
struct ids_of_site put_site(struct fixture *f);

// The data plane is there, with counters, which the caller frees.
struct stats_shm *connect_dataplane(unsigned int workers);

struct msg_addr address(const char *text); // with length 32
