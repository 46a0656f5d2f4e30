// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Work for the commit thread, and for the query thread, which is another one of the same kind. The
// event loop (HTTP, signals) submits a job; the commit thread runs it, alone, in order; the loop is
// woken by an eventfd and calls done(). The commit thread also watches descriptors of its own (the
// data plane's socket, netlink) between jobs.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct job {
	void (*run)(struct job *j);  // on the commit thread; may block with a deadline
	void (*done)(struct job *j); // on the event loop, frees the job
	bool question;		     // changes nothing: may run while another job waits
	struct job *next;	     // owned by the queue
};

// A descriptor or timer that the commit thread serves between jobs.
struct watch {
	int fd;					   // -1: only the timer
	void (*ready)(void *ctx, uint32_t events); // EPOLLIN, EPOLLHUP ...; commit thread
	void (*tick)(void *ctx); // about once a second, may be NULL; commit thread
	void *ctx;
};

struct jobs;

// `thread` names the thread, a static string. Starts none yet; NULL on failure.
struct jobs *jobs_create(const char *thread);
int jobs_start(struct jobs *q); // starts the commit thread; 0 or negative errno
void jobs_stop(struct jobs *q); // finishes the running job, drops the rest with done(), joins
void jobs_destroy(struct jobs *q);

// Any thread. Never fails: the job is the caller's memory.
void jobs_submit(struct jobs *q, struct job *j);

// For a job that waits for something slow, on its thread: the descriptor is readable when questions
// wait, which jobs_answer() runs. Where it is called, what questions read must be whole.
int jobs_question_fd(const struct jobs *q);
void jobs_answer(struct jobs *q);

// The loop watches this descriptor and calls jobs_collect() when it is readable.
int jobs_wake_fd(struct jobs *q);
void jobs_collect(struct jobs *q);

// Commit thread, or while it does not run. The watch is borrowed until removed; remove it before
// its descriptor is closed. Its callbacks may add and remove watches, their own too. 0 or negative
// errno.
int jobs_watch(struct jobs *q, struct watch *w);
void jobs_unwatch(struct jobs *q, struct watch *w);
