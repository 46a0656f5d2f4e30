// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Routes from control: applies a MSG_ROUTES to the RIB. Control thread only.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/proto.h"

struct l3;

// Told of each entry that was refused: its number in the message, negative errno, and what is
// wrong.
typedef void (*routes_report)(
	void *ctx, uint32_t entry, int code, const char *field, const char *text);

// The message is checked as a whole first: -EPROTO when its sizes contradict each other, and
// nothing is applied. Then entry by entry; a refused one leaves its prefix as it was (stale after a
// mark). Returns the number of refused entries, 0 when all is well.
int routes_apply(struct l3 *l3, const void *msg, size_t len, routes_report report, void *ctx);

// Drops every route that leaves by the port.
void routes_port_clear(struct l3 *l3, uint16_t port);
