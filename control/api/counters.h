// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The reader's side of the counters in shared memory (dataplane/stats/shm.h): consistent copies of
// what the workers publish. Any thread.
#pragma once

#include "dataplane/stats/shm.h"

struct counters {
	unsigned int workers;
	struct process_stats process;
	struct worker_stats sum; // over all workers
	struct worker_stats worker[LIMIT_WORKERS];
	struct port_losses losses[LIMIT_PORTS];
};

// Copies one worker's block as it was between two writes. -EAGAIN: its writer was in the middle of
// it for too long (it ended there); never waits for more than a quarter of a second.
int counters_read_worker(const struct worker_stats *shared, struct worker_stats *out);

// All of it; `shared` may be NULL. -ENOTCONN: there is none; -EPROTO: not a counters block of this
// version; -EAGAIN as above.
int counters_read(const struct stats_shm *shared, struct counters *out);
