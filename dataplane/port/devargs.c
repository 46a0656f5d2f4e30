// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Allow-lists, not deny-lists: commas, equal signs, brackets and spaces separate device arguments.
#include "dataplane/port/devargs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/punt/err.h"
#include "dataplane/punt/netns.h"

#define PLAIN	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define PCI_LEN 12 // "0000:00:05.0"

static bool only(const char *s, const char *allowed)
{
	return s[strspn(s, allowed)] == '\0';
}

bool devargs_netdev_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < MSG_NAME_MAX && only(name, PLAIN) && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

bool devargs_path_ok(const char *path)
{
	size_t len = strlen(path);

	return len > 1 && len < MSG_ADDRESS_MAX && path[0] == '/' && path[len - 1] != '/' &&
	       only(path, PLAIN "/");
}

bool devargs_pci_ok(const char *address)
{
	if (strlen(address) != PCI_LEN || address[4] != ':' || address[7] != ':' ||
		address[10] != '.')
		return false;
	// Lower case as DPDK prints it: the address is also the device's name.
	for (size_t i = 0; i < PCI_LEN - 1; i++)
		if (i != 4 && i != 7 && i != 10 && strchr("0123456789abcdef", address[i]) == NULL)
			return false;
	return address[11] >= '0' && address[11] <= '7';
}

bool devargs_split_tap(const char *address, char netdev[MSG_NAME_MAX], char netns[64])
{
	const char *at = strchr(address, '@');

	if (at == NULL || at - address >= MSG_NAME_MAX || strlen(at + 1) >= 64)
		return false;
	snprintf(netdev, MSG_NAME_MAX, "%.*s", (int)(at - address), address);
	snprintf(netns, 64, "%s", at + 1);
	return devargs_netdev_ok(netdev) && netns_name_ok(netns) && only(netns, PLAIN);
}

static int bad_address(const char *address, const char *wanted, char *err, size_t errlen)
{
	return err_set(err, errlen, -EINVAL, "\"%s\" is not %s", address, wanted);
}

int devargs_build(const struct obj_port *conf, char name[64], char args[DEVARGS_MAX], char *err,
	size_t errlen)
{
	const char *address = conf->address;
	unsigned int queues = conf->queues > 0 ? conf->queues : 1;

	switch (conf->driver) {
	case PORT_VHOST_USER:
		if (!devargs_path_ok(address))
			return bad_address(address, "an absolute socket path", err, errlen);
		snprintf(name, 64, "net_vhost%u", conf->id);
		snprintf(args, DEVARGS_MAX, "%s,iface=%s,queues=%u", name, address, queues);
		return 0;
	case PORT_MEMIF:
		if (!devargs_path_ok(address))
			return bad_address(address, "an absolute socket path", err, errlen);
		snprintf(name, 64, "net_memif%u", conf->id);
		snprintf(args, DEVARGS_MAX, "%s,role=server,id=0,socket=%s,socket-abstract=no",
			name, address);
		return 0;
	case PORT_PCI:
		if (!devargs_pci_ok(address))
			return bad_address(address, "a PCI address like 0000:00:05.0", err, errlen);
		snprintf(name, 64, "%.*s", PCI_LEN, address);
		snprintf(args, DEVARGS_MAX, "%s", address);
		return 0;
	case PORT_AF_PACKET:
		if (!devargs_netdev_ok(address))
			return bad_address(address, "a netdev name", err, errlen);
		snprintf(name, 64, "net_af_packet%u", conf->id);
		snprintf(args, DEVARGS_MAX,
			"%s,iface=%s,qpairs=1,blocksz=65536,framesz=2048,framecnt=2048,"
			"qdisc_bypass=1",
			name, address);
		return 0;
	case PORT_AF_XDP:
		if (!devargs_netdev_ok(address))
			return bad_address(address, "a netdev name", err, errlen);
		// A device outlives its port, whose id another one may get.
		snprintf(name, 64, "net_af_xdp_%.*s", MSG_NAME_MAX - 1, address);
		// Without busy polling: workers would poll the kernel in each walk. In zero-copy
		// mode the driver may wait a second for a packet then, so not that either.
		snprintf(args, DEVARGS_MAX,
			"%s,iface=%s,start_queue=0,queue_count=1,busy_budget=0,force_copy=1", name,
			address);
		return 0;
	default:
		return err_set(err, errlen, -ENOTSUP, "this port driver is not supported");
	}
}
