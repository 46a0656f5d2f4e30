// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What is made of what comes back: sequences, percentiles, translations, the books of flows.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rte_common.h>

#include "tests/perf/pktgen/arp.h"
#include "tests/perf/pktgen/losses.h"

static void sequences(void **state)
{
	static const struct {
		uint32_t seq[8];
		unsigned int n, received, reordered, duplicated;
	} cases[] = {
		{ { 0, 1, 2, 3 }, 4, 4, 0, 0 },
		{ { 0, 2, 3 }, 3, 3, 0, 0 },	      // 1 is lost
		{ { 5, 6 }, 2, 2, 0, 0 },	      // the first five are
		{ { 0, 2, 1, 3 }, 4, 4, 1, 0 },	      // 1 is late
		{ { 0, 1, 1, 2 }, 4, 3, 0, 1 },	      // 1 twice
		{ { 0, 2, 1, 1, 0 }, 5, 3, 1, 2 },    // late, then twice
		{ { 3, 2, 1, 0 }, 4, 4, 3, 0 },	      // backwards
		{ { 0, 31, 0 }, 3, 2, 0, 1 },	      // just inside the window
		{ { 0, 32, 0, 1 }, 4, 4, 2, 0 },      // outside it: cannot be told from a late one
		{ { 0, 1, 64, 33, 33 }, 5, 4, 1, 1 }, // the window moved on by more than it has
		{ { 7, 7, 7 }, 3, 1, 0, 2 },
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		unsigned int reordered = 0, duplicated = 0;
		struct track t = { 0 };

		for (unsigned int k = 0; k < cases[i].n; k++) {
			enum track_verdict v = track_packet(&t, cases[i].seq[k]);

			reordered += v == TRACK_REORDERED;
			duplicated += v == TRACK_DUPLICATED;
		}
		assert_int_equal(t.received, cases[i].received);
		assert_int_equal(reordered, cases[i].reordered);
		assert_int_equal(duplicated, cases[i].duplicated);
		assert_int_equal(t.reordered, reordered);
		assert_int_equal(t.duplicated, duplicated);
	}
}

// Sequence numbers wrap at 2^32.
static void sequences_wrap(void **state)
{
	struct track t = { .next = UINT32_MAX, .window = UINT32_MAX, .received = UINT32_MAX };

	assert_int_equal(track_packet(&t, UINT32_MAX), TRACK_NEW);
	assert_int_equal(track_packet(&t, 1), TRACK_NEW);
	assert_int_equal(track_packet(&t, 0), TRACK_REORDERED);
	assert_int_equal(track_packet(&t, UINT32_MAX), TRACK_DUPLICATED);
	assert_int_equal(t.received, 2); // 2^32 + 2
}

// Against a list of all that was seen, with packets that are late by less than the window.
static void sequences_at_random(void **state)
{
	enum { N = 20000 };
	uint8_t *seen = calloc(N, 1);
	uint32_t received = 0, duplicated = 0, reordered = 0, highest = 0;
	struct track t = { 0 };

	for (uint32_t i = 0; i < N; i++) {
		uint64_t chance = scramble(7, i);
		uint32_t base = i < 30 ? 0 : i - 30, seq = base + (uint32_t)(chance % 31);
		enum track_verdict v = track_packet(&t, seq);

		if (seen[seq]) {
			assert_int_equal(v, TRACK_DUPLICATED);
			duplicated++;
			continue;
		}
		seen[seq] = 1;
		assert_int_equal(v, received > 0 && seq < highest ? TRACK_REORDERED : TRACK_NEW);
		received++;
		reordered += v == TRACK_REORDERED;
		highest = RTE_MAX(highest, seq);
	}
	assert_int_equal(t.received, received);
	assert_true(duplicated > 100 && reordered > 100);
	free(seen);
}

static void percentiles_are_within_three_percent(void **state)
{
	static const double shares[] = { 0, 0.01, 0.5, 0.9, 0.99, 0.999, 1 };
	enum { N = 100000 };
	struct histogram h = { 0 };

	for (uint32_t i = 1; i <= N; i++)
		histogram_add(&h, i * 7);
	for (unsigned int i = 0; i < RTE_DIM(shares); i++) {
		double exact = RTE_MAX(shares[i] * N, 1.0) * 7;
		double found = histogram_percentile(&h, shares[i]);

		assert_true(found >= exact * 0.999 && found <= exact * 1.0323 + 1);
	}
	assert_int_equal(h.min, 7);
	assert_int_equal(h.max, N * 7);
	assert_int_equal(histogram_percentile(&h, 1), N * 7);
}

static void histogram_holds_any_value(void **state)
{
	static const uint32_t values[] = { 0, 1, 31, 32, 33, 63, 64, 65535, 1u << 31, UINT32_MAX };
	struct histogram h = { 0 };

	assert_int_equal(histogram_percentile(&h, 0.5), 0);
	for (unsigned int i = 0; i < RTE_DIM(values); i++) {
		assert_true(histogram_bucket(values[i]) < HISTOGRAM_BUCKETS);
		assert_true(
			i == 0 || histogram_bucket(values[i]) > histogram_bucket(values[i - 1]));
		histogram_add(&h, values[i]);
	}
	assert_int_equal(histogram_percentile(&h, 1), UINT32_MAX);
	assert_int_equal(histogram_percentile(&h, 0.1), 0);
	assert_int_equal(histogram_percentile(&h, 0.3), 31);
}

