// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// setns() there and back.
#include "control/kernel/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/main/log.h"

int netns_open(const char *name)
{
	char path[sizeof("/run/netns/") + NETNS_NAME_MAX];
	size_t len = strlen(name);
	int fd;

	if (len == 0 || len > NETNS_NAME_MAX || strchr(name, '/') != NULL ||
		strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int netns_run(int netns_fd, int (*fn)(void *arg), void *arg)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int rc;

	if (home < 0)
		return -errno;
	if (setns(netns_fd, CLONE_NEWNET) < 0) {
		rc = -errno;
		close(home);
		return rc;
	}
	rc = fn(arg);
	if (setns(home, CLONE_NEWNET) < 0)
		log_error("cannot return to the own network namespace: %s", strerror(errno));
	close(home);
	return rc;
}
