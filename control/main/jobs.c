// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The commit thread: one epoll over the job counter, the tick and the watches. One event is taken
// at a time, so that a watch may be removed at any moment and none is served after its removal.
#include "control/main/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct job_list {
	struct job *head;
	struct job *tail;
};

struct jobs {
	const char *name;     // of the thread
	pthread_mutex_t lock; // the lists and `stop`
	struct job_list waiting;
	struct job_list questions; // that wait
	struct job_list finished;
	bool stop;

	int epoll_fd;
	int submit_fd;	 // semaphore: one count a waiting job, and one for `stop`
	int question_fd; // semaphore: one count a waiting question
	int tick_fd;
	int wake_fd; // readable: `finished` is not empty
	pthread_t thread;
	bool started;

	struct watch **watches; // commit thread, or before jobs_start()
	size_t n_watches;	// slots in use; a slot is NULL when its watch was removed
	size_t max_watches;
};

static void job_push(struct job_list *list, struct job *j)
{
	j->next = NULL;
	if (list->tail)
		list->tail->next = j;
	else
		list->head = j;
	list->tail = j;
}

static struct job *job_pop(struct job_list *list)
{
	struct job *j = list->head;

	if (!j)
		return NULL;
	list->head = j->next;
	if (!list->head)
		list->tail = NULL;
	j->next = NULL;
	return j;
}

// An eventfd's counter cannot overflow here: one count is one job in memory.
static void eventfd_add(int fd)
{
	while (eventfd_write(fd, 1) < 0 && errno == EINTR)
		;
}

static int epoll_add(struct jobs *q, int fd, void *ptr)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = ptr };

	return epoll_ctl(q->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int open_descriptors(struct jobs *q)
{
	const struct itimerspec second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	int ret;

	q->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	q->submit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	q->question_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	q->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (q->epoll_fd < 0 || q->submit_fd < 0 || q->question_fd < 0 || q->wake_fd < 0 ||
		q->tick_fd < 0)
		return -errno;
	if (timerfd_settime(q->tick_fd, 0, &second, NULL) < 0)
		return -errno;
	ret = epoll_add(q, q->submit_fd, &q->submit_fd);
	if (ret == 0)
		ret = epoll_add(q, q->question_fd, &q->question_fd);
	return ret < 0 ? ret : epoll_add(q, q->tick_fd, &q->tick_fd);
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

struct jobs *jobs_create(const char *thread)
{
	struct jobs *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->name = thread;
	q->epoll_fd = q->submit_fd = q->question_fd = q->wake_fd = q->tick_fd = -1;
	if (pthread_mutex_init(&q->lock, NULL) != 0) {
		free(q);
		return NULL;
	}
	if (open_descriptors(q) < 0) {
		jobs_destroy(q);
		return NULL;
	}
	return q;
}

void jobs_submit(struct jobs *q, struct job *j)
{
	pthread_mutex_lock(&q->lock);
	job_push(j->question ? &q->questions : &q->waiting, j);
	pthread_mutex_unlock(&q->lock);
	eventfd_add(j->question ? q->question_fd : q->submit_fd);
}

// Runs at most one job, so that watches are served between two of them. False: stop.
static bool run_next(struct jobs *q, struct job_list *list, int fd)
{
	eventfd_t one;
	struct job *j;
	bool stop;

	if (eventfd_read(fd, &one) < 0)
		return true;
	pthread_mutex_lock(&q->lock);
	stop = q->stop;
	j = stop ? NULL : job_pop(list);
	pthread_mutex_unlock(&q->lock);
	if (!j)
		return !stop;
	j->run(j);
	pthread_mutex_lock(&q->lock);
	job_push(&q->finished, j);
	pthread_mutex_unlock(&q->lock);
	eventfd_add(q->wake_fd);
	return true;
}

int jobs_question_fd(const struct jobs *q)
{
	return q->question_fd;
}

void jobs_answer(struct jobs *q)
{
	(void)run_next(q, &q->questions, q->question_fd);
}

static void drop_removed_watches(struct jobs *q)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->n_watches; i++)
		if (q->watches[i])
			q->watches[kept++] = q->watches[i];
	q->n_watches = kept;
}

