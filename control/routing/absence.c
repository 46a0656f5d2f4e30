// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// An absence begins with the death of ospfd and lasts until the next one has had the time to learn.
#include "control/routing/absence.h"

#include <time.h>

// Beyond the dead interval, which a link's election may take: exchange of the database, and the
// 11 s that FRR's default throttling of LSAs costs.
#define LEARNING_MS 15000

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

void absence_configure(struct absence *a, const struct ospf_config *o)
{
	uint32_t dead_s = 0;

	for (unsigned int i = 0; i < o->n_areas; i++)
		for (unsigned int k = 0; k < o->areas[i].n_interfaces; k++)
			if (o->areas[i].interfaces[k].dead_interval_s > dead_s)
				dead_s = o->areas[i].interfaces[k].dead_interval_s;
	a->learning_ms = dead_s * 1000 + LEARNING_MS;
	a->grace_ms = o->n_areas > 0 ? o->graceful_restart_s * 1000u : 0;
	if (a->number == 0) {
		a->number = 1;
		a->gone = true;
		a->until_ms = now_ms() + a->grace_ms;
	}
}

void absence_seen(struct absence *a, const struct process *ospfd)
{
	// Another one than before: that one has died, and nobody has asked since.
	if (a->ospfd.pid != 0 && (a->ospfd.pid != ospfd->pid || a->ospfd.started != ospfd->started))
		(void)absence_now(a);
	a->ospfd = *ospfd;
	a->gone = false;
}

void absence_force(struct absence *a)
{
	a->number++;
	a->forced_ms = now_ms() + a->learning_ms;
	if (a->until_ms < a->forced_ms)
		a->until_ms = a->forced_ms;
}

uint64_t absence_now(struct absence *a)
{
	int64_t now = now_ms();

	if (a->grace_ms == 0)
		return 0;
	if (!process_lives(&a->ospfd)) {
		if (!a->gone) {
			a->gone = true;
			a->number++;
			a->until_ms = now + a->grace_ms;
		}
		return now < a->until_ms ? a->number : 0;
	}
	a->gone = false;
	if (now >= a->until_ms ||
		(now >= a->forced_ms && now - process_start_ms(&a->ospfd) >= a->learning_ms))
		return 0;
	return a->number;
}
