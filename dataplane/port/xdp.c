// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The program is part of ours, so that it is found wherever we run from: libbpf reads it from
// memory, the driver from a file without a name.
#include "dataplane/port/xdp.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/port/xdp_program.h"
#include "dataplane/punt/err.h"

int xdp_create(struct xdp **out)
{
	struct xdp *x = calloc(1, sizeof(*x));
	int ret = 0;

	if (x == NULL)
		return -ENOMEM;
	SLIST_INIT(&x->parked);
	x->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	x->program = memfd_create("vrouter-xdp", MFD_CLOEXEC);
	if (x->control < 0 || x->program < 0)
		ret = -errno;
	else if (write(x->program, xdp_program, sizeof(xdp_program)) != sizeof(xdp_program))
		ret = -EIO;
	if (ret == 0)
		*out = x;
	else
		xdp_destroy(x);
	return ret;
}

static void close_device(struct xdp_device *d)
{
	struct rte_eth_dev_info info;

	if (!d->broken && rte_eth_dev_info_get(d->ethdev, &info) == 0) {
		rte_eth_dev_close(d->ethdev);
		rte_dev_remove(info.device);
	}
	free(d);
}

void xdp_destroy(struct xdp *x)
{
	struct xdp_device *d;

	if (x == NULL)
		return;
	while ((d = SLIST_FIRST(&x->parked)) != NULL) {
		SLIST_REMOVE_HEAD(&x->parked, next);
		close_device(d);
	}
	if (x->program >= 0)
		close(x->program);
	if (x->control >= 0)
		close(x->control);
	free(x);
}

// Adds the reason of a refusal where it can be told.
static int explain(int ret, const char *name, char *err, size_t errlen)
{
	const char *why =
		ret == -ERANGE ? " (a veth and its far end may have an MTU of at most 3506)" : "";

	return err_set(err, errlen, ret, "cannot attach the XDP program to netdev \"%s\": %s%s",
		name, strerror(-ret), why);
}

int xdp_program_clear(unsigned int ifindex, const char *name, char *err, size_t errlen)
{
	struct bpf_object *object = bpf_object__open_mem(xdp_program, sizeof(xdp_program), NULL);
	int ret;

	if (object == NULL)
		return err_set(err, errlen, -errno, "XDP program: %s", strerror(errno));
	ret = bpf_object__load(object);
	if (ret < 0) {
		bpf_object__close(object);
		return err_set(
			err, errlen, ret, "the kernel refuses the XDP program: %s", strerror(-ret));
	}
	// Replaces a stale program: there is no time without one until the driver's turn, which
	// wants none.
	ret = bpf_xdp_attach(
		(int)ifindex, bpf_program__fd(bpf_object__next_program(object, NULL)), 0, NULL);
	if (ret == 0)
		ret = bpf_xdp_detach((int)ifindex, 0, NULL);
	bpf_object__close(object);
	return ret == 0 ? 0 : explain(ret, name, err, errlen);
}

void xdp_park(struct xdp *x, struct xdp_device *d)
{
	SLIST_INSERT_HEAD(&x->parked, d, next);
}

// Devices whose netdev is gone: their name must become free for the netdev's successor.
static void close_dead(struct xdp *x)
{
	struct xdp_device *d, *following;

	for (d = SLIST_FIRST(&x->parked); d != NULL; d = following) {
		following = SLIST_NEXT(d, next);
		if (d->broken || if_nametoindex(d->netdev) == d->ifindex)
			continue;
		SLIST_REMOVE(&x->parked, d, xdp_device, next);
		close_device(d);
	}
}

struct xdp_device *xdp_unpark(struct xdp *x, const char *netdev)
{
	struct xdp_device *d;

	close_dead(x);
	SLIST_FOREACH(d, &x->parked, next)
	if (strcmp(d->netdev, netdev) == 0)
		break;
	if (d != NULL)
		SLIST_REMOVE(&x->parked, d, xdp_device, next);
	return d;
}
