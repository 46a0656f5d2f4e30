// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A TAP: a netdev in some namespace whose frames are read and written by a descriptor, with a
// virtio-net header in front for partial checksums (no GSO). It lives as long as a process holds
// its descriptor, so a copy kept elsewhere carries it over a restart.
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <linux/virtio_net.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#define TAP_MTU_MAX   9216
#define TAP_FRAME_MAX (TAP_MTU_MAX + 14 + 4) // with one VLAN tag
#define TAP_SEGS      8			     // buffers of a frame, at most

struct tap_conf {
	const char *name;   // of the netdev
	const char *netns;  // name of its namespace
	const uint8_t *mac; // NULL: leave it as the kernel chose it
	uint16_t mtu;
};

struct tap {
	int fd;
	char name[IFNAMSIZ];
	char netns[64];
	unsigned int ifindex; // in its namespace
	uint8_t mac[6];
	int carrier; // as last set; -1: not known

	// Punt thread: the frame to be read next goes into these buffers; only those that it fills
	// are replaced.
	struct rte_mempool *pool;
	unsigned int n_segs;
	struct rte_mbuf *seg[TAP_SEGS];
	struct virtio_net_hdr_v1 header;
	struct iovec iov[1 + TAP_SEGS];
};

// Creates the netdev, up. 0, or negative errno with a text: -ENOENT no such namespace, -EEXIST the
// name is taken there.
int tap_create(struct tap *t, const struct tap_conf *conf, struct rte_mempool *pool, char *err,
	size_t errlen);
// The same for the descriptor of a TAP made earlier, by another process perhaps. Its netdev must
// have that name in that namespace, else -EINVAL. On failure the descriptor stays the caller's.
int tap_adopt(struct tap *t, int fd, const struct tap_conf *conf, struct rte_mempool *pool,
	char *err, size_t errlen);
void tap_close(struct tap *t); // the netdev vanishes, unless its descriptor is held elsewhere

int tap_set_mtu(struct tap *t, uint16_t mtu, char *err, size_t errlen);
int tap_set_carrier(struct tap *t, bool up); // cheap when nothing changes
bool tap_link_up(const struct tap *t);	     // the netdev exists and is up

// Reads up to n frames. Returns the number; *drops grows by frames that were read and dropped (no
// buffer, or malformed).
uint16_t tap_read(struct tap *t, struct rte_mbuf **pkts, uint16_t n, uint64_t *drops);
// Writes a frame, which stays the caller's. 0 or negative errno: the kernel did not take it.
int tap_write(struct tap *t, const struct rte_mbuf *m);
