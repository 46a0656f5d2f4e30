// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// AF_XDP ports: a kernel netdev whose frames DPDK takes at its driver. One queue, no offloads, and
// buffers that the kernel writes to directly.
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/port/devargs.h"
#include "dataplane/port/driver.h"
#include "dataplane/port/pool.h"
#include "dataplane/port/xdp.h"
#include "dataplane/punt/err.h"
#include "dataplane/punt/netdev.h"

#define DESCRIPTORS  2048
#define DRAIN_BURSTS 256
#define XDP_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN)

// Frames that waited in the socket are old: no worker polls yet.
static void drain(const struct xdp_device *d)
{
	struct rte_mbuf *pkts[32];
	uint16_t n = 1;

	for (unsigned int i = 0; i < DRAIN_BURSTS && n > 0; i++) {
		n = rte_eth_rx_burst(d->ethdev, 0, pkts, RTE_DIM(pkts));
		rte_pktmbuf_free_bulk(pkts, n);
	}
}

static int xdp_start(struct port *p)
{
	int ret = rte_eth_dev_start(p->ethdev);

	if (ret == 0)
		drain(p->priv);
	return ret;
}

static bool xdp_link_up(struct port *p)
{
	return xdp_netdev_running(p->env->xdp, p->priv);
}

static void xdp_close(struct port *p)
{
	rte_eth_dev_stop(p->ethdev);
	xdp_park(p->env->xdp, p->priv);
}

// The kernel puts its own headroom in front of DPDK's in each buffer.
static int check_mtu(const struct port *p, uint16_t mtu, char *err, size_t errlen)
{
	uint32_t room = rte_pktmbuf_data_room_size(p->env->pool) - RTE_PKTMBUF_HEADROOM -
			XDP_PACKET_HEADROOM - XDP_OVERHEAD;
	uint32_t limit = RTE_MIN(room, (uint32_t)XDP_MTU_MAX);

	if (mtu <= limit)
		return 0;
	return err_set(err, errlen, -EINVAL, "an AF_XDP port carries at most %u bytes, not %u",
		limit, mtu);
}

static int xdp_set_mtu(struct port *p, uint16_t mtu, char *err, size_t errlen)
{
	int ret = check_mtu(p, mtu, err, errlen);

	return ret < 0 ? ret : xdp_netdev_set_mtu(p->conf.address, mtu, err, errlen);
}

static const struct port_ops xdp_ops = {
	.name = "af_xdp",
	.rx_burst = port_ethdev_rx_burst,
	.tx_burst = port_ethdev_tx_burst,
	.start = xdp_start,
	.set_mtu = xdp_set_mtu,
	.close = xdp_close,
	.link_up = xdp_link_up,
	.losses = port_ethdev_losses,
};

// What no netdev could change.
static int check(const struct port *p, char *err, size_t errlen)
{
	if (p->env->xdp == NULL)
		return err_set(err, errlen, -ENOTSUP, "AF_XDP ports are not supported here");
	if (p->conf.queues > 1)
		return err_set(err, errlen, -EINVAL, "driver af_xdp has one queue");
	if (!port_pool_is_dense(p->env->pool))
		return err_set(err, errlen, -ENOTSUP,
			"AF_XDP needs the packet buffers in one piece of memory: not with "
			"--iova-mode=pa");
	return check_mtu(p, p->conf.mtu, err, errlen);
}

static int setup_queues(const struct port *p, uint16_t ethdev)
{
	const struct rte_eth_conf conf = { 0 };
	int socket = rte_eth_dev_socket_id(ethdev);
	int ret = rte_eth_dev_configure(ethdev, 1, 1, &conf);

	if (ret == 0)
		ret = rte_eth_tx_queue_setup(ethdev, 0, DESCRIPTORS, (unsigned int)socket, NULL);
	if (ret == 0)
		ret = rte_eth_rx_queue_setup(
			ethdev, 0, DESCRIPTORS, (unsigned int)socket, NULL, p->env->pool);
	return ret;
}

