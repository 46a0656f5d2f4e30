// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The sweeper thread: runs session/sweeper.h once a second over the whole table, and at once when a
// commit ended rules.
#pragma once

struct dataplane;

int sweep_init(struct dataplane *dp);  // rule epochs and the sweeper; 0 or -ENOMEM
void sweep_fini(struct dataplane *dp); // the thread is stopped
int sweep_start(struct dataplane *dp); // the thread; 0 or negative errno
void sweep_stop(struct dataplane *dp);
