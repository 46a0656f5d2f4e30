// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The bytes of a datagram that have come, against a map of single bytes, with random fragments.
#include "dataplane/ip4/datagram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONGEST 2400 // bytes, so that fragments often meet
#define ROUNDS	4000

struct model {
	bool come[LONGEST + 8];
	uint32_t length; // 0: not known
	uint32_t most;	 // end of the bytes that have come
};

static uint32_t pieces(const struct model *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < LONGEST; i++)
		n += m->come[i] && (i == 0 || !m->come[i - 1]);
	return n;
}

// What must be said of a fragment, in whole units of 8 bytes as fragments are cut.
static enum datagram_news expected(struct model *m, uint32_t first, uint32_t end, bool more)
{
	uint32_t upto = (end + 7) / 8 * 8, old = 0;
	struct model next = *m;

	if (m->length != 0 && (more ? end > m->length : end != m->length))
		return DATAGRAM_OVERLAP;
	if (m->length == 0 && !more && m->most > upto)
		return DATAGRAM_OVERLAP;
	for (uint32_t i = first; i < upto; i++) {
		old += m->come[i];
		next.come[i] = true;
	}
	if (old == upto - first)
		return DATAGRAM_DUPLICATE;
	if (old > 0)
		return DATAGRAM_OVERLAP;
	if (pieces(&next) > LIMIT_DATAGRAM_PIECES)
		return DATAGRAM_FULL;
	*m = next;
	m->most = upto > m->most ? upto : m->most;
	if (!more)
		m->length = end;
	return DATAGRAM_NEW;
}

static bool complete(const struct model *m)
{
	return m->length != 0 && memchr(m->come, false, m->length) == NULL;
}

static void test_random_fragments(void **state)
{
	unsigned int seen[DATAGRAM_FULL + 1] = { 0 }, whole = 0;

	srandom(7);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct datagram_bytes b = { 0 };
		struct model m = { 0 };
		uint32_t most = 8 + random() % (round % 4 == 0 ? 8 : 64);

		for (unsigned int i = 0; i < 100 && !complete(&m); i++) {
			bool more = random() % 20 != 0;
			uint32_t first = random() % (LONGEST / 8 - 9) * 8;
			uint32_t len = 1 + random() % most;
			enum datagram_news want;

			if (more)
				len = (len + 7) / 8 * 8;
			if (first + len > LONGEST)
				continue;
			want = expected(&m, first, first + len, more);
			seen[want]++;
			assert_int_equal(datagram_note(&b, first, len, more), want);
			assert_int_equal(datagram_complete(&b), complete(&m));
		}
	}
	for (unsigned int i = 0; i <= DATAGRAM_FULL; i++)
		assert_true(seen[i] > 100);
	// Whole datagrams, in random order.
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct datagram_bytes b = { 0 };
		uint32_t n = 2 + random() % (2 * LIMIT_DATAGRAM_PIECES), order[80];

		for (uint32_t i = 0; i < n; i++)
			order[i] = i;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t k = i + random() % (n - i), at = order[k];

			order[k] = order[i];
			assert_false(datagram_complete(&b));
			assert_int_equal(
				datagram_note(&b, at * 16, at == n - 1 ? 5 : 16, at != n - 1),
				DATAGRAM_NEW);
		}
		whole += datagram_complete(&b);
	}
	assert_int_equal(whole, ROUNDS);
}

static void test_longest(void **state)
{
	struct datagram_bytes b = { 0 };

	assert_int_equal(datagram_note(&b, 65528, 7, false), DATAGRAM_NEW);
	assert_int_equal(datagram_note(&b, 0, 65528, true), DATAGRAM_NEW);
	assert_true(datagram_complete(&b));
	assert_int_equal(datagram_note(&b, 65528, 7, false), DATAGRAM_DUPLICATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_fragments),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
