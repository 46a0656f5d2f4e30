// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// /proc/sys/net shows the namespace of the thread that opens it.
#include "control/kernel/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/kernel/netns.h"
#include "control/main/log.h"

struct setting {
	const char *path, *value;
};

// New netdevs take `default` when they enter the namespace; existing ones that nobody has touched
// follow it. arp_*: one mirror never answers for another one's address (RFC 1122 3.3.4.2, strong
// host). The port range leaves 1024-10239 and 32768-65535 of interface addresses to NAT.
static const struct setting inside[] = {
	{ "ipv4/ip_forward", "0" }, { "ipv4/conf/all/forwarding", "0" },
	{ "ipv4/conf/default/forwarding", "0" }, { "ipv4/conf/all/arp_ignore", "1" },
	{ "ipv4/conf/default/arp_ignore", "1" }, { "ipv4/conf/all/arp_announce", "2" },
	{ "ipv4/conf/default/arp_announce", "2" }, { "ipv4/conf/all/rp_filter", "0" },
	{ "ipv4/conf/default/rp_filter", "0" }, { "ipv4/conf/all/accept_redirects", "0" },
	{ "ipv4/conf/default/accept_redirects", "0" }, { "ipv4/conf/all/send_redirects", "0" },
	{ "ipv4/conf/default/send_redirects", "0" }, { "ipv4/conf/all/promote_secondaries", "1" },
	{ "ipv4/conf/default/promote_secondaries", "1" },
	{ "ipv4/nexthop_compat_mode", "1" }, // routes tell what their nexthop object leads to
	{ "ipv4/ip_local_port_range", "10240 32767" },
	{ "ipv4/ping_group_range", "0 2147483647" }, // as systemd has it: probes of uplinks
};

// Neighbour table sizes are one for all namespaces and visible in the first one only.
static const struct setting everywhere[] = {
	{ "ipv4/neigh/default/gc_thresh3", "32768" },
	{ "ipv4/neigh/default/gc_thresh2", "16384" },
	{ "ipv4/neigh/default/gc_thresh1", "8192" },
};

static int open_setting(const struct setting *s, int mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", s->path);
	fd = open(path, mode | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int write_setting(const struct setting *s)
{
	int fd = open_setting(s, O_WRONLY), rc = 0;

	if (fd < 0)
		rc = fd;
	else if (write(fd, s->value, strlen(s->value)) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		log_warning("cannot set net/%s to %s: %s", s->path, s->value, strerror(-rc));
	return rc;
}

// An administrator's larger table stays.
static void raise_setting(const struct setting *s)
{
	char text[32] = "";
	int fd = open_setting(s, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n > 0 && strtoul(text, NULL, 10) < strtoul(s->value, NULL, 10))
		write_setting(s);
}

static int loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		rc = -errno;
	r.ifr_flags |= IFF_UP;
	if (rc == 0 && ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static int apply_inside(void *arg)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		int one = write_setting(&inside[i]);

		rc = one < 0 ? one : rc;
	}
	if (rc == 0)
		rc = loopback_up();
	return rc;
}

int sysctl_apply(int netns_fd)
{
	for (size_t i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++)
		raise_setting(&everywhere[i]);
	return netns_run(netns_fd, apply_inside, NULL);
}
