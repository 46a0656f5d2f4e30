// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ports that DPDK drives: NICs on PCI, vhost-user, memif and AF_PACKET. Devices come and go at run
// time.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/port/devargs.h"
#include "dataplane/port/driver.h"
#include "dataplane/punt/err.h"
#include "dataplane/stats/shm.h"

#define DESCRIPTORS 1024 // per queue, when the driver lets us choose
#define OVERHEAD    (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN)

uint16_t port_ethdev_rx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return rte_eth_rx_burst(p->ethdev, queue, pkts, n);
}

uint16_t port_ethdev_tx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return rte_eth_tx_burst(p->ethdev, queue, pkts, n);
}

int port_ethdev_losses(struct port *p, struct port_losses *out)
{
	struct rte_eth_stats stats;
	int ret = rte_eth_stats_get(p->ethdev, &stats);

	if (ret == 0)
		*out = (struct port_losses){ .rx_missed = stats.imissed,
			.rx_no_buffer = stats.rx_nombuf,
			.rx_errors = stats.ierrors,
			.tx_errors = stats.oerrors };
	return ret;
}

// With the groups of routing protocols, which a NIC keeps to itself unless it is told; a virtio
// device can be told only now. A device that cannot be told has no filter (vhost, memif).
static int ethdev_start(struct port *p)
{
	int ret = rte_eth_dev_start(p->ethdev);

	if (ret == 0)
		ret = rte_eth_allmulticast_enable(p->ethdev);
	return ret == -ENOTSUP ? 0 : ret;
}

static bool ethdev_link_up(struct port *p)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(p->ethdev, &link) == 0 &&
	       link.link_status == RTE_ETH_LINK_UP;
}

static void ethdev_close(struct port *p)
{
	struct rte_device *device = p->priv;

	rte_eth_dev_stop(p->ethdev);
	rte_eth_dev_close(p->ethdev);
	rte_dev_remove(device);
}

// Largest IP packet that the device receives, into chains of buffers if it can.
static uint32_t mtu_limit(const struct port *p, const struct rte_eth_dev_info *info)
{
	uint32_t limit = RTE_MIN(info->max_rx_pktlen, UINT16_MAX + OVERHEAD) - OVERHEAD;
	uint32_t room = rte_pktmbuf_data_room_size(p->env->pool) - RTE_PKTMBUF_HEADROOM - OVERHEAD;

	// vhost makes chains without being asked.
	if (!(info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) &&
		p->conf.driver != PORT_VHOST_USER)
		limit = RTE_MIN(limit, room);
	return info->max_mtu > 0 ? RTE_MIN(limit, info->max_mtu) : limit;
}

static int check_mtu(const struct port *p, uint16_t mtu, const struct rte_eth_dev_info *info,
	char *err, size_t errlen)
{
	uint32_t limit = mtu_limit(p, info);

	if (mtu <= limit)
		return 0;
	return err_set(err, errlen, -EINVAL, "driver %s carries at most %u bytes",
		info->driver_name, limit);
}

static int ethdev_set_mtu(struct port *p, uint16_t mtu, char *err, size_t errlen)
{
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(p->ethdev, &info);

	if (ret == 0 && check_mtu(p, mtu, &info, err, errlen) < 0)
		return -EINVAL;
	if (ret == 0)
		ret = rte_eth_dev_set_mtu(p->ethdev, mtu);
	if (ret == -ENOTSUP) // has no limit of its own to be told of
		ret = 0;
	if (ret < 0)
		err_set(err, errlen, ret, "MTU %u: %s", mtu, strerror(-ret));
	return ret;
}

static const struct port_ops ethdev_ops = {
	.name = "ethdev",
	.rx_burst = port_ethdev_rx_burst,
	.tx_burst = port_ethdev_tx_burst,
	.start = ethdev_start,
	.set_mtu = ethdev_set_mtu,
	.close = ethdev_close,
	.link_up = ethdev_link_up,
	.losses = port_ethdev_losses,
};

