// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Connection to the data plane: comes up by a timer or when a request needs it, goes down at the
// first thing that is not as agreed. Everything runs on the commit thread.
#include "control/dataplane/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "control/dataplane/internal.h"
#include "control/dataplane/io.h"
#include "control/main/log.h"

#define HANDSHAKE_MS   2000
#define REQUEST_MS     10000
#define TRANSACTION_MS 30000
// Until the next attempt. A data plane that is back forwards nothing before it is configured; one
// that takes connections but does not greet properly must not keep the commit thread waiting.
#define RETRY_MS   100
#define BACKOFF_MS 5000

// The next attempt; 0: none.
static void retry_after(struct client *c, long milliseconds)
{
	const struct itimerspec at = { .it_value = { milliseconds / 1000,
					       milliseconds % 1000 * 1000000 } };

	if (timerfd_settime(c->retry.fd, 0, &at, NULL) < 0)
		log_error("timer of the data plane's connection: %s", strerror(errno));
}

static void on_retry(void *ctx, uint32_t events)
{
	struct client *c = ctx;
	uint64_t expirations;

	if (read(c->retry.fd, &expirations, sizeof(expirations)) > 0 && c->fd < 0)
		client_connect(c);
}

// Between requests: FD and EVENT messages, and the peer's end.
static void on_readable(void *ctx, uint32_t events)
{
	struct client *c = ctx;

	while (c->fd >= 0) {
		int fd, rc = io_receive(c->fd, c->in, sizeof(c->in), &fd, IO_NOW);

		if (rc == -ETIMEDOUT && (events & (EPOLLHUP | EPOLLERR)) == 0)
			return;
		if (rc >= 0)
			rc = client_unsolicited(c, (size_t)rc, fd);
		if (rc < 0)
			client_disconnect(c, rc == -EPROTO ? "unexpected message" : "hangup");
	}
}

struct client *client_create(
	const char *socket_path, struct jobs *jobs, const struct client_events *events)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = c->out_fd = -1;
	c->retry.fd = -1;
	c->jobs = jobs;
	c->path.sun_family = AF_UNIX;
	c->stats =
		mmap(NULL, sizeof(struct stats_shm), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (strlen(socket_path) >= sizeof(c->path.sun_path) || c->stats == MAP_FAILED)
		goto fail;
	strcpy(c->path.sun_path, socket_path);
	if (events != NULL)
		c->events = *events;
	c->deadlines = (struct client_deadlines){ HANDSHAKE_MS, REQUEST_MS, TRANSACTION_MS };
	c->readable = (struct watch){ .fd = -1, .ready = on_readable, .ctx = c };
	c->retry.ready = on_retry;
	c->retry.ctx = c;
	c->retry.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->retry.fd < 0 || jobs_watch(jobs, &c->retry) < 0)
		goto fail;
	retry_after(c, RETRY_MS);
	return c;
fail:
	if (c->retry.fd >= 0)
		close(c->retry.fd);
	if (c->stats != MAP_FAILED)
		munmap(c->stats, sizeof(struct stats_shm));
	free(c);
	return NULL;
}

void client_destroy(struct client *c)
{
	if (c == NULL)
		return;
	if (c->fd >= 0)
		client_disconnect(c, NULL);
	jobs_unwatch(c->jobs, &c->retry);
	close(c->retry.fd);
	fdkeeper_clear(&c->keeper);
	munmap(c->stats, sizeof(struct stats_shm));
	free(c);
}

void client_set_deadlines(struct client *c, const struct client_deadlines *deadlines)
{
	c->deadlines = *deadlines;
}

void client_set_namer(struct client *c, const struct client_namer *namer)
{
	c->namer = *namer;
}

bool client_connected(const struct client *c)
{
	return client_boot_id(c) != 0;
}

uint64_t client_boot_id(const struct client *c)
{
	return atomic_load(&c->boot_id);
}

uint64_t client_generation(const struct client *c)
{
	return c->generation;
}

const struct stats_shm *client_stats(const struct client *c)
{
	return atomic_load(&c->has_stats) ? c->stats : NULL;
}

void client_disconnect(struct client *c, const char *reason)
{
	if (c->fd < 0)
		return;
	if (reason != NULL)
		log_warning("data plane disconnected: %s", reason);
	if (c->readable.fd >= 0)
		jobs_unwatch(c->jobs, &c->readable);
	c->readable.fd = -1;
	close(c->fd);
	c->fd = -1;
	retry_after(c, RETRY_MS);
	atomic_store(&c->boot_id, 0);
}

static int open_socket(struct client *c)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&c->path, sizeof(c->path)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

// A condition that lasts is logged once, not with every attempt.
static int failed(struct client *c, const char *what, int err)
{
	const char *why = err == -EPROTONOSUPPORT ? "it is of another version"
			  : err == -EBUSY	  ? "it has another client"
						  : strerror(-err);

	if (err != c->logged)
		log_warning("data plane at %s: %s: %s", c->path.sun_path, what, why);
	c->logged = err;
	return err;
}

int client_reach(struct client *c)
{
	return c->fd < 0 && c->transaction ? -ENOTCONN : client_connect(c);
}

int client_connect(struct client *c)
{
	bool fresh = false;
	int fd, rc;

	if (c->fd >= 0)
		return 0;
	fd = open_socket(c);
	if (fd < 0) {
		retry_after(c, RETRY_MS);
		return failed(c, "cannot connect", fd);
	}
	rc = client_handshake(c, fd, &fresh);
	if (rc == 0) {
		c->readable.fd = fd;
		rc = jobs_watch(c->jobs, &c->readable);
	}
	if (rc < 0) {
		c->readable.fd = -1;
		close(fd);
		retry_after(c, rc == -EBUSY ? RETRY_MS : BACKOFF_MS);
		return failed(c, "handshake failed", rc);
	}
	retry_after(c, 0);
	c->fd = fd;
	c->transaction = false;
	c->logged = 0;
	atomic_store(&c->boot_id, c->known_boot_id);
	log_info("data plane connected: boot id %016llx, generation %llu%s",
		(unsigned long long)c->known_boot_id, (unsigned long long)c->generation,
		fresh ? ", new" : "");
	if (c->events.connected != NULL)
		c->events.connected(c->events.ctx, fresh);
	return 0;
}
