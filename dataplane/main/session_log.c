// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The thread of the NAT log. The sweeper's ring is read up to where it was before the workers'
// rings are: a session's start is written before its end.
#include "dataplane/main/session_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/session/event_text.h"

#define BATCH	    256			 // events
#define IDLE_MS	    10			 // a tenth of what a ring holds at 1 M events/s
#define SYSLOG_MS   100			 // that a syslog may be behind before lines are lost
#define SYSLOG_HEAD "<134>vrouter-nat: " // local0.info

struct session_log {
	struct dataplane *dp;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; // guards what follows, until `fd`
	pthread_cond_t wake;
	bool changed;
	int next_fd; // -1: off
	uint32_t next_kind;
	bool next_destinations;
	// The thread's alone.
	int fd;
	uint32_t kind;
	bool destinations;
	bool torn; // the last write ended inside a line
	struct session_event events[BATCH];
	char text[BATCH * EVENT_TEXT_MAX];
};

int session_log_create(struct dataplane *dp)
{
	struct session_log *log = calloc(1, sizeof(*log));
	pthread_condattr_t attr;

	if (log == NULL)
		return -ENOMEM;
	log->dp = dp;
	log->fd = log->next_fd = -1;
	pthread_mutex_init(&log->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&log->wake, &attr);
	pthread_condattr_destroy(&attr);
	dp->log = log;
	return 0;
}

void session_log_destroy(struct dataplane *dp)
{
	struct session_log *log = dp->log;

	for (unsigned int i = 0; i < RTE_DIM(dp->events); i++)
		event_ring_destroy(&dp->events[i]);
	if (log == NULL)
		return;
	if (log->next_fd >= 0)
		close(log->next_fd);
	if (log->fd >= 0)
		close(log->fd);
	pthread_cond_destroy(&log->wake);
	pthread_mutex_destroy(&log->lock);
	free(log);
	dp->log = NULL;
}

static int check_fd(uint32_t kind, int fd)
{
	struct stat st;

	if (kind == LOG_OFF)
		return fd < 0 ? 0 : -EINVAL;
	if (kind >= LOG_KIND_COUNT || fd < 0)
		return -EINVAL;
	if (fstat(fd, &st) < 0)
		return -errno;
	return (kind == LOG_SYSLOG ? S_ISSOCK(st.st_mode) : S_ISREG(st.st_mode)) ? 0 : -EINVAL;
}

static int create_rings(struct dataplane *dp)
{
	int rc = event_ring_create(&dp->events[LIMIT_WORKERS], LIMIT_EVENTS);

	for (unsigned int i = 0; rc == 0 && i < dp->n_workers; i++)
		rc = event_ring_create(&dp->events[i], LIMIT_EVENTS);
	return rc;
}

