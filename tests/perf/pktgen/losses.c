// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What each flow lost. How often a flow was sent follows from the permutation of its set: in each
// whole pass once, and in the last one if the counter came past it.
#include "tests/perf/pktgen/losses.h"

static void account(struct flow_losses *l, const struct track *t, uint32_t sent)
{
	uint32_t lost = sent - t->received; // modulo 2^32, as both are

	l->tracked++;
	l->lost += lost;
	l->with_loss += lost > 0;
	l->with_reordering += t->reordered > 0;
	l->with_duplicates += t->duplicated > 0;
	if (lost > l->most_lost)
		l->most_lost = lost;
}

void losses_of_flows(
	const struct engine *e, const struct flow_set *s, enum direction d, struct flow_losses *out)
{
	const struct permutation *p = &s->directions[d].order;
	const struct track *tracks = s->directions[d].tracks;
	uint32_t step = e->options->check == CHECK_ALL ? 1 : SAMPLE;

	*out = (struct flow_losses){ 0 };
	for (uint64_t counter = 0; tracks != NULL && counter <= p->mask; counter++) {
		uint32_t slot = permutation_at(p, (uint32_t)counter), sent;

		if (slot >= p->n || slot % step != 0)
			continue;
		sent = d == FORWARD ? p->pass + (counter < p->counter) : s->learned[slot].sent;
		account(out, &tracks[slot / step], sent);
	}
}

void counts_add(struct counts *into, const struct counts *c)
{
	into->sent += c->sent;
	into->received += c->received;
	into->bytes_sent += c->bytes_sent;
	into->bytes_received += c->bytes_received;
	into->reordered += c->reordered;
	into->duplicated += c->duplicated;
	into->corrupt += c->corrupt;
	into->mistranslated += c->mistranslated;
	into->skipped += c->skipped;
}
