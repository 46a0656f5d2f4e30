// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Opening DPDK devices.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>

#include "tests/perf/pktgen/engine.h"

#define DESCRIPTORS 1024
#define DEVARGS_MAX 512
#define MTU_OF_SIZE (RTE_ETHER_HDR_LEN + FRAME_FCS)

static int failed(struct engine *e, const struct port *p, const char *what, int rc)
{
	return error_set(&e->error, "port %s: %s: %s", p->options->name, what, rte_strerror(-rc));
}

// The peer maps memory that is sent from without a copy, as one file: huge pages can be that.
static int format_devargs(
	const struct port_options *o, unsigned int number, bool huge, char args[DEVARGS_MAX])
{
	char mac[RTE_ETHER_ADDR_FMT_SIZE];
	int n;

	rte_ether_format_addr(mac, sizeof(mac), &o->mac);
	if (o->kind == PORT_VIRTIO_USER)
		n = snprintf(args, DEVARGS_MAX,
			"net_virtio_user%u,path=%s,mac=%s,queues=%u,queue_size=%u,packed_vq=1,"
			"mrg_rxbuf=0,in_order=1",
			number, o->device, mac, o->queues, DESCRIPTORS);
	else if (o->kind == PORT_MEMIF)
		n = snprintf(args, DEVARGS_MAX,
			"net_memif%u,role=client,id=0,socket=%s,socket-abstract=no,zero-copy=%s,"
			"mac=%s",
			number, o->device, huge ? "yes" : "no", mac);
	else
		n = snprintf(args, DEVARGS_MAX, "%s", o->device);
	return n < DEVARGS_MAX ? 0 : -ENAMETOOLONG;
}

static int probe(struct engine *e, struct port *p)
{
	char args[DEVARGS_MAX], name[RTE_ETH_NAME_MAX_LEN];
	int rc = format_devargs(
		p->options, (unsigned int)(p - e->ports), !e->options->no_huge, args);

	if (rc < 0)
		return failed(e, p, "device arguments", rc);
	rc = rte_dev_probe(args);
	if (rc < 0)
		return failed(e, p, args, rc);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(args, ","), args);
	rc = rte_eth_dev_get_port_by_name(name, &p->id);
	return rc < 0 ? failed(e, p, name, rc) : 0;
}

static uint16_t mtu_wanted(const struct options *o)
{
	uint32_t size = 0;

	for (unsigned int i = 0; i < o->n_sets; i++)
		size = RTE_MAX(size, o->sets[i].size.last);
	return (uint16_t)RTE_MAX(size - MTU_OF_SIZE, (uint32_t)RTE_ETHER_MTU);
}

static int configure(struct engine *e, struct port *p)
{
	struct rte_eth_conf conf = { .rxmode.mtu = mtu_wanted(e->options) };
	uint16_t n = p->options->queues, rx = DESCRIPTORS, tx = DESCRIPTORS;
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(p->id, &info);

	if (rc < 0)
		return failed(e, p, "device", rc);
	if (n > info.max_rx_queues || n > info.max_tx_queues)
		return failed(e, p, "queues", -EINVAL);
	if (conf.rxmode.mtu + MTU_OF_SIZE > info.max_rx_pktlen)
		return error_set(&e->error, "port %s: the longest frame of its driver has %u bytes",
			p->options->name, info.max_rx_pktlen);
	rc = rte_eth_dev_configure(p->id, n, n, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx, &tx);
	for (uint16_t q = 0; q < n && rc == 0; q++) {
		rc = rte_eth_rx_queue_setup(p->id, q, rx, SOCKET_ID_ANY, NULL, e->rx_pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(p->id, q, tx, SOCKET_ID_ANY, NULL);
	}
	return rc < 0 ? failed(e, p, "configuring the device", rc) : 0;
}

int port_open(struct engine *e, struct port *p)
{
	int rc = probe(e, p);

	if (rc < 0)
		return rc;
	p->opened = true;
	p->has_router = p->options->has_router_mac;
	p->router = p->options->router_mac;
	if ((rc = configure(e, p)) < 0)
		return rc;
	rc = rte_eth_dev_start(p->id);
	if (rc < 0)
		return failed(e, p, "starting the device", rc);
	rc = rte_eth_promiscuous_enable(p->id);
	return rc < 0 && rc != -ENOTSUP ? failed(e, p, "promiscuous mode", rc) : 0;
}

void port_close(struct port *p)
{
	if (!p->opened)
		return;
	for (uint16_t q = 0; q < p->options->queues; q++) {
		struct lane *l = &p->lanes[q];

		rte_pktmbuf_free_bulk(l->pending + l->first, l->n);
		l->n = 0;
	}
	rte_eth_dev_stop(p->id); // best effort: the process ends
	rte_eth_dev_close(p->id);
	p->opened = false;
}