// A tick may add and remove watches: slots do not move during the walk.
static void run_ticks(struct jobs *q)
{
	uint64_t expirations;

	if (read(q->tick_fd, &expirations, sizeof(expirations)) < 0)
		return;
	for (size_t i = 0; i < q->n_watches; i++)
		if (q->watches[i] && q->watches[i]->tick)
			q->watches[i]->tick(q->watches[i]->ctx);
	drop_removed_watches(q);
}

static void *commit_thread(void *arg)
{
	struct jobs *q = arg;
	struct epoll_event ev;

	pthread_setname_np(pthread_self(), q->name);
	for (;;) {
		struct watch *w;

		if (epoll_wait(q->epoll_fd, &ev, 1, -1) != 1)
			continue; // EINTR
		if (ev.data.ptr == &q->submit_fd) {
			if (!run_next(q, &q->waiting, q->submit_fd))
				return NULL;
		} else if (ev.data.ptr == &q->question_fd) {
			jobs_answer(q);
		} else if (ev.data.ptr == &q->tick_fd) {
			run_ticks(q);
		} else {
			w = ev.data.ptr;
			w->ready(w->ctx, ev.events);
		}
	}
}

int jobs_start(struct jobs *q)
{
	int ret = pthread_create(&q->thread, NULL, commit_thread, q);

	if (ret != 0)
		return -ret;
	q->started = true;
	return 0;
}

void jobs_stop(struct jobs *q)
{
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_mutex_unlock(&q->lock);
	eventfd_add(q->submit_fd);
	if (q->started)
		pthread_join(q->thread, NULL);
	q->started = false;
	jobs_collect(q);
	for (;;) {
		struct job *j;

		pthread_mutex_lock(&q->lock);
		j = job_pop(&q->waiting);
		if (!j)
			j = job_pop(&q->questions);
		pthread_mutex_unlock(&q->lock);
		if (!j)
			return;
		j->done(j);
	}
}

void jobs_destroy(struct jobs *q)
{
	if (!q)
		return;
	jobs_stop(q);
	close_if_open(q->epoll_fd);
	close_if_open(q->submit_fd);
	close_if_open(q->question_fd);
	close_if_open(q->wake_fd);
	close_if_open(q->tick_fd);
	pthread_mutex_destroy(&q->lock);
	free(q->watches);
	free(q);
}

int jobs_wake_fd(struct jobs *q)
{
	return q->wake_fd;
}

void jobs_collect(struct jobs *q)
{
	eventfd_t count;
	struct job *j;

	// Reset first: a job that finishes from here on makes the descriptor readable again.
	if (eventfd_read(q->wake_fd, &count) < 0 && errno != EAGAIN)
		return;
	for (;;) {
		pthread_mutex_lock(&q->lock);
		j = job_pop(&q->finished);
		pthread_mutex_unlock(&q->lock);
		if (!j)
			return;
		j->done(j);
	}
}

static int watch_slot(struct jobs *q, struct watch *w)
{
	if (q->n_watches == q->max_watches) {
		size_t max = q->max_watches ? 2 * q->max_watches : 8;
		struct watch **grown = realloc(q->watches, max * sizeof(struct watch *));

		if (!grown)
			return -ENOMEM;
		q->watches = grown;
		q->max_watches = max;
	}
	q->watches[q->n_watches++] = w;
	return 0;
}

int jobs_watch(struct jobs *q, struct watch *w)
{
	int ret = watch_slot(q, w);

	if (ret < 0 || w->fd < 0)
		return ret;
	ret = epoll_add(q, w->fd, w);
	if (ret < 0)
		q->n_watches--;
	return ret;
}

void jobs_unwatch(struct jobs *q, struct watch *w)
{
	if (w->fd >= 0)
		epoll_ctl(q->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	for (size_t i = 0; i < q->n_watches; i++)
		if (q->watches[i] == w)
			q->watches[i] = NULL;
}
