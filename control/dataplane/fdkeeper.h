// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Keeps duplicates of the data plane's TAP descriptors, so that netdevs, carriers, addresses and
// routes survive its death: a TAP lives as long as one process holds its descriptor.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/api/proto.h"

struct kept_fd {
	char name[sizeof(((struct msg_fd *)0)->name)];
	int fd;
	bool confirmed; // told by the data plane of this connection
};

struct fdkeeper {
	struct kept_fd *list;
	size_t count, capacity;
};

void fdkeeper_clear(struct fdkeeper *k); // closes all

// Takes `fd` over, also on failure. A descriptor already kept under this name is closed.
// 0 or -ENOMEM.
int fdkeeper_keep(struct fdkeeper *k, const char *name, int fd);
void fdkeeper_forget(struct fdkeeper *k, const char *name);

// A data plane names all its descriptors at each handshake: what it did not name is gone.
void fdkeeper_unconfirm(struct fdkeeper *k);
void fdkeeper_sweep(struct fdkeeper *k);
