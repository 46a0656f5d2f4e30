// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ports: where packets come from and go to. A port is an object of a transaction; its driver is
// behind `struct port_ops`; its mirror is the netdev that shows it to the kernel. Control thread
// only, except port_rx_burst() and what port/tx.h and punt/mirror.h offer, which workers call.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/api/proto.h"
#include "dataplane/main/limits.h"

struct port;
struct port_losses;
struct punt;
struct xdp;

struct port_ops {
	const char *name;
	// Up to n packets of queue into mbufs. Never waits. A partial L4 checksum is told by
	// RTE_MBUF_F_RX_L4_CKSUM_NONE, as DPDK's virtio does. Returns the number.
	uint16_t (*rx_burst)(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
	// Takes ownership of the first k of n packets, returns k. Never waits.
	uint16_t (*tx_burst)(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
	int (*start)(struct port *p); // begins to receive; 0 or negative errno
	int (*set_mtu)(struct port *p, uint16_t mtu, char *err, size_t errlen);
	void (*close)(struct port *p); // stops, releases all; no worker uses the port any more
	bool (*link_up)(struct port *p);
	int (*losses)(struct port *p, struct port_losses *out); // 0 or negative errno; NULL: never
};

// What ports are made of and for. Lives as long as any port of it.
struct port_env {
	unsigned int workers;
	struct rte_mempool *pool; // private size of sizeof(struct meta)
	struct punt *punt;
	const char *mirror_netns; // name of the namespace of the mirrors
	struct xdp *xdp;	  // for AF_XDP ports; NULL: there are none
	// Descriptors of TAPs that outlive the process, by name: "mirror:pub0", "tap:eth0@host1".
	// adopt_fd gives one that is left from an earlier process (the caller owns it then) or
	// -ENOENT. keep_fd is called for each TAP in use, made or adopted; the fd is borrowed.
	// forget_fd: the TAP is gone for good. Each may be NULL.
	int (*adopt_fd)(void *ctx, const char *name);
	void (*keep_fd)(void *ctx, const char *name, int fd);
	void (*forget_fd)(void *ctx, const char *name);
	void *ctx;
};

struct port {
	const struct port_ops *ops;
	// As it was made, but for the MTU: role and gateway are the configuration's. The MAC is
	// never zero, the device's own when none was asked for.
	struct obj_port conf;
	uint16_t id; // conf.id
	uint16_t nb_rxq;
	uint16_t nb_txq;       // queue q belongs to worker q alone, see port_tx_worker()
	bool tx_csum;	       // takes packets with partial checksums (RTE_MBUF_F_TX_*_CKSUM)
	bool tx_multi_seg;     // takes chained mbufs
	bool link_up;	       // as of the last port_link_update()
	uint16_t ethdev;       // DPDK port id, RTE_MAX_ETHPORTS for TAP
	struct mirror *mirror; // its netdev in the namespace of the mirrors
	const struct port_env *env;
	void *priv;
};

// The worker that sends for `worker`: itself when it has a queue, else one that has; packets are
// handed over to that one.
static inline unsigned int port_tx_worker(const struct port *p, unsigned int worker)
{
	return worker < p->nb_txq ? worker : worker % p->nb_txq;
}

// Worker side; each queue is polled by one worker only (port/rxq_map.h).
static inline uint16_t port_rx_burst(
	struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return p->ops->rx_burst(p, queue, pkts, n);
}

// Creates the device and its mirror; nothing is received before port_start(). 0, or negative errno
// with a text for people in `err`; nothing is left behind then.
int port_create(const struct port_env *env, const struct obj_port *conf, struct port **out,
	char *err, size_t errlen);
int port_start(struct port *p, char *err, size_t errlen);

// The port was removed: its netdevs vanish. No worker may use it any more; waits for the punt
// thread. NULL is fine in both.
void port_destroy(struct port *p);
// The process ends: as above, but kept descriptors are not forgotten, so netdevs stay.
void port_release(struct port *p);

// Whether a port of configuration `a` becomes one of `b` by port_update(): all but MTU, role
// and gateway.
bool port_equal(const struct obj_port *a, const struct obj_port *b);
// Takes over the MTU. 0, or negative errno with text and nothing changed.
int port_update(struct port *p, const struct obj_port *conf, char *err, size_t errlen);

// Reads the link state and gives it to the mirror's carrier; about every 100 ms. Returns whether it
// changed.
bool port_link_update(struct port *p);

// What its device has lost; all 0 when it does not say.
void port_read_losses(struct port *p, struct port_losses *out);
