// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The NAT log: a thread that takes the events of workers and sweeper out of their rings and writes
// lines to a descriptor that control opened. It may wait for the disk; nobody waits for it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dataplane;
struct session_log;

int session_log_create(struct dataplane *dp);	// 0 or -ENOMEM
void session_log_destroy(struct dataplane *dp); // the thread is stopped
int session_log_start(struct dataplane *dp);	// the thread; 0 or negative errno
void session_log_stop(struct dataplane *dp);

// Writes to `fd` (a copy is made) from here on; `kind` is enum log_kind. 0, -EINVAL (a descriptor
// of another type), -ENOMEM or the errno of a system call. Control thread.
int session_log_set(struct dataplane *dp, uint32_t kind, bool destinations, int fd);

// Takes what is in the rings; the number of events. The thread, or a test's.
unsigned int session_log_drain(struct session_log *log);