static void histograms_add_up(void **state)
{
	struct histogram a = { 0 }, b = { 0 }, all = { 0 }, none = { 0 };

	histogram_add(&a, 10);
	histogram_add(&a, 20);
	histogram_add(&b, 1000);
	histogram_merge(&all, &none);
	histogram_merge(&all, &b);
	histogram_merge(&all, &a);
	assert_int_equal(all.count, 3);
	assert_int_equal(all.sum, 1030);
	assert_int_equal(all.min, 10);
	assert_int_equal(all.max, 1000);
	assert_int_equal(histogram_percentile(&all, 0.5), 20);
}

static void learning(void **state)
{
	const struct tuple first = { 1, 2, 3, 4 }, second = { 1, 2, 5, 4 };
	struct learned l = { .sent = 9 };

	assert_false(learn_has(&l, 0));
	assert_int_equal(learn_packet(&l, first, 0), LEARN_NEW);
	assert_true(learn_has(&l, 0));
	assert_true(learn_has(&l, 64)); // generations are told modulo 64
	assert_false(learn_has(&l, 1));
	assert_int_equal(learn_packet(&l, first, 0), LEARN_SAME);
	assert_int_equal(learn_packet(&l, second, 0), LEARN_CHANGED);
	assert_int_equal(learn_packet(&l, first, 0), LEARN_SAME); // what was learned stays
	assert_int_equal(learn_packet(&l, second, 1), LEARN_NEW);
	assert_int_equal(learn_packet(&l, first, 0), LEARN_OLD);
	assert_int_equal(learn_packet(&l, second, 1), LEARN_SAME);
	assert_int_equal(learn_packet(&l, first, 32), LEARN_NEW);
	assert_int_equal(learn_packet(&l, first, 63), LEARN_NEW);
	assert_int_equal(learn_packet(&l, first, 0), LEARN_NEW); // 64
	assert_int_equal(l.sent, 9);
}

// A set of 100 flows that was sent two and a half times; the tracks say what arrived.
static void the_books_of_flows(void **state)
{
	enum { N = 100, SENT = 250 };
	static const struct options o = { .check = CHECK_ALL };
	static struct flow_set s;
	static struct engine e = { .options = &o };
	struct flow_direction *d = &s.directions[FORWARD];
	struct track *tracks = calloc(N, sizeof(*tracks));
	struct flow_losses l;
	uint32_t pass;

	d->tracks = tracks;
	permutation_init(&d->order, N, 3);
	losses_of_flows(&e, &s, FORWARD, &l);
	assert_int_equal(l.tracked, N);
	assert_int_equal(l.lost, 0); // nothing was sent
	for (unsigned int i = 0; i < SENT; i++) {
		uint32_t slot = permutation_next(&d->order, &pass);

		if (slot != 7 && !(slot == 8 && pass == 1)) // 7 never arrives, 8 once not
			track_packet(&tracks[slot], pass);
	}
	track_packet(&tracks[9], 0); // again
	losses_of_flows(&e, &s, FORWARD, &l);
	assert_int_equal(l.with_loss, 2);
	assert_in_range(l.most_lost, 2, 3);
	assert_int_equal(l.lost, l.most_lost + 1);
	assert_int_equal(l.with_duplicates, 1);
	assert_int_equal(l.with_reordering, 0);
	free(tracks);
}

static void losses_without_duplicates(void **state)
{
	const struct counts c = { .sent = 10, .received = 10, .duplicated = 2 },
			    more = { .received = 1 };

	assert_int_equal(losses_count(&c), 2);
	assert_int_equal(losses_count(&more), 0);
}

static void arp_is_answered_for_what_is_behind_the_port(void **state)
{
	static const struct options o = { .n_ports = 2,
		.ports = { { .address = 0x0a000002,
				   .prefix_len = 24,
				   .gateway = 0x0a000001,
				   .n_arp = 1,
				   .arp = { { 0x0b000000, 0x0b0000ff } } },
			{ .address = 0x0a000102, .prefix_len = 24, .gateway = 0x0a000101 } },
		.n_sets = 1,
		.sets = { { .tx = 0,
			.rx = 1,
			.src = { 0x0a000000, 0x0a000010 },
			.dst = { 0x0a000110, 0x0a000220 } } } };
	static const struct {
		unsigned int port;
		uint32_t address;
		bool answered;
	} cases[] = {
		{ 0, 0x0a000002, true },  // its own
		{ 0, 0x0a000001, false }, // the router's, though it is in the set's range
		{ 0, 0x0a000010, true },  // a source of the set
		{ 0, 0x0a000011, false },
		{ 0, 0x0b000080, true },  // arp=
		{ 0, 0x0a000110, false }, // a destination, behind the other port
		{ 1, 0x0a000110, true },
		{ 1, 0x0a0001ff, true },
		{ 1, 0x0a000200, false }, // not of the port's prefix
		{ 1, 0x0a000010, false },
		{ 1, 0, false },
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++)
		assert_int_equal(
			arp_answers_for(&o, cases[i].port, cases[i].address), cases[i].answered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences),
		cmocka_unit_test(sequences_wrap),
		cmocka_unit_test(sequences_at_random),
		cmocka_unit_test(percentiles_are_within_three_percent),
		cmocka_unit_test(histogram_holds_any_value),
		cmocka_unit_test(histograms_add_up),
		cmocka_unit_test(learning),
		cmocka_unit_test(the_books_of_flows),
		cmocka_unit_test(losses_without_duplicates),
		cmocka_unit_test(arp_is_answered_for_what_is_behind_the_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
