// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What arrived of one flow: sequence numbers begin at 0 and may come late, twice or never. A bit
// for each of the last 32 tells a late packet from a duplicate; what is later still counts as late.
#pragma once

#include <stdint.h>

struct track {
	uint32_t next;			// highest sequence number seen + 1
	uint32_t window;		// bit i: next - 1 - i has been seen
	uint32_t received;		// without duplicates
	uint16_t reordered, duplicated; // stay at their largest value
};

enum track_verdict {
	TRACK_NEW,
	TRACK_REORDERED,
	TRACK_DUPLICATED,
};

static inline void track_saturate(uint16_t *counter)
{
	if (*counter < UINT16_MAX)
		(*counter)++;
}

static inline enum track_verdict track_packet(struct track *t, uint32_t seq)
{
	uint32_t ahead = seq - t->next, back = t->next - 1 - seq;

	if (ahead < 1u << 31) {
		t->window = (ahead < 31 ? t->window << (ahead + 1) : 0) | 1;
		t->next = seq + 1;
		t->received++;
		return TRACK_NEW;
	}
	if (back < 32 && (t->window >> back & 1)) {
		track_saturate(&t->duplicated);
		return TRACK_DUPLICATED;
	}
	if (back < 32)
		t->window |= 1u << back;
	t->received++;
	track_saturate(&t->reordered);
	return TRACK_REORDERED;
}
