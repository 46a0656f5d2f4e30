// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel as a side of the differential test. What is written to a TAP goes through the whole
// stack before write() returns, so that what comes out is there to be read.
#include "tests/differential/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/differential/conntrack.h"
#include "tests/differential/site.h"

struct kernel {
	int tap[WIRE_COUNT + 1]; // by wire, WIRE_INVALID too
	struct conntrack *conntrack;
};

static const char *const tap_names[] = {
	[WIRE_VPC1] = "vpc1",
	[WIRE_VPC2] = "vpc2",
	[WIRE_PUB0] = "pub0",
	[WIRE_INVALID] = "invalid",
};

// Timers are the data plane's; everything else that is not the default has its reason here.
static const struct {
	const char *name, *value;
} sysctls[] = {
	{ "ipv4/ip_forward", "1" },
	{ "ipv4/conf/all/rp_filter", "0" }, // as the data plane: sources are not filtered by route
	{ "ipv4/conf/default/rp_filter", "0" },
	{ "ipv4/conf/all/send_redirects", "0" }, // neither does the data plane
	{ "ipv4/conf/default/send_redirects", "0" },
	{ "ipv6/conf/all/disable_ipv6", "1" }, // silence on the TAPs
	{ "ipv6/conf/default/disable_ipv6", "1" },
	// RFC 1812 4.3.2.4: from the address of the interface where the packet came in.
	{ "ipv4/icmp_errors_use_inbound_ifaddr", "1" },
	{ "ipv4/icmp_ratelimit", "0" }, // real time would decide what comes out
	{ "ipv4/icmp_msgs_per_sec", "1000000" },
	{ "ipv4/icmp_msgs_burst", "1000000" },
	// RFC 5382 REQ-2: the router does not follow sequence numbers.
	{ "netfilter/nf_conntrack_tcp_be_liberal", "1" },
	{ "netfilter/nf_conntrack_tcp_ignore_invalid_rst", "1" },
	{ "netfilter/nf_conntrack_tcp_loose", "1" }, // connections outlive a restart of the router
	{ "netfilter/nf_conntrack_tcp_max_retrans", "255" }, // every packet looks like the last one
	{ "netfilter/nf_conntrack_checksum", "0" }, // a router does not check L4 (RFC 1812 5.2.2)
	{ "netfilter/nf_conntrack_tcp_timeout_established", "7440" },
	{ "netfilter/nf_conntrack_tcp_timeout_unacknowledged", "7440" },
	{ "netfilter/nf_conntrack_tcp_timeout_max_retrans", "7440" },
	{ "netfilter/nf_conntrack_tcp_timeout_syn_sent", "240" },
	{ "netfilter/nf_conntrack_tcp_timeout_syn_recv", "240" },
	{ "netfilter/nf_conntrack_tcp_timeout_fin_wait", "240" },
	{ "netfilter/nf_conntrack_tcp_timeout_close_wait", "240" },
	{ "netfilter/nf_conntrack_tcp_timeout_last_ack", "240" },
	{ "netfilter/nf_conntrack_tcp_timeout_time_wait", "240" },
	{ "netfilter/nf_conntrack_tcp_timeout_close", "240" },
	{ "netfilter/nf_conntrack_udp_timeout", "300" },
	{ "netfilter/nf_conntrack_udp_timeout_stream", "300" },
	{ "netfilter/nf_conntrack_icmp_timeout", "60" },
	{ "netfilter/nf_conntrack_generic_timeout", "600" },
};

static int set_sysctl(const char *name, const char *value)
{
	char path[128];
	FILE *f;
	int rc = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	f = fopen(path, "w");
	if (f == NULL || fputs(value, f) < 0)
		rc = -errno;
	if (f != NULL && fclose(f) != 0)
		rc = -errno;
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(-rc));
	return rc;
}

static int set_sysctls(void)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < sizeof(sysctls) / sizeof(sysctls[0]); i++)
		rc = set_sysctl(sysctls[i].name, sysctls[i].value);
	return rc;
}

static int open_tap(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int run(const char *command)
{
	int rc = system(command);

	if (rc == 0)
		return 0;
	fprintf(stderr, "failed: %s\n", command);
	return -EINVAL;
}

static int know_neighbours(void)
{
	FILE *f = popen("ip -batch -", "w");

	if (f == NULL)
		return -errno;
	for (unsigned int i = 0; i < SITE_HOSTS; i++) {
		uint32_t ip = site_hosts[i].ip;

		fprintf(f,
			"neigh add %u.%u.%u.%u lladdr 02:00:00:00:01:%02x dev %s nud permanent\n",
			ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255, i,
			tap_names[site_hosts[i].wire]);
	}
	return pclose(f) == 0 ? 0 : -EINVAL;
}

// Number of frames, or negative errno.
static int drain(struct kernel *k, struct exchange *x)
{
	int n = 0;

	for (unsigned int wire = 1; wire <= WIRE_INVALID; wire++)
		for (;;) {
			struct frame f = { .wire = wire }, *to = &x->out.f[x->out.n];
			ssize_t got = read(k->tap[wire], f.data, sizeof(f.data));

			if (got < 0 && errno == EAGAIN)
				break;
			if (got < 0 || x->out.n == FRAMES_MAX)
				return got < 0 ? -errno : -ENOBUFS;
			n++;
			f.len = got;
			if (wire == WIRE_INVALID)
				x->invalid = true;
			else
				*to = f, x->out.n++;
		}
	return n;
}

static int play(void *state, struct exchange *x)
{
	struct kernel *k = state;
	int rc = 0;

	x->out.n = 0;
	x->invalid = false;
	for (unsigned int i = 0; rc >= 0 && i < x->in.n; i++) {
		struct frame *f = &x->in.f[i];

		conntrack_saw(k->conntrack, f);
		if (write(k->tap[f->wire], f->data, f->len) != f->len)
			return -EIO;
		rc = drain(k, x);
	}
	return rc < 0 ? rc : 0;
}

static int pass(void *state, uint32_t seconds)
{
	struct kernel *k = state;

	return conntrack_pass(k->conntrack, seconds);
}

static int reset(void *state)
{
	struct kernel *k = state;

	return conntrack_reset(k->conntrack);
}

int kernel_side(struct side *side)
{
	struct kernel *k = calloc(1, sizeof(*k)); // for the life of the process
	int rc;

	if (k == NULL)
		return -ENOMEM;
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	for (unsigned int wire = 1; wire <= WIRE_INVALID; wire++) {
		k->tap[wire] = open_tap(tap_names[wire]);
		if (k->tap[wire] < 0)
			return k->tap[wire];
	}
	// The rules first: conntrack's sysctls come with them.
	rc = run("nft -f " SITE "/site.nft");
	if (rc == 0)
		rc = set_sysctls();
	if (rc == 0)
		rc = run("ip -batch " SITE "/site.ip");
	if (rc == 0)
		rc = know_neighbours();
	if (rc == 0)
		rc = conntrack_create(&k->conntrack);
	*side = (struct side){
		.name = "kernel", .state = k, .play = play, .pass = pass, .reset = reset
	};
	return rc;
}