// A socket that nobody listens on any more is left from a process that died; binding would fail.
static int clear_socket(const char *path, char *err, size_t errlen)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, ret = 0;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : err_set(err, errlen, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, errlen, -EEXIST, "%s exists and is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, errlen, -errno, "socket: %s", strerror(errno));
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0 || errno != ECONNREFUSED)
		ret = err_set(err, errlen, -EADDRINUSE, "%s is in use by another process", path);
	else if (unlink(path) < 0)
		ret = err_set(err, errlen, -errno, "%s: %s", path, strerror(errno));
	close(fd);
	return ret;
}

// A NIC that the inventory has opened has no owner until a port takes it.
static int take_open(struct port *p, const char *name, char *err, size_t errlen)
{
	struct rte_eth_dev_owner owner;

	if (p->conf.driver == PORT_PCI && rte_eth_dev_owner_get(p->ethdev, &owner) == 0 &&
		owner.id == RTE_ETH_DEV_NO_OWNER)
		return 0;
	return err_set(err, errlen, -EBUSY, "device %s is in use by another port", name);
}

// Until it is closed.
static int own(const struct port *p, char *err, size_t errlen)
{
	struct rte_eth_dev_owner owner = { .name = "port" };
	int ret = rte_eth_dev_owner_new(&owner.id);

	if (ret == 0)
		ret = rte_eth_dev_owner_set(p->ethdev, &owner);
	return ret == 0 ? 0 : err_set(err, errlen, ret, "owner of the device: %s", strerror(-ret));
}

// Makes DPDK create the device.
static int probe(struct port *p, char *err, size_t errlen)
{
	char name[64], args[DEVARGS_MAX];
	int ret = devargs_build(&p->conf, name, args, err, errlen);

	if (ret == 0 && (p->conf.driver == PORT_VHOST_USER || p->conf.driver == PORT_MEMIF))
		ret = clear_socket(p->conf.address, err, errlen);
	if (ret < 0)
		return ret;
	if (rte_eth_dev_get_port_by_name(name, &p->ethdev) == 0)
		return take_open(p, name, err, errlen);
	ret = rte_dev_probe(args);
	if (ret < 0)
		return err_set(err, errlen, ret, "DPDK cannot open %s: %s%s", p->conf.address,
			strerror(-ret),
			p->conf.driver == PORT_PCI ? " (is it bound to vfio-pci or a uio driver?)"
						   : "");
	if (rte_eth_dev_get_port_by_name(name, &p->ethdev) == 0)
		return 0;
	rte_eal_hotplug_remove("pci", name); // a device of another kind
	return err_set(
		err, errlen, -ENODEV, "%s is no network device that DPDK drives", p->conf.address);
}

static int set_queue_counts(
	struct port *p, const struct rte_eth_dev_info *info, char *err, size_t errlen)
{
	unsigned int max_rxq = RTE_MIN(info->max_rx_queues, LIMIT_RXQ);
	unsigned int txq = RTE_MIN(p->env->workers, info->max_tx_queues);

	p->nb_rxq = p->conf.queues > 0 ? p->conf.queues : 1;
	if (p->nb_rxq > max_rxq)
		return err_set(err, errlen, -EINVAL, "driver %s has at most %u queues here",
			info->driver_name, max_rxq);
	// The peer decides how many rings a memif has: count on those that it was asked for.
	if (p->conf.driver == PORT_MEMIF)
		txq = RTE_MIN(txq, p->nb_rxq);
	p->nb_txq = (uint16_t)RTE_MAX(txq, 1u);
	return 0;
}

