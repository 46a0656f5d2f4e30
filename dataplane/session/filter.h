// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which sessions a filter picks, and how a session reads on the transaction socket. For the thread
// of the sweeper, to which a live session's plain fields are stable.
#pragma once

#include <stdbool.h>

#include "dataplane/api/proto.h"
#include "dataplane/session/session.h"

// Whether the filter makes sense; nothing else is checked later.
bool session_filter_valid(const struct msg_session_filter *f);

bool session_filter_fits(
	const struct msg_session_filter *f, const struct session *s, uint64_t life, uint32_t tick);

// `life` is the session's, read once.
void session_record(const struct session *s, uint64_t life, const struct session_timers *timers,
	uint32_t tick, struct dump_session *out);
