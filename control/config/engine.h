// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The transaction engine: takes the appliance from one configuration to the next through a list of
// subsystems, or leaves everything as it was. It knows no subsystem by name; main() hands it the
// ordered list. Runs on the commit thread only.
//
// A commit: prepare() all in list order; apply() all in list order; store; done. When one of these
// refuses, what was applied is undone in reverse order and what was prepared is aborted.
// A subsystem whose peer cannot be reached does not refuse: it returns 0, is `degraded`, and is
// reconciled later by another apply() of the same configuration.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "control/config/model.h"
#include "control/config/problem.h"
#include "control/config/store.h"
#include "control/config/timings.h"

struct subsystem {
	const char *name;
	void *ctx;
	// `from` is NULL at start-up (nothing is known of the state of the world: replace all).
	// Checks and reserves; changes no forwarding. 0, or negative errno with problems.
	int (*prepare)(
		void *ctx, const struct config *from, const struct config *to, struct problems *p);
	// Makes `to` true. Called only after every prepare() succeeded.
	int (*apply)(
		void *ctx, const struct config *from, const struct config *to, struct problems *p);
	// After a refused transaction: `to` was prepared, and applied when `applied`. Restores
	// `from`; with `from` NULL only releases what prepare() reserved. A prepare() or apply()
	// that refuses has changed nothing; the latter is followed by undo() with `applied` false.
	void (*undo)(void *ctx, const struct config *from, const struct config *to, bool applied);
	// Compares the world with `now`; returns the number of differences, repairs them when
	// `repair`. Negative errno: unreachable. May be NULL.
	int (*compare)(void *ctx, const struct config *now, bool repair);
	// Why the subsystem is degraded, NULL when it is not. Any thread; a static string. May be
	// NULL.
	const char *(*degraded)(void *ctx);
};

struct engine;

// `subsystems` is borrowed for the engine's life. NULL on memory failure.
struct engine *engine_create(
	const struct subsystem *subsystems, unsigned int count, struct store *store);
void engine_destroy(struct engine *e);

// The running configuration, referenced for the caller; NULL before the first. Any thread.
struct config *engine_current(struct engine *e);

struct commit {
	json_t *document;  // from here on never changed, see config_parse()
	uint64_t if_match; // the revision that must be current, 0 for any; else -ESTALE, status 412
	bool dry_run;	   // parse, validate and prepare only, then undo
	const struct revision_note *note; // stored beside it; may be NULL
	struct timings *timings;	  // gets the steps; may be NULL
};

// Applies a document. 0 and *revision, the one that now runs, on success (unchanged on a dry run,
// and when the document equals the running one: no subsystem is called), with the document's
// warnings in *p; negative errno with problems, and nothing changed, on refusal.
int engine_commit(
	struct engine *e, const struct commit *commit, uint64_t *revision, struct problems *p);

// The number that the next commit will get. Commit thread.
uint64_t engine_next_revision(const struct engine *e);

// At start: applies the stored configuration, if there is one, with `from` NULL. When a subsystem
// refuses it, it is the current one all the same (nothing else is known to be wanted), and
// engine_reconcile() tries again. 0 or negative errno with problems.
int engine_restore(struct engine *e, struct problems *p);

// Applies the running configuration again, with `from` NULL, to subsystems that are degraded, and
// repairs the drift of the others. 0 or negative errno with problems; to be called periodically.
int engine_reconcile(struct engine *e, struct problems *p);
