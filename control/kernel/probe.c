// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A ping socket (icmp(7)): the kernel writes the identifier and the checksums, and hands over the
// answers that have the identifier.
#include "control/kernel/probe.h"

#include <errno.h>
#include <linux/icmp.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/kernel/netns.h"

// The identifiers that the data plane leaves to the kernel, as it does ports (sysctl.c).
#define ID_FIRST 10240
#define ID_COUNT (32767 - ID_FIRST + 1)
#define ID_TRIES 16

#define READS_MAX 1024 // answers per call: more do not wait in the socket

struct echo {
	struct icmphdr icmp;
	uint8_t cookie[sizeof(uint64_t)];
};

static int open_inside(void *arg)
{
	struct probe *p = arg;

	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
	return p->fd < 0 ? -errno : 0;
}

// Any identifier that no other ping of the namespace has.
static int choose_id(struct probe *p)
{
	for (unsigned int tries = 0; tries < ID_TRIES; tries++) {
		struct sockaddr_in name = { .sin_family = AF_INET };
		uint16_t number;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -EIO;
		name.sin_port = htons((uint16_t)(ID_FIRST + number % ID_COUNT));
		if (bind(p->fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
			return 0;
	}
	return -errno;
}

int probe_open(struct probe *p, int netns_fd)
{
	int rc, on = 1;

	*p = (struct probe){ .fd = -1 };
	rc = netns_run(netns_fd, open_inside, p);
	if (rc == 0)
		rc = choose_id(p);
	if (rc == 0 && setsockopt(p->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0)
		rc = -errno;
	if (rc < 0)
		probe_close(p);
	return rc;
}

void probe_close(struct probe *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

int probe_send(
	struct probe *p, int ifindex, struct in_addr from, struct in_addr to, uint64_t cookie)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr = to };
	struct in_pktinfo way = { .ipi_ifindex = ifindex, .ipi_spec_dst = from };
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(way))];
	} control = { .bytes = { 0 } };
	struct echo e = { .icmp = { .type = ICMP_ECHO } };
	struct iovec iov = { .iov_base = &e, .iov_len = sizeof(e) };
	struct msghdr m = { .msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	e.icmp.un.echo.sequence = htons(p->sequence++);
	memcpy(e.cookie, &cookie, sizeof(cookie));
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(way));
	memcpy(CMSG_DATA(c), &way, sizeof(way));
	return sendmsg(p->fd, &m, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int netdev_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		struct in_pktinfo way;

		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&way, CMSG_DATA(c), sizeof(way));
		return way.ipi_ifindex;
	}
	return 0;
}

void probe_read(struct probe *p,
	void (*each)(void *ctx, int ifindex, struct in_addr from, uint64_t cookie), void *ctx)
{
	for (unsigned int i = 0; i < READS_MAX; i++) {
		uint8_t control[128] __attribute__((aligned(8)));
		struct sockaddr_in from = { 0 };
		struct echo e;
		struct iovec iov = { .iov_base = &e, .iov_len = sizeof(e) };
		struct msghdr m = { .msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT);
		uint64_t cookie;

		if (n < 0 && errno == EAGAIN)
			return;
		if (n != sizeof(e) || e.icmp.type != ICMP_ECHOREPLY)
			continue;
		memcpy(&cookie, e.cookie, sizeof(cookie));
		each(ctx, netdev_of(&m), from.sin_addr, cookie);
	}
}
