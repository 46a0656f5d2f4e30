// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One pass of making the kernel as wanted: it always starts from what the kernel has, so that a
// commit, an undo, the first start and an audit are the same code and touch only what differs.
#pragma once

#include "control/config/problem.h"
#include "control/kernel/garp.h"
#include "control/kernel/links.h"
#include "control/kernel/netlink.h"
#include "control/kernel/wanted.h"

#define VROUTER_RTPROT 201 // protocol number of our routes and rules (rtnetlink(7), user range)
#define VROUTER_GROUP  201 // netdev group of the public interfaces' mirrors

enum sync_todo {
	SYNC_ADD = 1,	 // what is missing
	SYNC_REMOVE = 2, // what is ours and not wanted
};

struct sync {
	struct netlink *nl;
	const struct links *links;
	const uint8_t *levels;	   // enum uplink_level by port id
	struct garp *garp;	   // gets the addresses that were added; NULL: nobody is told
	struct problems *problems; // what the kernel refused; may be NULL
	unsigned int todo;	   // enum sync_todo, 0: only count
	// Results.
	unsigned int missing; // differences found
	unsigned int extra;
	unsigned int absent; // wanted, but the mirror is not there (or not up)
	int refused;	     // first error of the kernel
};

// What the kernel has, sorted, in elements that begin as zeros.
struct sync_list {
	size_t element; // bytes
	int (*compare)(const void *, const void *);
	void *data; // the caller's to free()
	size_t count, capacity;
	int failed; // -ENOMEM: an element is missing
};

// 0, or negative errno when the kernel could not be asked; what it refuses is in s->refused.
int mirror_sync(struct sync *s, const struct wanted *w);
int addr_sync(struct sync *s, const struct wanted *w);
int static_sync(struct sync *s, const struct wanted *w);
int rule_sync(struct sync *s, const struct wanted *w);

// Shared by them: the list filled from a dump, asked again when the kernel's tables changed
// meanwhile. `each` is called with `ctx` and appends. 0 or negative errno.
int sync_list_read(struct sync_list *l, struct netlink *nl, struct nlmsghdr *request,
	void (*each)(void *ctx, const struct nlmsghdr *h), void *ctx);
void *sync_list_append(struct sync_list *l); // NULL without memory
// The first element that compares as equal to the key, NULL: none.
void *sync_list_find(const struct sync_list *l, const void *key);

// The answer to one request, which was about what stands at `place`; NULL: nothing of the document.
void sync_answer(struct sync *s, const struct wanted_place *place, int error, const char *text);
