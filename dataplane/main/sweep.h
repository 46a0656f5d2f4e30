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
struct session_pick;
struct sweep_job;

int sweep_init(struct dataplane *dp);  // rule epochs and the sweeper; 0 or -ENOMEM
void sweep_fini(struct dataplane *dp); // the thread is stopped
int sweep_start(struct dataplane *dp); // the thread; 0 or negative errno
void sweep_stop(struct dataplane *dp);

// Asks the sweeper about the sessions, or to end some. Control thread, as the next ones. 0, -EINVAL
// or -ENOMEM.
int sweep_ask(struct dataplane *dp, const struct msg_sessions *m, struct sweep_job **job);
// The order to end what a pick fits: made now, so that nothing can fail once it is begun; nobody
// waits for its answer. Takes the pick over. 0 or -ENOMEM.
int sweep_end_prepare(struct dataplane *dp, struct session_pick *pick, struct sweep_job **job);
void sweep_end_begin(struct dataplane *dp, struct sweep_job *job); // NULL: nothing to do
void sweep_end_drop(struct sweep_job *job);			   // instead; NULL: nothing
bool sweep_answered(struct dataplane *dp, struct sweep_job *job);
void sweep_forget(struct dataplane *dp, struct sweep_job *job); // answered or not

// A bounded step of the job at hand; false when there is none. The sweeper's thread, or a test's.
bool sweep_serve(struct dataplane *dp, uint32_t tick);
