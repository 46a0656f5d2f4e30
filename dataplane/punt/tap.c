// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Making, adopting and configuring a TAP. The netdev is made here under a passing name and then
// moved with its final one: a descriptor opened inside the namespace would keep that alive after
// its deletion. Nothing here holds anything that lives in the namespace, for the same reason.
#include "dataplane/punt/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_tun.h>

#include "dataplane/punt/err.h"
#include "dataplane/punt/netdev.h"
#include "dataplane/punt/netns.h"

#define TAP_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)

static int tap_init(struct tap *t, const struct tap_conf *conf, struct rte_mempool *pool, char *err,
	size_t errlen)
{
	unsigned int room = rte_pktmbuf_data_room_size(pool);

	*t = (struct tap){ .fd = -1, .carrier = -1, .pool = pool };
	if (strlen(conf->name) >= sizeof(t->name) || !netns_name_ok(conf->netns))
		return err_set(err, errlen, -EINVAL, "\"%s@%s\" is not netdev@namespace",
			conf->name, conf->netns);
	if (conf->mtu > TAP_MTU_MAX)
		return err_set(err, errlen, -EINVAL, "a TAP carries at most %d bytes", TAP_MTU_MAX);
	if (room <= RTE_PKTMBUF_HEADROOM)
		return err_set(err, errlen, -EINVAL, "packet buffers have no room for data");
	room -= RTE_PKTMBUF_HEADROOM;
	// More room than the largest frame: one that was cut off looks larger.
	t->n_segs = TAP_FRAME_MAX / room + 1;
	if (t->n_segs > TAP_SEGS)
		return err_set(
			err, errlen, -EINVAL, "packet buffers of %u bytes are too small", room);
	snprintf(t->name, sizeof(t->name), "%s", conf->name);
	snprintf(t->netns, sizeof(t->netns), "%s", conf->netns);
	return 0;
}

// What the descriptor promises: checksums may be left to us, segmentation never.
static int set_offloads(int fd)
{
	int header = sizeof(struct virtio_net_hdr_v1);
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		ioctl(fd, TUNSETVNETHDRSZ, &header) < 0 ||
		ioctl(fd, TUNSETOFFLOAD, (unsigned long)TUN_F_CSUM) < 0)
		return -errno;
	return 0;
}

// A new netdev in the thread's own namespace; its name goes to `name`. A descriptor or negative
// errno.
static int open_tun(char name[IFNAMSIZ])
{
	struct ifreq ifr = { .ifr_flags = TAP_FLAGS, .ifr_name = "vrtap%d" };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = ioctl(fd, TUNSETIFF, &ifr) < 0 ? -errno : set_offloads(fd);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	memcpy(name, ifr.ifr_name, IFNAMSIZ);
	return fd;
}

static int no_netns(const char *netns, int code, char *err, size_t errlen)
{
	if (code == -ENOENT)
		return err_set(err, errlen, code, "network namespace \"%s\" does not exist", netns);
	return err_set(err, errlen, code, "network namespace \"%s\": %s", netns, strerror(-code));
}

// Moves the netdev `passing` to where it belongs, configured and up.
static int move(const char *passing, const struct tap_conf *conf, char *err, size_t errlen)
{
	struct netdev_change change = {
		.name = conf->name, .mac = conf->mac, .mtu = conf->mtu, .state = NETDEV_UP
	};
	struct mnl_socket *nl;
	struct netdev dev;
	char text[64];
	int ret;

	change.netns_fd = netns_open(conf->netns);
	if (change.netns_fd < 0)
		return no_netns(conf->netns, change.netns_fd, err, errlen);
	ret = netns_netlink(NULL, &nl);
	if (ret < 0) {
		err_set(err, errlen, ret, "netlink: %s", strerror(-ret));
	} else {
		ret = netdev_get(nl, passing, &dev);
		snprintf(text, sizeof(text), "%s", strerror(-ret));
		if (ret == 0)
			ret = netdev_change(nl, dev.ifindex, &change, text, sizeof(text));
		if (ret == -EEXIST)
			snprintf(text, sizeof(text), "the name is taken");
		if (ret < 0)
			err_set(err, errlen, ret, "netdev \"%s\" in namespace \"%s\": %s",
				conf->name, conf->netns, text);
		mnl_socket_close(nl);
	}
	close(change.netns_fd);
	return ret;
}

// Reads the netdev back and changes what differs from `conf`: a MAC that is set anew would flush
// the kernel's neighbours even if it is the same.
static int settle(struct tap *t, const struct tap_conf *conf, char *err, size_t errlen)
{
	struct netdev_change change = { 0 };
	struct mnl_socket *nl;
	struct netdev dev;
	int ret = netns_netlink(conf->netns, &nl);

	if (ret < 0)
		return no_netns(conf->netns, ret, err, errlen);
	ret = netdev_get(nl, conf->name, &dev);
	if (ret < 0) {
		err_set(err, errlen, ret, "netdev \"%s\": %s", conf->name, strerror(-ret));
	} else {
		t->ifindex = dev.ifindex;
		memcpy(t->mac, conf->mac ? conf->mac : dev.mac, sizeof(t->mac));
		change.mac = memcmp(t->mac, dev.mac, sizeof(t->mac)) == 0 ? NULL : t->mac;
		change.mtu = conf->mtu == dev.mtu ? 0 : conf->mtu;
		change.state = dev.flags & IFF_UP ? NETDEV_KEEP : NETDEV_UP;
		if (change.mac != NULL || change.mtu != 0 || change.state != NETDEV_KEEP)
			ret = netdev_change(nl, dev.ifindex, &change, err, errlen);
	}
	mnl_socket_close(nl);
	return ret;
}

