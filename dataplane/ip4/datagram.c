// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The ranges of a datagram. All fragments but the last are a multiple of 8 bytes long, so units of
// 8 bytes tell exactly what overlaps.
#include "dataplane/ip4/datagram.h"

#include <string.h>

#define UNIT 8

static uint16_t units(uint32_t bytes)
{
	return (uint16_t)((bytes + UNIT - 1) / UNIT);
}

// The last fragment says how long the datagram is: once, and no other one lies behind that.
static bool contradicts(const struct datagram_bytes *b, uint32_t end, bool more)
{
	if (more)
		return b->length != 0 && end > b->length;
	if (b->length != 0)
		return end != b->length;
	return b->n_ranges > 0 && b->range[b->n_ranges - 1].end > units(end);
}

static enum datagram_news insert(struct datagram_bytes *b, uint16_t at, struct datagram_range r)
{
	if (b->n_ranges == LIMIT_DATAGRAM_PIECES)
		return DATAGRAM_FULL;
	memmove(&b->range[at + 1], &b->range[at], (b->n_ranges - at) * sizeof(r));
	b->range[at] = r;
	b->n_ranges++;
	return DATAGRAM_NEW;
}

static enum datagram_news merge(struct datagram_bytes *b, struct datagram_range new)
{
	struct datagram_range *r = b->range;
	uint16_t n = b->n_ranges, i = 0, next;
	bool touches;

	while (i < n && r[i].end < new.first)
		i++;
	if (i < n && r[i].first <= new.first &&new.end <= r[i].end)
		return DATAGRAM_DUPLICATE;
	touches = i < n && r[i].end == new.first;
	next = i + touches;
	if (next < n && r[next].first < new.end)
		return DATAGRAM_OVERLAP;
	if (next == n || r[next].first != new.end) {
		if (!touches)
			return insert(b, i, new);
		r[i].end = new.end;
		return DATAGRAM_NEW;
	}
	if (!touches) {
		r[next].first = new.first;
		return DATAGRAM_NEW;
	}
	r[i].end = r[next].end;
	memmove(&r[next], &r[next + 1], (n - next - 1) * sizeof(*r));
	b->n_ranges--;
	return DATAGRAM_NEW;
}

enum datagram_news datagram_note(struct datagram_bytes *b, uint32_t offset, uint32_t len, bool more)
{
	const struct datagram_range new = { (uint16_t)(offset / UNIT), units(offset + len) };
	enum datagram_news news;

	if (contradicts(b, offset + len, more))
		return DATAGRAM_OVERLAP;
	news = merge(b, new);
	if (news == DATAGRAM_NEW && !more)
		b->length = (uint16_t)(offset + len);
	return news;
}

bool datagram_complete(const struct datagram_bytes *b)
{
	return b->length != 0 && b->n_ranges == 1 && b->range[0].first == 0 &&
	       b->range[0].end == units(b->length);
}