int session_log_set(struct dataplane *dp, uint32_t kind, bool destinations, int fd)
{
	struct session_log *log = dp->log;
	int rc = check_fd(kind, fd), old;

	if (rc == 0 && kind != LOG_OFF)
		rc = create_rings(dp);
	if (rc < 0)
		return rc;
	fd = kind == LOG_OFF ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (kind != LOG_OFF && fd < 0)
		return -errno;
	pthread_mutex_lock(&log->lock);
	old = log->next_fd;
	log->next_fd = fd;
	log->next_kind = kind;
	log->next_destinations = destinations;
	log->changed = true;
	pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
	if (old >= 0)
		close(old);
	for (unsigned int i = 0; i < RTE_DIM(dp->events); i++)
		atomic_store(&dp->events[i].on, kind != LOG_OFF && dp->events[i].events != NULL);
	return 0;
}

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static uint32_t lines_in(const char *text, size_t n)
{
	uint32_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

static void write_file(struct session_log *log, const char *text, size_t n)
{
	struct process_stats *p = &log->dp->stats->process;
	uint32_t lines = lines_in(text, n), lost;
	size_t done = 0;

	if (log->torn && write(log->fd, "\n", 1) == 1)
		log->torn = false;
	while (!log->torn && done < n) {
		ssize_t put = write(log->fd, text + done, n - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			break;
		done += (size_t)put;
	}
	lost = lines_in(text + done, n - done);
	log->torn = log->torn || (done > 0 && text[done - 1] != '\n');
	count(&p->log_written, lines - lost);
	count(&p->log_failed, lost);
}

static bool send_line(struct session_log *log, const char *line, size_t n)
{
	struct iovec parts[2] = { { (void *)(uintptr_t)SYSLOG_HEAD, sizeof(SYSLOG_HEAD) - 1 },
		{ (void *)(uintptr_t)line, n } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	struct pollfd wait = { .fd = log->fd, .events = POLLOUT };

	for (unsigned int i = 0; i < 2; i++) {
		if (sendmsg(log->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return true;
		if (errno != EAGAIN || poll(&wait, 1, SYSLOG_MS) <= 0)
			return false;
	}
	return false;
}

static void write_syslog(struct session_log *log, const char *text, size_t n)
{
	struct process_stats *p = &log->dp->stats->process;

	while (n > 0) {
		size_t len = (size_t)((const char *)memchr(text, '\n', n) - text);

		count(send_line(log, text, len) ? &p->log_written : &p->log_failed, 1);
		text += len + 1;
		n -= len + 1;
	}
}

static void event_time(const struct dataplane *dp, uint64_t tsc, struct timespec *out)
{
	uint64_t now = rte_rdtsc(), ns;

	clock_gettime(CLOCK_REALTIME, out);
	if (tsc >= now)
		return;
	ns = (uint64_t)((double)(now - tsc) * 1e9 / (double)dp->tsc_hz);
	ns = (uint64_t)out->tv_sec * 1000000000ull + (uint64_t)out->tv_nsec - ns;
	out->tv_sec = (time_t)(ns / 1000000000ull);
	out->tv_nsec = (long)(ns % 1000000000ull);
}

// Ports are read as workers do: their names stay until this thread is offline again.
static size_t format(struct session_log *log, unsigned int n)
{
	struct dataplane *dp = log->dp;
	size_t used = 0;

	rte_rcu_qsbr_thread_online(dp->qsbr, DATAPLANE_QSBR_LOG);
	for (unsigned int i = 0; i < n; i++) {
		const struct session_event *e = &log->events[i];
		const struct port *port = e->uplink != 0 && e->uplink < LIMIT_PORTS
						  ? dataplane_port(dp, e->uplink)
						  : NULL;
		struct timespec when;

		event_time(dp, e->tsc, &when);
		used += event_text(e, &when, port != NULL ? port->conf.name : NULL,
			log->destinations, log->text + used);
	}
	rte_rcu_qsbr_thread_offline(dp->qsbr, DATAPLANE_QSBR_LOG);
	return used;
}

static unsigned int drain_ring(struct session_log *log, struct event_ring *r, uint64_t head)
{
	unsigned int n, all = 0;

	while ((n = event_ring_take(r, head, log->events, BATCH)) > 0) {
		size_t len = log->fd >= 0 ? format(log, n) : 0;

		if (log->kind == LOG_FILE)
			write_file(log, log->text, len);
		else if (log->kind == LOG_SYSLOG)
			write_syslog(log, log->text, len);
		all += n;
	}
	return all;
}

static void take_change(struct session_log *log)
{
	int old = -1;

	pthread_mutex_lock(&log->lock);
	if (log->changed) {
		old = log->fd;
		log->fd = log->next_fd;
		log->kind = log->next_kind;
		log->destinations = log->next_destinations;
		log->next_fd = -1;
		log->changed = log->torn = false;
	}
	pthread_mutex_unlock(&log->lock);
	if (old >= 0)
		close(old);
}

unsigned int session_log_drain(struct session_log *log)
{
	struct dataplane *dp = log->dp;
	uint64_t ends = event_ring_head(&dp->events[LIMIT_WORKERS]), heads[LIMIT_WORKERS], lost = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < dp->n_workers; i++)
		heads[i] = event_ring_head(&dp->events[i]);
	// Behind the heads: what happens after a change is not written as before it.
	take_change(log);
	for (unsigned int i = 0; i < dp->n_workers; i++)
		n += drain_ring(log, &dp->events[i], heads[i]);
	n += drain_ring(log, &dp->events[LIMIT_WORKERS], ends);
	for (unsigned int i = 0; i < RTE_DIM(dp->events); i++)
		lost += atomic_load_explicit(&dp->events[i].lost, memory_order_relaxed);
	__atomic_store_n(&dp->stats->process.log_lost, lost, __ATOMIC_RELAXED);
	return n;
}

static void wait_for_events(struct session_log *log)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (log->fd >= 0 ? IDLE_MS : 999) * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&log->lock);
	if (!log->changed && !atomic_load(&log->dp->stop))
		pthread_cond_timedwait(&log->wake, &log->lock, &until);
	pthread_mutex_unlock(&log->lock);
}

static void *session_log_main(void *arg)
{
	struct session_log *log = arg;

	while (!atomic_load(&log->dp->stop)) {
		if (session_log_drain(log) == 0)
			wait_for_events(log);
	}
	session_log_drain(log);
	return NULL;
}

int session_log_start(struct dataplane *dp)
{
	int rc = rte_ctrl_thread_create(
		&dp->log->thread, "vr-natlog", NULL, session_log_main, dp->log);

	dp->log->running = rc == 0;
	return rc;
}

void session_log_stop(struct dataplane *dp)
{
	struct session_log *log = dp->log;

	if (log == NULL || !log->running)
		return;
	pthread_mutex_lock(&log->lock);
	pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
	pthread_join(log->thread, NULL);
	log->running = false;
}
