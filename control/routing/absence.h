// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Whether ospfd has died, and since when: zebra withdraws the routes of a dead ospfd although the
// network has not changed, and control holds them for a time. Commit thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/config/model.h"
#include "control/routing/process.h"

struct absence {
	struct process ospfd; // that was seen last
	uint64_t number;      // of this absence; the first one is that before ospfd is seen
	bool gone;	      // it has died
	int64_t until_ms;     // the longest that routes are held, of CLOCK_BOOTTIME
	int64_t forced_ms;    // until then they are held because they are announced anew
	uint32_t grace_ms;    // from its death; 0: nothing is held
	uint32_t learning_ms; // from its start: what it has not learned by then is not there
};

// What the configuration allows.
void absence_configure(struct absence *a, const struct ospf_config *o);
// An ospfd answers: the same one or another.
void absence_seen(struct absence *a, const struct process *ospfd);
// ospfd is about to withdraw its routes and to announce them anew.
void absence_force(struct absence *a);
// Number of the absence that lasts, or of the one from which ospfd has only just come back; 0:
// there is none. Exact about the past: when a peer has seen ospfd die, this says so.
uint64_t absence_now(struct absence *a);
