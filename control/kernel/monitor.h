// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What rounds of probes say about an uplink: several without an answer take it down, several with
// one bring it back, more of them the more often it fell. Knows neither clock nor socket.
#pragma once

#include <stdbool.h>

#define MONITOR_STEADY	  120 // rounds up after which a fall is the first one again
#define MONITOR_SHIFT_MAX 5   // 2^5 times as many successes at most

struct monitor {
	bool down;		// zeros: up, since ever
	bool fell;		// at least once
	unsigned int failures;	// rounds in a row without an answer
	unsigned int successes; // rounds in a row with one, since it is down
	unsigned int steady;	// rounds since it is up, up to MONITOR_STEADY
	unsigned int shift;	// of the successes that it needs
};

// A round is over. `failures` and `successes` are those of the configuration. Whether `down`
// changed.
bool monitor_round(struct monitor *m, bool answered, unsigned int failures, unsigned int successes);
// Down for another reason, until enough rounds have an answer.
void monitor_fall(struct monitor *m);
