// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A line of the NAT log (docs/nat.md "NAT log").
#pragma once

#include <stddef.h>
#include <time.h>

#include "dataplane/session/events.h"

#define EVENT_TEXT_MAX 320 // bytes of a line, its newline included

// Writes the line into `out` (EVENT_TEXT_MAX bytes), without a final NUL; its length. `uplink` is
// the name of the event's uplink, NULL: it has none. Without `destinations` the host outside is
// left out (RFC 6888 REQ-12), unless the external port is shared by destination.
size_t event_text(const struct session_event *e, const struct timespec *when, const char *uplink,
	bool destinations, char *out);
