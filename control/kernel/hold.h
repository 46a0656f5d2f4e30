// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Routes of OSPF that the kernel has lost because ospfd died: zebra withdraws them, the network has
// not changed. They stay in the table, and so in the data plane, until ospfd has learned them anew
// or has had the time to. Commit thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/kernel/links.h"
#include "control/kernel/route_table.h"

struct held;

struct hold {
	uint64_t (*ask)(void *ctx); // number of the absence of ospfd that lasts, 0: none
	void *ctx;
	uint64_t absence;  // the answer that was acted on
	bool asked;	   // since notifications were read: the caller makes it false
	struct held *list; // by prefix; NULL: nothing is held
	size_t count;
};

// Asks. With a new absence, OSPF's routes that are in the table now are those to keep; when it is
// over, what was not learned anew leaves the table.
void hold_look(struct hold *h, struct route_table *t);
void hold_end(struct hold *h, struct route_table *t);

// Takes a route that the kernel has lost out of the table, unless it is to be kept.
void hold_delete(struct hold *h, struct route_table *t, const struct table_route *r);
// After the table has followed a notification about a new route.
void hold_learned(struct hold *h, struct route_table *t, const struct table_route *r);

// Around a reading of the kernel's table, before what it did not have is swept: hold_seen() for
// each route in it. Routes by links without carrier are given up: there is no knowing where else
// they lead.
void hold_reread(struct hold *h);
void hold_seen(struct hold *h, const struct table_route *r);
void hold_reread_done(struct hold *h, struct route_table *t, const struct links *links);
