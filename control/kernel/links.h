// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The netdevs of the mirrors' namespace, as the kernel told last, and which of them is the mirror
// of which port.
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/model.h"
#include "control/kernel/netlink.h"

struct link {
	int ifindex;
	uint32_t port;	    // obj_port id, 0: no mirror
	unsigned int flags; // IFF_*
	uint32_t group;	    // ip-link(8)
	char name[IFNAMSIZ];
	uint8_t mac[6];
};

struct links {
	struct link *list;
	size_t count, capacity;
	struct {
		char name[IFNAMSIZ];
		uint32_t port;
	} * mirrors; // names of mirrors that the configuration wants
	size_t n_mirrors;
	bool changed; // a mirror came, went, or is another netdev: port ids mean something else
};

void links_clear(struct links *l);
int links_set_mirrors(struct links *l, const struct config *c); // 0 or -ENOMEM
int links_refresh(struct links *l, struct netlink *nl);		// 0 or negative errno
// An RTM_NEWLINK or RTM_DELLINK notification. Whether anything of interest changed.
bool links_event(struct links *l, const struct nlmsghdr *h);

const struct link *links_by_name(const struct links *l, const char *name);
const struct link *links_by_index(const struct links *l, int ifindex);
