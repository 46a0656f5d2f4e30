// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The kernel's connections in the differential test, by ctnetlink: time passes for them, and they
// end. The kernel's clock cannot jump, so the time is taken from each connection: one whose timeout
// would have run out is deleted, the others' timeouts are shortened. Sysctls of a second would need
// as many real seconds, and could not say that 200 seconds are less than the timer.
//
// A dump or a flush walks the whole table of the machine (14 ms): connections are named one by one,
// by the packets that went in. No packet can make one that another packet's tuple does not name.
#pragma once

#include "tests/differential/differential.h"

struct conntrack;

// 0 or negative errno. For the life of the process.
int conntrack_create(struct conntrack **out);

// A frame went into the kernel.
void conntrack_saw(struct conntrack *c, const struct frame *f);

// 0 or negative errno.
int conntrack_pass(struct conntrack *c, uint32_t seconds);

// Ends every connection since the last reset; -EBUSY: one is left.
int conntrack_reset(struct conntrack *c);
