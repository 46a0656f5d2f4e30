// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// An engine over subsystems that note every call and refuse where the test says so. A note is P
// (prepare), A (apply), U+ or U- (undo of applied, of prepared), C (compare) and the subsystem's
// number.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/config/engine.h"
#include "control/config/store.h"

#define FAKES 3

struct fixture;

struct fake {
	struct fixture *f;
	unsigned int number;
	bool refuse_prepare, refuse_apply;
	bool silent; // refuses without a problem
	bool unreachable;
	const char *degraded;
};

struct fixture {
	void *directory;
	struct store *store;
	struct engine *engine;
	struct fake fakes[FAKES];
	struct subsystem subsystems[FAKES];
	char notes[512];
	uint64_t from; // revision in the last prepare() or apply(), 0: NULL
	struct problems problems;
	struct timings timings; // of the last commit
	uint64_t revision;
};

// cmocka's setup and teardown: *state is the struct fixture.
int fixture_setup(void **state);
int fixture_teardown(void **state);

// Destroys engine and store and makes new ones on the same directory, as a restart does.
void fixture_restart(struct fixture *f);

// Commits a document with a VIP of each name in `vips` ("abc") and forgets the notes of before.
int fixture_commit(struct fixture *f, const char *vips, uint64_t if_match, bool dry_run);

// The id of a VIP of the running configuration, 0: not there.
uint32_t vip_id(struct fixture *f, const char *name);

// The running configuration is revision `revision` with these VIPs, in memory and on disk.
void assert_running(struct fixture *f, uint64_t revision, const char *vips);
