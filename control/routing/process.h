// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which process is behind a connection, and whether it lives. A process gives back its memory
// before it closes its sockets: its death is seen here no later than any of its peers can notice
// it. An own connection to it does not tell: it may be closed after others.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;	  // 0: none
	uint64_t started; // clock ticks since boot: with the pid, its identity
};

// Who listens at the other end of a Unix connection. False: it cannot be told; *out is unchanged.
bool process_behind(int fd, struct process *out);
bool process_lives(const struct process *p);
int64_t process_start_ms(const struct process *p); // of CLOCK_BOOTTIME
