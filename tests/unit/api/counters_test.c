// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The reader of the shared counters: never a mixture of two states, never endless (also run under
// ThreadSanitizer).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/counters.h"

#define WORDS  (sizeof(struct worker_stats) / sizeof(uint64_t))
#define READS  500
#define ROUNDS 200000

static struct stats_shm *shm_create(unsigned int workers)
{
	struct stats_shm *shm = aligned_alloc(64, sizeof(*shm));

	assert_non_null(shm);
	memset(shm, 0, sizeof(*shm));
	shm->magic = STATS_MAGIC;
	shm->workers = workers;
	return shm;
}

static void test_not_there_or_not_ours(void **state)
{
	struct counters *c = malloc(sizeof(*c));
	struct stats_shm *shm = shm_create(LIMIT_WORKERS + 1);

	assert_int_equal(counters_read(NULL, c), -ENOTCONN);
	assert_int_equal(counters_read(shm, c), -EPROTO);
	shm->workers = 1;
	shm->magic = 0;
	assert_int_equal(counters_read(shm, c), -EPROTO);
	free(shm);
	free(c);
}

static void test_sums_over_workers(void **state)
{
	struct counters *c = malloc(sizeof(*c));
	struct stats_shm *shm = shm_create(2);

	shm->process.sessions = 5;
	shm->worker[0].seq = 4;
	shm->worker[0].accounts[ACCT_SENT] = 10;
	shm->worker[1].accounts[ACCT_SENT] = 7;
	shm->worker[1].drops[DROP_TTL] = 3;
	shm->worker[0].ports[LIMIT_PORTS - 1].to_kernel = 1;
	shm->worker[1].ports[LIMIT_PORTS - 1].to_kernel = 2;
	shm->worker[2].accounts[ACCT_SENT] = 1000; // not one of the workers
	assert_int_equal(counters_read(shm, c), 0);
	assert_int_equal(c->workers, 2);
	assert_int_equal(c->process.sessions, 5);
	assert_int_equal(c->worker[0].accounts[ACCT_SENT], 10);
	assert_int_equal(c->worker[1].accounts[ACCT_SENT], 7);
	assert_int_equal(c->sum.accounts[ACCT_SENT], 17);
	assert_int_equal(c->sum.drops[DROP_TTL], 3);
	assert_int_equal(c->sum.ports[LIMIT_PORTS - 1].to_kernel, 3);
	free(shm);
	free(c);
}

static void test_a_dead_writer_is_an_error(void **state)
{
	struct counters *c = malloc(sizeof(*c));
	struct stats_shm *shm = shm_create(1);

	shm->worker[0].seq = 7;
	assert_int_equal(counters_read(shm, c), -EAGAIN);
	free(shm);
	free(c);
}

struct writer {
	struct worker_stats *stats;
	atomic_bool stop;
};

// As a worker publishes: all words are the number of the round.
static void publish(struct worker_stats *stats, uint64_t round)
{
	uint64_t *words = (uint64_t *)stats;

	__atomic_store_n(&stats->seq, (uint32_t)(2 * round + 1), __ATOMIC_RELAXED);
	for (size_t i = 1; i < WORDS; i++)
		__atomic_store_n(&words[i], round, __ATOMIC_RELEASE); // not before the odd seq
	__atomic_store_n(&stats->seq, (uint32_t)(2 * round + 2), __ATOMIC_RELEASE);
}

static void *write_rounds(void *arg)
{
	struct writer *w = arg;

	for (uint64_t round = 1; round < ROUNDS && !atomic_load(&w->stop); round++)
		publish(w->stats, round);
	return NULL;
}

static void assert_one_round(const struct worker_stats *copy)
{
	const uint64_t *words = (const uint64_t *)copy;

	for (size_t i = 2; i < WORDS; i++)
		assert_int_equal(words[i], words[1]);
	assert_int_equal(copy->seq, words[1] == 0 ? 0 : 2 * words[1] + 2);
}

// A writer that does nothing else is worse than any worker: some reads may be given up, none may be
// a mixture.
static void test_copies_are_whole(void **state)
{
	struct stats_shm *shm = shm_create(1);
	struct worker_stats *copy = aligned_alloc(64, sizeof(*copy));
	struct writer w = { .stats = &shm->worker[0] };
	pthread_t thread;
	unsigned int whole = 0;

	assert_int_equal(pthread_create(&thread, NULL, write_rounds, &w), 0);
	for (int i = 0; i < READS; i++) {
		int ret = counters_read_worker(&shm->worker[0], copy);

		assert_true(ret == 0 || ret == -EAGAIN);
		if (ret == 0) {
			assert_one_round(copy);
			whole++;
		}
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(counters_read_worker(&shm->worker[0], copy), 0);
	assert_one_round(copy);
	print_message("%u of %u copies while written\n", whole, READS);
	free(copy);
	free(shm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_there_or_not_ours),
		cmocka_unit_test(test_sums_over_workers),
		cmocka_unit_test(test_a_dead_writer_is_an_error),
		cmocka_unit_test(test_copies_are_whole),
	};

	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