// A new device. One that cannot be set up is parked, as broken: the driver can neither close it nor
// try again.
static int open_device(struct port *p, const char *name, const char *args, struct xdp_device *d,
	char *err, size_t errlen)
{
	int ret = rte_dev_probe(args);

	if (ret == 0)
		ret = rte_eth_dev_get_port_by_name(name, &d->ethdev);
	if (ret < 0) {
		free(d);
		return err_set(err, errlen, ret, "DPDK cannot open %s: %s", p->conf.address,
			strerror(-ret));
	}
	ret = setup_queues(p, d->ethdev);
	if (ret < 0) {
		d->broken = true;
		xdp_park(p->env->xdp, d);
		return err_set(err, errlen, ret,
			"no AF_XDP socket on netdev \"%s\": %s (does another process use it?)",
			p->conf.address, strerror(-ret));
	}
	p->priv = d;
	return 0;
}

static int create_device(struct port *p, const struct netdev *dev, char *err, size_t errlen)
{
	char name[64], args[DEVARGS_MAX + 64];
	struct xdp_device *d;
	int ret = devargs_build(&p->conf, name, args, err, errlen);
	size_t len;

	if (ret == 0)
		ret = xdp_program_clear(dev->ifindex, p->conf.address, err, errlen);
	if (ret < 0)
		return ret;
	len = strlen(args);
	snprintf(
		args + len, sizeof(args) - len, ",xdp_prog=/proc/self/fd/%d", p->env->xdp->program);
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return err_set(err, errlen, -ENOMEM, "out of memory");
	d->ifindex = dev->ifindex;
	snprintf(d->netdev, sizeof(d->netdev), "%.*s", MSG_NAME_MAX - 1, p->conf.address);
	return open_device(p, name, args, d, err, errlen);
}

// The parked device, if there is one, else whether a new one may be made.
static int find_device(struct port *p, char *err, size_t errlen)
{
	char name[64], args[DEVARGS_MAX];
	int ret = devargs_build(&p->conf, name, args, err, errlen);
	struct xdp_device *d;
	uint16_t used;

	if (ret < 0)
		return ret;
	d = xdp_unpark(p->env->xdp, p->conf.address);
	if (d != NULL && d->broken) {
		xdp_park(p->env->xdp, d);
		return err_set(err, errlen, -EIO,
			"netdev \"%s\" failed before; restart the data plane to try again",
			p->conf.address);
	}
	if (d == NULL && rte_eth_dev_get_port_by_name(name, &used) == 0)
		return err_set(err, errlen, -EBUSY, "netdev \"%s\" is in use by another port",
			p->conf.address);
	p->priv = d;
	return 0;
}

int port_open_xdp(struct port *p, char *err, size_t errlen)
{
	struct xdp_device *parked;
	struct netdev dev;
	int ret = check(p, err, errlen);

	if (ret == 0)
		ret = find_device(p, err, errlen);
	if (ret < 0)
		return ret;
	parked = p->priv;
	ret = xdp_netdev_prepare(p->env, &p->conf, &dev, err, errlen);
	if (ret == 0 && parked == NULL)
		ret = create_device(p, &dev, err, errlen);
	if (ret < 0) {
		if (parked != NULL)
			xdp_park(p->env->xdp, parked);
		return ret;
	}
	p->ops = &xdp_ops;
	p->ethdev = ((const struct xdp_device *)p->priv)->ethdev;
	p->nb_rxq = p->nb_txq = 1;
	p->tx_csum = p->tx_multi_seg = false;
	memcpy(p->conf.mac, dev.mac, sizeof(p->conf.mac));
	// Multicast, for routing protocols.
	ret = rte_eth_promiscuous_enable(p->ethdev);
	if (ret < 0) {
		xdp_close(p);
		err_set(err, errlen, ret, "promiscuous mode: %s", strerror(-ret));
	}
	return ret;
}
