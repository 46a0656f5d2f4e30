// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A visit is made by a short-lived thread of its own: one that went itself and could not come back
// would act in a foreign namespace from there on.
#include "dataplane/punt/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#define NETNS_NAME_MAX 63

bool netns_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NETNS_NAME_MAX && strchr(name, '/') == NULL &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int netns_open(const char *name)
{
	char path[sizeof("/run/netns/") + NETNS_NAME_MAX];
	int fd;

	if (!netns_name_ok(name))
		return -EINVAL;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

struct visit {
	int netns;
	int (*fn)(void *arg);
	void *arg;
	int ret;
};

static void *visit_netns(void *arg)
{
	struct visit *v = arg;

	v->ret = setns(v->netns, CLONE_NEWNET) < 0 ? -errno : v->fn(v->arg);
	return NULL;
}

int netns_run(const char *name, int (*fn)(void *arg), void *arg)
{
	struct visit v = { .netns = netns_open(name), .fn = fn, .arg = arg };
	pthread_t thread;
	int ret;

	if (v.netns < 0)
		return v.netns;
	ret = -pthread_create(&thread, NULL, visit_netns, &v);
	if (ret == 0)
		ret = -pthread_join(thread, NULL);
	close(v.netns);
	return ret == 0 ? v.ret : ret;
}

static int open_netlink(void *arg)
{
	struct mnl_socket **out = arg;
	int on = 1;

	*out = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (*out == NULL)
		return -errno;
	// Errors in words, and without our request repeated in them. Old kernels lack both: fine.
	mnl_socket_setsockopt(*out, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(*out, NETLINK_CAP_ACK, &on, sizeof(on));
	if (mnl_socket_bind(*out, 0, MNL_SOCKET_AUTOPID) == 0)
		return 0;
	on = -errno;
	mnl_socket_close(*out);
	return on;
}

int netns_netlink(const char *name, struct mnl_socket **out)
{
	return name == NULL ? open_netlink(out) : netns_run(name, open_netlink, out);
}