static int setup_queues(struct port *p, const struct rte_eth_dev_info *info)
{
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(p->ethdev);
	int ret = rte_eth_dev_adjust_nb_rx_tx_desc(p->ethdev, &rx, &tx);

	for (uint16_t q = 0; q < p->nb_rxq && ret == 0; q++)
		ret = rte_eth_rx_queue_setup(
			p->ethdev, q, rx, (unsigned int)socket, NULL, p->env->pool);
	for (uint16_t q = 0; q < p->nb_txq && ret == 0; q++)
		ret = rte_eth_tx_queue_setup(p->ethdev, q, tx, (unsigned int)socket, NULL);
	return ret;
}

// Queues and offloads: L4 checksums and chains where the driver can do them.
static int configure(struct port *p, const struct rte_eth_dev_info *info, char *err, size_t errlen)
{
	const uint64_t tx_csum = RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	uint64_t rx = RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	uint64_t rss =
		(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP) & info->flow_type_rss_offloads;
	struct rte_eth_conf conf = { .rxmode.mtu = p->conf.mtu };
	int ret;

	if (check_mtu(p, p->conf.mtu, info, err, errlen) < 0 ||
		set_queue_counts(p, info, err, errlen) < 0)
		return -EINVAL;
	if (p->conf.mtu + OVERHEAD + RTE_PKTMBUF_HEADROOM >
		rte_pktmbuf_data_room_size(p->env->pool))
		rx |= RTE_ETH_RX_OFFLOAD_SCATTER;
	p->tx_csum = (info->tx_offload_capa & tx_csum) == tx_csum;
	p->tx_multi_seg = (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
	conf.rxmode.offloads = rx & info->rx_offload_capa;
	conf.txmode.offloads =
		(p->tx_csum ? tx_csum : 0) | (p->tx_multi_seg ? RTE_ETH_TX_OFFLOAD_MULTI_SEGS : 0);
	if (p->nb_rxq > 1 && rss != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = rss;
	}
	ret = rte_eth_dev_configure(p->ethdev, p->nb_rxq, p->nb_txq, &conf);
	if (ret == 0)
		ret = setup_queues(p, info);
	if (ret < 0)
		err_set(err, errlen, ret, "driver %s refused its configuration: %s",
			info->driver_name, strerror(-ret));
	return ret;
}

// The port's MAC on the device, or the device's on the port. A device that keeps its own receives
// all frames; one that cannot even be told to does so anyway (vhost, memif).
static int settle_mac(struct port *p, char *err, size_t errlen)
{
	struct rte_ether_addr own, wanted;
	int ret = rte_eth_macaddr_get(p->ethdev, &own);

	memcpy(&wanted, p->conf.mac, sizeof(wanted));
	if (ret == 0 && rte_is_zero_ether_addr(&wanted)) {
		memcpy(p->conf.mac, &own, sizeof(own));
	} else if (ret == 0 && !rte_is_same_ether_addr(&own, &wanted)) {
		ret = rte_eth_dev_default_mac_addr_set(p->ethdev, &wanted);
		if (ret == -ENOTSUP)
			ret = rte_eth_promiscuous_enable(p->ethdev);
		if (ret == -ENOTSUP)
			ret = 0;
	}
	if (ret < 0)
		err_set(err, errlen, ret, "MAC address: %s", strerror(-ret));
	return ret;
}

int port_open_ethdev(struct port *p, char *err, size_t errlen)
{
	struct rte_eth_dev_info info;
	int ret = probe(p, err, errlen);

	if (ret < 0)
		return ret;
	ret = rte_eth_dev_info_get(p->ethdev, &info);
	if (ret < 0) {
		rte_eth_dev_close(p->ethdev);
		return err_set(err, errlen, ret, "device information: %s", strerror(-ret));
	}
	p->ops = &ethdev_ops;
	p->priv = info.device;
	ret = own(p, err, errlen);
	if (ret == 0)
		ret = configure(p, &info, err, errlen);
	if (ret == 0)
		ret = settle_mac(p, err, errlen);
	if (ret < 0)
		ethdev_close(p);
	return ret;
}
