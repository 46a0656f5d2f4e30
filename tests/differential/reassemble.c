// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Reassembly of what one router sent at one step.
#include "tests/differential/reassemble.h"

#include <string.h>

#include "tests/differential/site.h"
#include "tests/differential/view.h"

static bool same_datagram(const struct frame *a, const struct frame *b)
{
	const uint8_t *x = a->data + ETH_LEN, *y = b->data + ETH_LEN;

	return a->wire == b->wire && x[9] == y[9] && memcmp(x + 4, y + 4, 2) == 0 &&
	       memcmp(x + 12, y + 12, 8) == 0;
}

static void drop(struct frames *frames, unsigned int i)
{
	frames->n--;
	for (; i < frames->n; i++)
		frames->f[i] = frames->f[i + 1];
}

// The fragment that goes on where `whole` ends, frames->n: none.
static unsigned int find_next(
	const struct frames *frames, const struct frame *whole, unsigned int end)
{
	unsigned int i = 0;
	struct view v;

	while (i < frames->n &&
		!(same_datagram(&frames->f[i], whole) && view_frame(&v, &frames->f[i]) &&
			(v.more || v.later) && v.offset == end))
		i++;
	return i;
}

static const char *join(struct frames *frames, unsigned int first)
{
	struct frame *whole = &frames->f[first];
	unsigned int end, next;
	bool more = true;
	struct view v;

	if (!view_frame(&v, whole))
		return "a fragment is cut off";
	end = v.l4_len;
	while (more) {
		next = find_next(frames, whole, end);
		if (next == frames->n || !view_frame(&v, &frames->f[next]))
			return "a fragment is missing";
		if (whole->len + v.l4_len > FRAME_MAX)
			return "a datagram is too long";
		memcpy(whole->data + whole->len, v.l4, v.l4_len);
		whole->len += v.l4_len;
		end += v.l4_len;
		more = v.more;
		drop(frames, next);
		if (next < first)
			whole = &frames->f[--first];
	}
	view_store(whole->data + ETH_LEN + 2, whole->len - ETH_LEN);
	view_store(whole->data + ETH_LEN + 6, 0);
	if (!view_frame(&v, whole))
		return "a datagram is cut off";
	view_store(v.ip + 10, 0);
	view_store(v.ip + 10, view_sum(v.ip, v.hlen, 0));
	return NULL;
}

static bool is_whole(const struct frame *f)
{
	struct view v;

	return !view_frame(&v, f) || (!v.more && !v.later);
}

const char *reassemble(struct frames *frames)
{
	unsigned int whole = 0;

	for (unsigned int i = 0; i < frames->n; i++)
		if (frames->f[i].wire == WIRE_PUB0 && frames->f[i].len > ETH_LEN + SITE_MTU)
			return "a packet is larger than the interface's MTU";
	for (unsigned int i = 0; i < frames->n; i++) {
		struct view v;
		const char *why;

		if (view_frame(&v, &frames->f[i]) && view_sum(v.ip, v.hlen, 0) != 0)
			return "an IP checksum is wrong";
		if (is_whole(&frames->f[i]) || !view_frame(&v, &frames->f[i]) || v.later)
			continue;
		why = join(frames, i);
		if (why != NULL)
			return why;
		i = 0; // those before it have moved
	}
	for (unsigned int i = 0; i < frames->n; i++)
		whole += is_whole(&frames->f[i]);
	return whole == frames->n ? NULL : "a first fragment is missing";
}