int tap_create(struct tap *t, const struct tap_conf *conf, struct rte_mempool *pool, char *err,
	size_t errlen)
{
	char passing[IFNAMSIZ];
	int ret = tap_init(t, conf, pool, err, errlen);

	if (ret < 0)
		return ret;
	t->fd = open_tun(passing);
	if (t->fd < 0)
		return err_set(err, errlen, t->fd, "/dev/net/tun: %s", strerror(-t->fd));
	ret = move(passing, conf, err, errlen);
	if (ret == 0)
		ret = settle(t, conf, err, errlen);
	if (ret < 0)
		tap_close(t);
	return ret;
}

// Whether the descriptor's netdev is the one of that name in that namespace.
static int check_identity(int fd, const struct tap_conf *conf, char *err, size_t errlen)
{
	struct ifreq ifr = { 0 };
	struct stat is, wanted;
	int dev_netns, netns, ret = 0;

	if (ioctl(fd, TUNGETIFF, &ifr) < 0)
		return err_set(err, errlen, -errno, "not a TAP descriptor: %s", strerror(errno));
	if ((ifr.ifr_flags & TAP_FLAGS) != TAP_FLAGS ||
		strncmp(ifr.ifr_name, conf->name, IFNAMSIZ) != 0)
		return err_set(err, errlen, -EINVAL, "descriptor is of TAP \"%.*s\", not \"%s\"",
			IFNAMSIZ, ifr.ifr_name, conf->name);
	netns = netns_open(conf->netns);
	if (netns < 0)
		return no_netns(conf->netns, netns, err, errlen);
	dev_netns = ioctl(fd, TUNGETDEVNETNS);
	if (dev_netns < 0 || fstat(dev_netns, &is) < 0 || fstat(netns, &wanted) < 0)
		ret = err_set(err, errlen, -errno, "namespace of \"%s\": %s", conf->name,
			strerror(errno));
	else if (is.st_ino != wanted.st_ino || is.st_dev != wanted.st_dev)
		ret = err_set(err, errlen, -EINVAL, "TAP \"%s\" is not in namespace \"%s\"",
			conf->name, conf->netns);
	if (dev_netns >= 0)
		close(dev_netns);
	close(netns);
	return ret;
}

int tap_adopt(struct tap *t, int fd, const struct tap_conf *conf, struct rte_mempool *pool,
	char *err, size_t errlen)
{
	int ret = tap_init(t, conf, pool, err, errlen);

	if (ret == 0)
		ret = check_identity(fd, conf, err, errlen);
	if (ret == 0) {
		ret = set_offloads(fd);
		if (ret < 0)
			err_set(err, errlen, ret, "TAP \"%s\": %s", conf->name, strerror(-ret));
	}
	if (ret == 0)
		ret = settle(t, conf, err, errlen);
	if (ret == 0)
		t->fd = fd;
	return ret;
}

void tap_close(struct tap *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	rte_pktmbuf_free_bulk(t->seg, t->n_segs);
	memset(t->seg, 0, sizeof(t->seg));
}

int tap_set_mtu(struct tap *t, uint16_t mtu, char *err, size_t errlen)
{
	struct netdev_change change = { .mtu = mtu };
	struct mnl_socket *nl;
	int ret;

	if (mtu > TAP_MTU_MAX)
		return err_set(err, errlen, -EINVAL, "a TAP carries at most %d bytes", TAP_MTU_MAX);
	ret = netns_netlink(t->netns, &nl);
	if (ret < 0)
		return no_netns(t->netns, ret, err, errlen);
	ret = netdev_change(nl, t->ifindex, &change, err, errlen);
	mnl_socket_close(nl);
	return ret;
}

// The kernel tells others of a lost carrier with up to a second of delay (it collects such events),
// but at once of an operational state that it is told. Without that it does the same later.
static void tell_of_carrier(const struct tap *t, bool up)
{
	struct netdev_change change = { .operstate = up ? IF_OPER_UP : IF_OPER_DORMANT };
	struct mnl_socket *nl;
	char err[1];

	if (netns_netlink(t->netns, &nl) < 0)
		return;
	(void)netdev_change(nl, t->ifindex, &change, err, sizeof(err));
	mnl_socket_close(nl);
}

int tap_set_carrier(struct tap *t, bool up)
{
	int carrier = up;

	if (t->carrier == carrier)
		return 0;
	if (ioctl(t->fd, TUNSETCARRIER, &carrier) < 0)
		return -errno;
	t->carrier = carrier;
	tell_of_carrier(t, up);
	return 0;
}

bool tap_link_up(const struct tap *t)
{
	// A TAP is writable exactly while its netdev is up (its send buffer has no limit). So
	// nothing needs to be open inside the namespace.
	struct pollfd pfd = { .fd = t->fd, .events = POLLOUT };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT) != 0;
}
