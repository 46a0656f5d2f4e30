// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The sweeper thread: runs session/sweeper.h once a second over the whole table, and at once when a
// commit ended rules.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/proto.h"

struct dataplane;
struct session_inside;
struct sweep_job;

int sweep_init(struct dataplane *dp);  // rule epochs and the sweeper; 0 or -ENOMEM
void sweep_fini(struct dataplane *dp); // the thread is stopped
int sweep_start(struct dataplane *dp); // the thread; 0 or negative errno
void sweep_stop(struct dataplane *dp);

// Asks the sweeper about the sessions, or to end some. Control thread, as the next ones. 0, -EINVAL
// or -ENOMEM.
int sweep_ask(struct dataplane *dp, const struct msg_sessions *m, struct sweep_job **job);
// Has it end what the filter of `m` fits and is of one of these hosts (session_query_of()); nobody
// waits for the answer. Takes `insides` over.
int sweep_end_of(struct dataplane *dp, const struct msg_sessions *m, struct session_inside *insides,
	uint32_t n);
bool sweep_answered(struct dataplane *dp, struct sweep_job *job);
void sweep_forget(struct dataplane *dp, struct sweep_job *job); // answered or not

// A bounded step of the job at hand; false when there is none. The sweeper's thread, or a test's.
bool sweep_serve(struct dataplane *dp, uint32_t tick);
