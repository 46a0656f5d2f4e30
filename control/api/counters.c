// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Sequence-lock reader. Words are copied with acquire loads, so that the second look at the
// sequence cannot be made before them, without a fence.
#include "control/api/counters.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

// A writer holds the block for about a microsecond, or for some scheduler slices when it is
// preempted there: spin first, then sleep, for the writer may need this very processor.
#define SPINS	 64
#define PAUSE_NS 50000
#define PAUSES	 4000 // 200 ms

static_assert(sizeof(struct worker_stats) % sizeof(uint64_t) == 0, "copied by words");
static_assert(sizeof(struct process_stats) % sizeof(uint64_t) == 0, "copied by words");
static_assert(sizeof(struct port_losses) % sizeof(uint64_t) == 0, "copied by words");
static_assert(offsetof(struct worker_stats, accounts) == sizeof(uint64_t), "first word is seq");

static void copy_words(uint64_t *out, const uint64_t *shared, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(*out); i++)
		out[i] = __atomic_load_n(&shared[i], __ATOMIC_ACQUIRE);
}

static int try_read(const struct worker_stats *shared, struct worker_stats *out)
{
	uint32_t seq = __atomic_load_n(&shared->seq, __ATOMIC_ACQUIRE);

	if (seq & 1)
		return -EAGAIN;
	copy_words(
		(uint64_t *)out + 1, (const uint64_t *)shared + 1, sizeof(*out) - sizeof(uint64_t));
	out->seq = seq;
	out->pad = 0;
	return __atomic_load_n(&shared->seq, __ATOMIC_RELAXED) == seq ? 0 : -EAGAIN;
}

int counters_read_worker(const struct worker_stats *shared, struct worker_stats *out)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	for (unsigned int i = 0; i < SPINS + PAUSES; i++) {
		if (try_read(shared, out) == 0)
			return 0;
		if (i < SPINS)
			__builtin_ia32_pause();
		else
			nanosleep(&pause, NULL);
	}
	return -EAGAIN;
}

static void add_worker(struct worker_stats *sum, const struct worker_stats *w)
{
	const uint64_t *from = (const uint64_t *)w;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 1; i < sizeof(*sum) / sizeof(*to); i++) // all words but `seq`
		to[i] += from[i];
}

int counters_read(const struct stats_shm *shared, struct counters *out)
{
	memset(out, 0, sizeof(*out));
	if (!shared)
		return -ENOTCONN;
	if (shared->magic != STATS_MAGIC || shared->workers > LIMIT_WORKERS)
		return -EPROTO;
	out->workers = shared->workers;
	copy_words((uint64_t *)&out->process, (const uint64_t *)&shared->process,
		sizeof(out->process));
	copy_words((uint64_t *)out->losses, (const uint64_t *)shared->losses, sizeof(out->losses));
	for (unsigned int i = 0; i < out->workers; i++) {
		int ret = counters_read_worker(&shared->worker[i], &out->worker[i]);

		if (ret < 0)
			return ret;
		add_worker(&out->sum, &out->worker[i]);
	}
	return 0;
}
