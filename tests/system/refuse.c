// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Preloaded into vrouter-control by test_every_step.py: makes the n-th step of one kind fail, as
// the other side would fail it. The test says which in a file that both have mapped.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "dataplane/api/proto.h"

#define UNKNOWN_TYPE 0x3ff0 // of a netlink message: the kernel answers EOPNOTSUPP to it

// As in test_every_step.py.
enum kind {
	NOTHING,
	KERNEL_CHANGE, // a message that changes something, alone or in a batch: the kernel refuses
		       // it
	KERNEL_READ,  // a dump: not sent
	DATA_PLANE,   // an object, or the preparation: the data plane refuses it
	CONNECTION,   // any message to the data plane: the connection breaks
	STORE,	      // a call that changes the directory of states
	PROGRAM,      // a program that is started
	ANNOUNCEMENT, // a gratuitous ARP
};

struct plan {
	_Atomic uint32_t kind; // enum kind
	_Atomic uint32_t at;   // the step that fails, from 1
	_Atomic uint32_t seen; // steps of that kind so far
	_Atomic uint32_t hit;
};

static struct plan *plan;
static const char *states;

#define REAL(function) ((__typeof__(&(function)))dlsym(RTLD_NEXT, #function))

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("VROUTER_REFUSE");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0)
		map = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	states = getenv("VROUTER_REFUSE_STATES");
	if (map == MAP_FAILED || states == NULL) {
		fprintf(stderr, "refuse: no plan\n");
		_exit(99);
	}
	close(fd);
	plan = map;
}

static bool watched(enum kind kind)
{
	return plan != NULL && plan->kind == kind;
}

static bool due(enum kind kind)
{
	if (!watched(kind) || atomic_fetch_add(&plan->seen, 1) + 1 != plan->at)
		return false;
	plan->hit = 1;
	return true;
}

static int refuse(int err)
{
	errno = err;
	return -1;
}

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -1 : value;
}

// The messages of a batch, one after the other: the one whose turn it is gets a type that nobody
// knows.
static void spoil_netlink(void *buffer, size_t len)
{
	struct nlmsghdr *h = buffer;
	int left = (int)len;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		if ((h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP && due(KERNEL_CHANGE))
			h->nlmsg_type = UNKNOWN_TYPE;
}

static bool is_dump(const void *buffer, size_t len)
{
	const struct nlmsghdr *h = buffer;

	return len >= sizeof(*h) && (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

static ssize_t send_netlink(int fd, const void *buffer, size_t len, int flags,
	const struct sockaddr *to, socklen_t to_len)
{
	void *copy = malloc(len);
	ssize_t n = -1;
	int err = ENOMEM;

	if (copy != NULL) {
		memcpy(copy, buffer, len);
		if (!is_dump(buffer, len))
			spoil_netlink(copy, len);
		n = REAL(sendto)(fd, copy, len, flags, to, to_len);
		err = errno;
		free(copy);
	}
	errno = err;
	return n;
}

ssize_t sendto(int fd, const void *buffer, size_t len, int flags, const struct sockaddr *to,
	socklen_t to_len)
{
	if (watched(ANNOUNCEMENT) && option(fd, SO_DOMAIN) == AF_PACKET && due(ANNOUNCEMENT))
		return refuse(ENOBUFS);
	if (watched(KERNEL_READ) && option(fd, SO_DOMAIN) == AF_NETLINK && is_dump(buffer, len) &&
		due(KERNEL_READ))
		return refuse(ENOBUFS);
	if (watched(KERNEL_CHANGE) && option(fd, SO_DOMAIN) == AF_NETLINK)
		return send_netlink(fd, buffer, len, flags, to, to_len);
	return REAL(sendto)(fd, buffer, len, flags, to, to_len);
}

// The last object of a message gets the id that none may have; without a preparation there is
// nothing to commit.
static void spoil_request(uint8_t *message, size_t len)
{
	struct msg_objects *m = (void *)message;

	if (m->h.type == MSG_PREPARE)
		m->h.type = MSG_ABORT;
	else
		memset(message + len - (len - sizeof(*m)) / m->count, 0, sizeof(uint32_t));
}

static ssize_t send_request(int fd, const struct msghdr *m, int flags)
{
	static _Thread_local uint8_t copy[MSG_MAX];
	struct iovec iov = { .iov_base = copy, .iov_len = m->msg_iov[0].iov_len };
	const struct msg_header *h = m->msg_iov[0].iov_base;
	struct msghdr changed = *m;

	if ((h->type != MSG_OBJECTS && h->type != MSG_PREPARE) || !due(DATA_PLANE))
		return REAL(sendmsg)(fd, m, flags);
	memcpy(copy, h, iov.iov_len);
	spoil_request(copy, iov.iov_len);
	changed.msg_iov = &iov;
	return REAL(sendmsg)(fd, &changed, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	bool request = (watched(DATA_PLANE) || watched(CONNECTION)) &&
		       option(fd, SO_TYPE) == SOCK_SEQPACKET;

	if (request && due(CONNECTION)) {
		shutdown(fd, SHUT_RDWR);
		return refuse(EPIPE);
	}
	return request ? send_request(fd, m, flags) : REAL(sendmsg)(fd, m, flags);
}

static bool is_state(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n >= (ssize_t)strlen(states) && strncmp(path, states, strlen(states)) == 0;
}

static bool store_due(int fd)
{
	return watched(STORE) && is_state(fd) && due(STORE);
}

// With 64-bit offsets this is openat64(), here as in control.
int openat(int dir, const char *path, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
	va_end(more);
	if ((flags & O_CREAT) != 0 && store_due(dir))
		return refuse(EDQUOT);
	return REAL(openat)(dir, path, flags, mode);
}

ssize_t write(int fd, const void *data, size_t len)
{
	return store_due(fd) ? refuse(ENOSPC) : REAL(write)(fd, data, len);
}

int fsync(int fd)
{
	return store_due(fd) ? refuse(EIO) : REAL(fsync)(fd);
}

int renameat(int from, const char *old, int to, const char *new)
{
	return store_due(to) ? refuse(EIO) : REAL(renameat)(from, old, to, new);
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attr, char *const argv[], char *const env[])
{
	return due(PROGRAM) ? EAGAIN : REAL(posix_spawnp)(pid, file, actions, attr, argv, env);
}
