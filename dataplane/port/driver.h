// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Inside port/: what each kind of driver offers to port_create(). Each opens the device, sets
// p->ops and everything in `struct port` that describes the device, p->conf.mac included. 0, or
// negative errno with a text and nothing left behind.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/port/port.h"

#define KEPT_NAME_MAX sizeof(((struct msg_fd *)0)->name)

struct tap;
struct tap_conf;

int port_open_tap(struct port *p, char *err, size_t errlen);
int port_open_ethdev(struct port *p, char *err, size_t errlen);
int port_open_xdp(struct port *p, char *err, size_t errlen);

// Of every port that DPDK drives.
uint16_t port_ethdev_rx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t port_ethdev_tx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
int port_ethdev_losses(struct port *p, struct port_losses *out);

// Opens a TAP: the one kept under `kept` if it fits, else a new one, which is kept. `*adopted` says
// which, NULL: of no interest.
int port_tap_open(const struct port_env *env, struct tap *t, const struct tap_conf *conf,
	const char *kept, bool *adopted, char *err, size_t errlen);

// Names under which the descriptors of a port are kept.
void port_kept_tap(const struct obj_port *conf, char name[KEPT_NAME_MAX]);
void port_kept_mirror(const struct obj_port *conf, char name[KEPT_NAME_MAX]);
