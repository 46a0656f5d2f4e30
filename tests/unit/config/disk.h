// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A disk that loses power. The calls by which the store changes its directory (openat, write,
// fsync, renameat, unlinkat; linked with --wrap) are carried out and noted, and one of them may be
// made to fail. Afterwards the directory can be made as a power cut after any of the calls may have
// left it:
// - a change of a name is sure once the directory was synced after it; before, it may be there or
//   not, each by itself: no order among them is relied upon;
// - bytes are sure once their file was synced; before, there may be all, half or none of them.
// One directory, one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk_state {
	size_t calls;	     // that were made before the power went
	uint32_t names;	     // bit i: the i-th change of a name that was not synced is there
	unsigned int halves; // of the bytes that were not synced: 0, 1 or 2
};

void disk_forget(void);
void disk_record(bool on);
// The `nth` call from now on (0 is the next) fails with `error`, a write() after half of its bytes.
void disk_fail(size_t nth, int error);
bool disk_failed(void); // it was made
size_t disk_calls(void);

// Changes of names that are not sure after so many calls.
unsigned int disk_unsure_names(size_t calls);
// Something was removed while what was renamed before it was not sure to be there.
bool disk_removed_early(void);
// Fills the empty directory `path`.
void disk_restore(const struct disk_state *state, const char *path);
