// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel's neighbour table of the namespace of the mirrors: news to neigh_update(), requests
// (NTF_USE, NTF_EXT_MANAGED) from it. Subscribe, then dump; after an overrun, dump again and sweep.
// Control thread only; never waits.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct neigh;
struct neigh_netlink;

// Opens the sockets in the network namespace that the calling thread is in (run it by netns_run()),
// and becomes the ops of `n`. `rcvbuf`: receive buffer in bytes, 0 for the default.
int neigh_netlink_open(struct neigh *n, int rcvbuf, struct neigh_netlink **out);
void neigh_netlink_close(struct neigh_netlink *nl);

int neigh_netlink_fd(const struct neigh_netlink *nl); // readable: call neigh_netlink_read()

// The mirror of a port, by its interface index in that namespace: the next neigh_netlink_read()
// asks for a dump (call it at once). Entries of other interfaces are ignored.
int neigh_netlink_port_add(struct neigh_netlink *nl, uint16_t port, int ifindex);
void neigh_netlink_port_del(struct neigh_netlink *nl, uint16_t port);

// Handles a bounded number of messages. 1: more may be waiting, 0: all read, or negative errno.
int neigh_netlink_read(struct neigh_netlink *nl);

bool neigh_netlink_synced(const struct neigh_netlink *nl);	// no dump is due or under way
uint64_t neigh_netlink_resyncs(const struct neigh_netlink *nl); // after overruns
