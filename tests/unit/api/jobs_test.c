// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The commit thread: order of jobs, what a stop does with the rest, watches and ticks that remove
// themselves, and many submitting threads (also run under ThreadSanitizer).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "control/main/jobs.h"

#define DEADLINE_MS 10000

struct numbered {
	struct job job;
	int number;
	int ran_as; // order on the commit thread, -1: not run
	sem_t *release;
	struct log *log;
};

struct log {
	int runs;	// commit thread
	int done[4096]; // numbers in the order of done(), loop
	int n_done;
	pthread_t thread; // that ran the last job
};

static void numbered_run(struct job *j)
{
	struct numbered *n = (struct numbered *)j;

	n->log->thread = pthread_self();
	n->ran_as = n->log->runs++;
}

static void numbered_done(struct job *j)
{
	struct numbered *n = (struct numbered *)j;

	n->log->done[n->log->n_done++] = n->number;
}

static struct numbered numbered(struct log *log, int number)
{
	return (struct numbered){
		.job = { numbered_run, numbered_done },
		.number = number,
		.ran_as = -1,
		.log = log,
	};
}

// The loop of the real program, until `log` holds n finished jobs.
static void collect(struct jobs *q, struct log *log, int n)
{
	while (log->n_done < n) {
		struct pollfd fd = { .fd = jobs_wake_fd(q), .events = POLLIN };

		assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
		jobs_collect(q);
	}
}

static void test_jobs_run_in_order_on_their_thread(void **state)
{
	struct jobs *q = jobs_create("commit");
	struct log log = { 0 };
	struct numbered n[100];

	assert_non_null(q);
	for (int i = 0; i < 100; i++) {
		n[i] = numbered(&log, i);
		jobs_submit(q, &n[i].job); // before and after the start
		if (i == 50)
			assert_int_equal(jobs_start(q), 0);
	}
	collect(q, &log, 100);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(n[i].ran_as, i);
		assert_int_equal(log.done[i], i);
	}
	assert_false(pthread_equal(log.thread, pthread_self()));
	jobs_destroy(q);
}

struct blocking {
	struct job job;
	struct jobs *jobs;
	sem_t started;
	sem_t release;
	bool finished;
	bool done;
};

static void blocking_run(struct job *j)
{
	struct blocking *b = (struct blocking *)j;

	sem_post(&b->started);
	while (sem_wait(&b->release) != 0)
		;
	b->finished = true;
}

static void blocking_done(struct job *j)
{
	((struct blocking *)j)->done = true;
}

// Waits as a program is waited for, and answers meanwhile.
static void patient_run(struct job *j)
{
	struct blocking *b = (struct blocking *)j;

	sem_post(&b->started);
	while (sem_trywait(&b->release) != 0) {
		struct pollfd fd = { .fd = jobs_question_fd(b->jobs), .events = POLLIN };

		assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
		jobs_answer(b->jobs);
	}
	b->finished = true;
}

static void releasing_run(struct job *j)
{
	struct numbered *n = (struct numbered *)j;

	numbered_run(j);
	if (n->number == 3)
		sem_post(n->release);
}

static void test_questions_are_answered_while_a_job_waits(void **state)
{
	struct jobs *q = jobs_create("commit");
	struct blocking first = { .job = { .run = patient_run, .done = blocking_done }, .jobs = q };
	struct log log = { 0 };
	struct numbered n[5];

	assert_non_null(q);
	sem_init(&first.started, 0, 0);
	sem_init(&first.release, 0, 0);
	jobs_submit(q, &first.job);
	assert_int_equal(jobs_start(q), 0);
	while (sem_wait(&first.started) != 0)
		;
	for (int i = 0; i < 4; i++) { // 0 is no question: it waits for its turn
		n[i] = numbered(&log, i);
		n[i].job.run = releasing_run;
		n[i].job.question = i > 0;
		n[i].release = &first.release;
		jobs_submit(q, &n[i].job);
	}
	collect(q, &log, 4);
	assert_true(first.done);
	for (int i = 0; i < 4; i++)
		assert_int_equal(log.done[i], (i + 1) % 4);
	n[4] = numbered(&log, 4); // alone, as any other job
	n[4].job.question = true;
	jobs_submit(q, &n[4].job);
	collect(q, &log, 5);
	jobs_destroy(q);
	sem_destroy(&first.started);
	sem_destroy(&first.release);
}

