// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Opens the NAT log for the data plane, which has no business in the file system, and hands it the
// descriptor; again when the file was renamed (logrotate), the syslog restarted, or the data plane.
// A log that cannot be opened refuses a change that asks for it, and nothing else: translation does
// not depend on its log.
#include "control/dataplane/natlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSLOG_PATH "/dev/log"

struct natlog {
	struct client *client;
	struct nat_log_config sent; // what the data plane has
	uint64_t boot_id;	    // of the data plane that has it, 0: none
	dev_t dev;		    // of the file or socket at that time
	ino_t ino;
	const char *_Atomic degraded;
};

static const char *path_of(const struct nat_log_config *log)
{
	return log->kind == LOG_SYSLOG ? SYSLOG_PATH : log->file;
}

static int open_file(const char *path)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static int open_syslog(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = SYSLOG_PATH };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

// Descriptor, or negative errno. Not for LOG_OFF.
static int open_log(const struct nat_log_config *log)
{
	return log->kind == LOG_SYSLOG ? open_syslog() : open_file(log->file);
}

static bool same(const struct nat_log_config *a, const struct nat_log_config *b)
{
	return a->kind == b->kind && a->destinations == b->destinations &&
	       strcmp(a->file, b->file) == 0;
}

static int prepare(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	const struct nat_log_config *log = &to->nat.log;
	int fd;

	if (from == NULL || log->kind == LOG_OFF || same(&from->nat.log, log))
		return 0;
	fd = open_log(log);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	problem_add(p, log->kind == LOG_SYSLOG ? "/nat/log/syslog" : "/nat/log/file",
		"%s cannot be opened: %s", path_of(log),
		fd == -EINVAL ? "not a regular file" : strerror(-fd));
	if (p->status == 0)
		p->status = 422;
	return fd;
}

static void remember(struct natlog *n, const struct nat_log_config *log)
{
	struct stat st = { 0 };

	if (log->kind != LOG_OFF && stat(path_of(log), &st) < 0)
		st = (struct stat){ 0 };
	n->sent = *log;
	n->boot_id = client_boot_id(n->client);
	n->dev = st.st_dev;
	n->ino = st.st_ino;
}

static void send_log(struct natlog *n, const struct nat_log_config *log)
{
	int fd = log->kind == LOG_OFF ? -1 : open_log(log), rc;

	if (log->kind != LOG_OFF && fd < 0) {
		atomic_store(&n->degraded, "the NAT log cannot be opened");
		return;
	}
	rc = client_log(n->client, log->kind, log->destinations, fd);
	if (fd >= 0)
		close(fd);
	if (rc == 0)
		remember(n, log);
	atomic_store(&n->degraded, rc == 0	     ? NULL
				   : rc == -ENOTCONN ? "the data plane cannot be reached"
						     : "the data plane refused the NAT log");
}

// Whether the data plane writes where it should.
static bool current(const struct natlog *n, const struct nat_log_config *log)
{
	struct stat st;

	if (n->boot_id != client_boot_id(n->client) || !same(&n->sent, log))
		return false;
	return log->kind == LOG_OFF ||
	       (stat(path_of(log), &st) == 0 && st.st_dev == n->dev && st.st_ino == n->ino);
}

static int apply(void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct natlog *n = ctx;

	if (current(n, &to->nat.log))
		atomic_store(&n->degraded, NULL); // out of reach meanwhile, but it lost nothing
	else
		send_log(n, &to->nat.log);
	return 0;
}

static void undo(void *ctx, const struct config *from, const struct config *to, bool applied)
{
	struct natlog *n = ctx;

	if (applied && from != NULL && !current(n, &from->nat.log))
		send_log(n, &from->nat.log);
}

static int compare(void *ctx, const struct config *now, bool repair)
{
	struct natlog *n = ctx;

	if (!client_connected(n->client))
		return -ENOTCONN;
	if (current(n, &now->nat.log)) {
		atomic_store(&n->degraded, NULL);
		return 0;
	}
	if (repair)
		send_log(n, &now->nat.log);
	return 1;
}

static const char *degraded(void *ctx)
{
	return atomic_load(&((struct natlog *)ctx)->degraded);
}

struct natlog *natlog_create(struct client *client)
{
	struct natlog *n = calloc(1, sizeof(*n));

	if (n != NULL)
		n->client = client;
	return n;
}

void natlog_destroy(struct natlog *n)
{
	free(n);
}

struct subsystem natlog_subsystem(struct natlog *n)
{
	return (struct subsystem){ "nat_log", n, prepare, apply, undo, compare, degraded };
}
