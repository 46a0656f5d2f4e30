// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The control thread's loop: transaction socket, neighbours, FIB batches, link states and deferred
// freeing. It never waits for workers; its rounds are milliseconds apart.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dataplane;

// Opens the transaction socket and the netlink socket of the mirrors' namespace. 0 or negative
// errno, error printed.
int control_open(struct dataplane *dp);
void control_close(struct dataplane *dp);

// One round of everything that needs no descriptor; `now_ms` of a monotonic clock. True while more
// work is at hand: call again within a millisecond.
bool control_round(struct dataplane *dp, uint64_t now_ms);

// Rounds until dp->stop.
void control_loop(struct dataplane *dp);