static void *release_later(void *arg)
{
	sem_post(&((struct blocking *)arg)->release);
	return NULL;
}

static void test_stop_finishes_the_running_job_and_drops_the_rest(void **state)
{
	struct jobs *q = jobs_create("commit");
	struct log log = { 0 };
	struct blocking b = { .job = { blocking_run, blocking_done } };
	struct numbered n[3];
	pthread_t other;

	sem_init(&b.started, 0, 0);
	sem_init(&b.release, 0, 0);
	assert_int_equal(jobs_start(q), 0);
	jobs_submit(q, &b.job);
	for (int i = 0; i < 3; i++) {
		n[i] = numbered(&log, i);
		jobs_submit(q, &n[i].job);
	}
	while (sem_wait(&b.started) != 0)
		;
	// The release may come before or after jobs_stop() asks; what is behind may then run or
	// not, but each is done() once.
	assert_int_equal(pthread_create(&other, NULL, release_later, &b), 0);
	jobs_stop(q);
	pthread_join(other, NULL);
	assert_true(b.finished);
	assert_true(b.done);
	assert_int_equal(log.n_done, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(log.done[i], i);
	jobs_destroy(q);
	sem_destroy(&b.started);
	sem_destroy(&b.release);
}

static void test_stop_without_start_is_done_with_all(void **state)
{
	struct jobs *q = jobs_create("commit");
	struct log log = { 0 };
	struct numbered n = numbered(&log, 7);

	jobs_submit(q, &n.job);
	jobs_destroy(q);
	assert_int_equal(log.n_done, 1);
	assert_int_equal(n.ran_as, -1);
}

#define SUBMITTERS 4
#define EACH	   500

struct submitter {
	struct jobs *q;
	struct numbered *jobs;
};

static void *submit_all(void *arg)
{
	struct submitter *s = arg;

	for (int i = 0; i < EACH; i++)
		jobs_submit(s->q, &s->jobs[i].job);
	return NULL;
}

static void test_many_submitters(void **state)
{
	struct jobs *q = jobs_create("commit");
	struct numbered *n = calloc(SUBMITTERS * EACH, sizeof(*n));
	struct log *log = calloc(1, sizeof(*log));
	struct submitter s[SUBMITTERS];
	pthread_t threads[SUBMITTERS];

	assert_int_equal(jobs_start(q), 0);
	for (int t = 0; t < SUBMITTERS; t++) {
		s[t] = (struct submitter){ q, &n[t * EACH] };
		for (int i = 0; i < EACH; i++)
			n[t * EACH + i] = numbered(log, t * EACH + i);
		assert_int_equal(pthread_create(&threads[t], NULL, submit_all, &s[t]), 0);
	}
	collect(q, log, SUBMITTERS * EACH);
	for (int t = 0; t < SUBMITTERS; t++) {
		pthread_join(threads[t], NULL);
		for (int i = 1; i < EACH; i++) // each submitter's own order is kept
			assert_true(n[t * EACH + i - 1].ran_as < n[t * EACH + i].ran_as);
	}
	assert_int_equal(log->runs, SUBMITTERS * EACH);
	jobs_destroy(q);
	free(log);
	free(n);
}

struct watched {
	struct jobs *q;
	struct watch watch;
	struct watched *victim; // removed by our callback
	int ready;
	int ticks;
	sem_t seen;
};

static void watched_ready(void *ctx, uint32_t events)
{
	struct watched *w = ctx;
	eventfd_t value;

	assert_true(events & EPOLLIN);
	w->ready++;
	if (w->victim)
		jobs_unwatch(w->q, &w->victim->watch);
	else
		eventfd_read(w->watch.fd, &value);
	sem_post(&w->seen);
}

static void watched_tick(void *ctx)
{
	struct watched *w = ctx;

	w->ticks++;
	jobs_unwatch(w->q, &w->watch); // from its own callback
	sem_post(&w->seen);
}

static void await(sem_t *sem)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += DEADLINE_MS / 1000;
	assert_int_equal(sem_timedwait(sem, &deadline), 0);
}

