// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel's side of an AF_XDP port. Where the kernel had an address too, it would answer ARP and
// reset translated connections beside us.
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "dataplane/port/port.h"
#include "dataplane/port/xdp.h"
#include "dataplane/punt/err.h"
#include "dataplane/punt/netdev.h"
#include "dataplane/punt/netns.h"

// The mirror has the port's addresses: the netdev's frames must not reach that namespace.
static int check_namespace(const char *mirror_netns, char *err, size_t errlen)
{
	int fd = netns_open(mirror_netns);
	struct stat mirrors, ours;
	int ret = fd;

	if (fd >= 0) {
		ret = fstat(fd, &mirrors) < 0 || stat("/proc/thread-self/ns/net", &ours) < 0
			      ? -errno
			      : 0;
		close(fd);
	}
	if (ret < 0)
		return err_set(err, errlen, ret, "network namespace \"%s\": %s", mirror_netns,
			strerror(-ret));
	if (mirrors.st_ino == ours.st_ino && mirrors.st_dev == ours.st_dev)
		return err_set(err, errlen, -EINVAL,
			"an AF_XDP port must not be in the namespace of the mirrors");
	return 0;
}

static bool is_address_of(const struct ifaddrs *a, const char *name)
{
	size_t len = strlen(name);

	if (a->ifa_addr == NULL || strncmp(a->ifa_name, name, len) != 0 ||
		(a->ifa_name[len] != '\0' && a->ifa_name[len] != ':')) // "eth0:label"
		return false;
	if (a->ifa_addr->sa_family == AF_INET)
		return true;
	if (a->ifa_addr->sa_family != AF_INET6)
		return false;
	// The kernel gives itself a link-local one; disable_ipv6() takes it away.
	return !IN6_IS_ADDR_LINKLOCAL(
		&((const struct sockaddr_in6 *)(const void *)a->ifa_addr)->sin6_addr);
}

static int check_addresses(const char *name, char *err, size_t errlen)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return err_set(err, errlen, -errno, "addresses of netdev \"%s\": %s", name,
			strerror(errno));
	for (const struct ifaddrs *a = all; a != NULL && !found; a = a->ifa_next)
		found = is_address_of(a, name);
	freeifaddrs(all);
	if (!found)
		return 0;
	return err_set(err, errlen, -EADDRINUSE,
		"netdev \"%s\" has IP addresses: the kernel uses it; remove them (ip address flush "
		"dev %s)",
		name, name);
}

// The socket sees one queue; frames of others would be dropped.
static int check_queues(const struct xdp *x, const char *name, char *err, size_t errlen)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq ifr = { .ifr_data = (char *)&channels };
	unsigned int queues;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%.*s", IFNAMSIZ - 1, name);
	if (ioctl(x->control, SIOCETHTOOL, &ifr) < 0) // a driver that has no such thing
		return 0;
	queues = channels.combined_count + channels.rx_count;
	if (queues <= 1)
		return 0;
	return err_set(err, errlen, -EINVAL,
		"netdev \"%s\" has %u receive queues, an AF_XDP port takes one (ethtool -L %s)",
		name, queues, name);
}

// Or the kernel would send solicitations of its own by the port. Best effort: it may have no IPv6.
static void disable_ipv6(const char *name)
{
	char path[64 + MSG_ADDRESS_MAX];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

static int change(struct mnl_socket *nl, const struct obj_port *conf, struct netdev *dev, char *err,
	size_t errlen)
{
	static const uint8_t none[6];
	struct netdev_change wanted = { .mtu = conf->mtu, .state = NETDEV_UP };
	char why[128] = "";
	int ret;

	if (memcmp(conf->mac, none, sizeof(none)) != 0 &&
		memcmp(conf->mac, dev->mac, sizeof(none)) != 0)
		wanted.mac = conf->mac;
	ret = netdev_change(nl, dev->ifindex, &wanted, why, sizeof(why));
	if (ret == 0)
		ret = netdev_get(nl, conf->address, dev);
	if (ret < 0)
		err_set(err, errlen, ret, "netdev \"%s\": %s", conf->address,
			why[0] != '\0' ? why : strerror(-ret));
	return ret;
}

int xdp_netdev_prepare(const struct port_env *env, const struct obj_port *conf, struct netdev *dev,
	char *err, size_t errlen)
{
	const char *name = conf->address;
	struct mnl_socket *nl;
	int ret = netns_netlink(NULL, &nl);

	if (ret < 0)
		return err_set(err, errlen, ret, "netlink: %s", strerror(-ret));
	ret = netdev_get(nl, name, dev);
	if (ret == -ENODEV)
		err_set(err, errlen, ret,
			"there is no netdev \"%s\" in the network namespace of the data plane",
			name);
	else if (ret < 0)
		err_set(err, errlen, ret, "netdev \"%s\": %s", name, strerror(-ret));
	if (ret == 0)
		ret = check_namespace(env->mirror_netns, err, errlen);
	if (ret == 0)
		ret = check_addresses(name, err, errlen);
	if (ret == 0)
		ret = check_queues(env->xdp, name, err, errlen);
	if (ret == 0) {
		disable_ipv6(name);
		ret = change(nl, conf, dev, err, errlen);
	}
	mnl_socket_close(nl);
	return ret;
}

int xdp_netdev_set_mtu(const char *name, uint16_t mtu, char *err, size_t errlen)
{
	const struct netdev_change wanted = { .mtu = mtu };
	struct mnl_socket *nl;
	struct netdev dev;
	int ret = netns_netlink(NULL, &nl);

	if (ret < 0)
		return err_set(err, errlen, ret, "netlink: %s", strerror(-ret));
	ret = netdev_get(nl, name, &dev);
	if (ret < 0)
		err_set(err, errlen, ret, "netdev \"%s\": %s", name, strerror(-ret));
	else
		ret = netdev_change(nl, dev.ifindex, &wanted, err, errlen);
	mnl_socket_close(nl);
	return ret;
}

// The flags follow the carrier with up to a second of delay; the driver knows now.
static bool lost_carrier(const struct xdp *x, struct ifreq *ifr)
{
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };

	ifr->ifr_data = (void *)&link;
	return ioctl(x->control, SIOCETHTOOL, ifr) == 0 && link.data == 0;
}

bool xdp_netdev_running(const struct xdp *x, const struct xdp_device *d)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", d->netdev);
	if (ioctl(x->control, SIOCGIFINDEX, &ifr) < 0 ||
		(unsigned int)ifr.ifr_ifindex != d->ifindex)
		return false;
	return ioctl(x->control, SIOCGIFFLAGS, &ifr) == 0 && (ifr.ifr_flags & IFF_UP) != 0 &&
	       (ifr.ifr_flags & IFF_RUNNING) != 0 && !lost_carrier(x, &ifr);
}
