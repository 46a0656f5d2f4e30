// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Counting, and the damping of an uplink that flaps.
#include "control/kernel/monitor.h"

void monitor_fall(struct monitor *m)
{
	if (m->down) {
		m->successes = 0;
		return;
	}
	if (!m->fell || m->steady >= MONITOR_STEADY)
		m->shift = 0;
	else if (m->shift < MONITOR_SHIFT_MAX)
		m->shift++;
	m->down = m->fell = true;
	m->failures = m->successes = 0;
}

static bool failed(struct monitor *m, unsigned int failures)
{
	m->successes = 0;
	if (m->down || ++m->failures < failures)
		return false;
	monitor_fall(m);
	return true;
}

bool monitor_round(struct monitor *m, bool answered, unsigned int failures, unsigned int successes)
{
	if (!answered)
		return failed(m, failures);
	m->failures = 0;
	if (!m->down) {
		m->steady += m->steady < MONITOR_STEADY;
		return false;
	}
	if (++m->successes < successes << m->shift)
		return false;
	m->down = false;
	m->steady = 0;
	return true;
}