// Two readable descriptors, each of whose callbacks removes both: exactly one is served, once.
static void test_a_removed_watch_is_not_served(void **state)
{
	struct jobs *q = jobs_create("commit");
	struct watched w[2] = { 0 };
	struct log log = { 0 };
	struct numbered n[8];

	for (int i = 0; i < 2; i++) {
		w[i].q = q;
		w[i].watch = (struct watch){ eventfd(1, EFD_NONBLOCK), watched_ready, NULL, &w[i] };
		w[i].victim = &w[!i];
		sem_init(&w[i].seen, 0, 0);
		assert_int_equal(jobs_watch(q, &w[i].watch), 0);
	}
	assert_int_equal(jobs_start(q), 0);
	for (int i = 0; i < 8; i++) { // rounds of the thread's loop in which it could go wrong
		n[i] = numbered(&log, i);
		jobs_submit(q, &n[i].job);
	}
	collect(q, &log, 8);
	jobs_stop(q);
	assert_true((w[0].ready == 0) != (w[1].ready == 0));
	for (int i = 0; i < 2; i++) {
		jobs_unwatch(q, &w[i].watch);
		close(w[i].watch.fd);
		sem_destroy(&w[i].seen);
	}
	jobs_destroy(q);
}

static void test_watch_is_served_between_jobs(void **state)
{
	struct jobs *q = jobs_create("commit");
	struct watched w = { .q = q };

	sem_init(&w.seen, 0, 0);
	w.watch = (struct watch){ eventfd(0, EFD_NONBLOCK), watched_ready, NULL, &w };
	assert_int_equal(jobs_watch(q, &w.watch), 0);
	assert_int_equal(jobs_start(q), 0);
	for (int i = 1; i <= 3; i++) {
		eventfd_write(w.watch.fd, 1);
		await(&w.seen);
	}
	jobs_stop(q);
	assert_int_equal(w.ready, 3);
	jobs_unwatch(q, &w.watch);
	close(w.watch.fd);
	sem_destroy(&w.seen);
	jobs_destroy(q);
}

static void test_ticks_come_and_may_remove_themselves(void **state)
{
	struct jobs *q = jobs_create("commit");
	struct watched w[12] = { 0 }; // more than the first allocation of slots

	for (int i = 0; i < 12; i++) {
		w[i].q = q;
		w[i].watch = (struct watch){ -1, NULL, watched_tick, &w[i] };
		sem_init(&w[i].seen, 0, 0);
		assert_int_equal(jobs_watch(q, &w[i].watch), 0);
	}
	assert_int_equal(jobs_start(q), 0);
	for (int i = 0; i < 12; i++)
		await(&w[i].seen);
	jobs_stop(q);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(w[i].ticks, 1);
		sem_destroy(&w[i].seen);
	}
	jobs_destroy(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs_run_in_order_on_their_thread),
		cmocka_unit_test(test_questions_are_answered_while_a_job_waits),
		cmocka_unit_test(test_stop_finishes_the_running_job_and_drops_the_rest),
		cmocka_unit_test(test_stop_without_start_is_done_with_all),
		cmocka_unit_test(test_many_submitters),
		cmocka_unit_test(test_a_removed_watch_is_not_served),
		cmocka_unit_test(test_watch_is_served_between_jobs),
		cmocka_unit_test(test_ticks_come_and_may_remove_themselves),
	};

	return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
