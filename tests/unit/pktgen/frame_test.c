// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The generator's packets against scapy's, and what it takes for one of its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <rte_byteorder.h>

#include "tests/perf/pktgen/frame.h"

struct frame {
	const uint8_t *data;
	uint16_t len;
};

struct vector {
	const char *name;
	uint8_t proto, flags, set;
	uint16_t len;
	struct tuple tuple;
	uint32_t flow, seq, stamp;
	struct frame frame;
};

#include "tests/unit/pktgen/vectors_pktgen.h"

#define FOR_VECTORS(v)                                                                             \
	for (const struct vector *v = frame_vectors;                                               \
		v < frame_vectors + sizeof(frame_vectors) / sizeof(frame_vectors[0]); v++)

static const struct rte_ether_addr own = { { 2, 0, 0, 0x70, 0x67, 0 } };
static const struct rte_ether_addr router = { { 2, 0, 0, 0, 0, 1 } };

// A copy of exactly as many bytes, so that a sanitizer sees what is read behind them.
static uint8_t *exact(const uint8_t *data, uint16_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	memcpy(copy, data, len);
	return copy;
}

static void built_as_scapy_builds_it(void **state)
{
	static uint8_t data[FRAME_MAX];

	FOR_VECTORS(v)
	{
		const struct tag tag = { v->flow, v->seq, v->stamp, v->set };
		struct frame_template t;

		memset(data, 0, sizeof(data));
		memset(data, 0xff, FRAME_HEAD); // of the packet that the buffer had before
		frame_template_init(&t, v->proto, v->flow & TAG_REVERSE, &own, &router);
		frame_build(data, v->len, &t, &v->tuple, &tag, v->flags);
		if (memcmp(data, v->frame.data, v->len) != 0)
			fail_msg("%s", v->name);
	}
}

static void read_as_it_was_built(void **state)
{
	FOR_VECTORS(v)
	{
		uint8_t *data = exact(v->frame.data, v->frame.len);
		struct seen seen;

		assert_true(frame_parse(data, v->frame.len, &seen));
		assert_true(frame_checksums_ok(data, v->frame.len));
		assert_memory_equal(&seen.tuple, &v->tuple, sizeof(seen.tuple));
		assert_int_equal(seen.proto, v->proto);
		assert_int_equal(seen.flags, v->flags);
		assert_int_equal(seen.tag.flow, v->flow);
		assert_int_equal(seen.tag.seq, v->seq);
		assert_int_equal(seen.tag.stamp, v->stamp);
		assert_int_equal(seen.tag.set, v->set);
		free(data);
	}
}

// What is cut off is none of ours; nothing is read behind the end.
static void cut_off(void **state)
{
	FOR_VECTORS(v)
	{
		for (uint16_t len = 0; len < v->frame.len && len < 100; len++) {
			uint8_t *data = exact(v->frame.data, len);
			struct seen seen;

			assert_false(frame_parse(data, len, &seen));
			free(data);
		}
	}
}

// Padding behind the packet is not part of it.
static void padded(void **state)
{
	const struct vector *v = &frame_vectors[0];
	uint8_t data[70] = { 0 };
	struct seen seen;

	memcpy(data, v->frame.data, v->frame.len);
	memset(data + v->frame.len, 0xee, sizeof(data) - v->frame.len);
	assert_true(frame_parse(data, sizeof(data), &seen));
	assert_true(frame_checksums_ok(data, sizeof(data)));
}

// Any changed bit from the IP header on.
static void damaged(void **state)
{
	FOR_VECTORS(v)
	{
		if (v->len > 61)
			continue;
		for (unsigned int bit = 14 * 8; bit < v->len * 8u; bit++) {
			uint8_t *data = exact(v->frame.data, v->frame.len);
			struct seen seen;

			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(frame_parse(data, v->frame.len, &seen) &&
				     frame_checksums_ok(data, v->frame.len));
			free(data);
		}
	}
}

// A router may send UDP without a checksum (RFC 768), if it got it so.
static void udp_without_a_checksum(void **state)
{
	uint8_t *data = exact(frame_vectors[0].frame.data, frame_vectors[0].frame.len);

	assert_int_equal(frame_vectors[0].proto, IPPROTO_UDP);
	memset(data + 40, 0, 2);
	assert_true(frame_checksums_ok(data, frame_vectors[0].frame.len));
	free(data);
}

static const struct vector *first_of(uint8_t proto)
{
	FOR_VECTORS(v)
	{
		if (v->proto == proto)
			return v;
	}
	fail();
	return NULL;
}

// One changed byte makes it a packet that the generator did not send.
static void none_of_ours(void **state)
{
	static const struct {
		uint8_t proto, at, value;
	} cases[] = {
		{ IPPROTO_UDP, 12, 0x86 }, // EtherType
		{ IPPROTO_UDP, 14, 0x46 }, // options
		{ IPPROTO_UDP, 14, 0x65 }, // version
		{ IPPROTO_UDP, 16, 0xff }, // longer than the frame
		{ IPPROTO_UDP, 17, 20 },   // shorter than the headers
		{ IPPROTO_UDP, 20, 0x20 }, // more fragments
		{ IPPROTO_UDP, 21, 0x01 }, // a later fragment
		{ IPPROTO_UDP, 23, 50 },   // protocol
		{ IPPROTO_UDP, 54, 0 },	   // magic
		{ IPPROTO_TCP, 46, 0x60 }, // TCP options
		{ IPPROTO_TCP, 58, 0 },	   // magic
		{ IPPROTO_ICMP, 34, 3 },   // an error
		{ IPPROTO_ICMP, 54, 0 },   // magic
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct vector *v = first_of(cases[i].proto);
		uint8_t *data = exact(v->frame.data, v->frame.len);
		struct seen seen;

		assert_int_not_equal(data[cases[i].at], cases[i].value);
		data[cases[i].at] = cases[i].value;
		assert_false(frame_parse(data, v->frame.len, &seen));
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_as_scapy_builds_it),
		cmocka_unit_test(read_as_it_was_built),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(padded),
		cmocka_unit_test(damaged),
		cmocka_unit_test(udp_without_a_checksum),
		cmocka_unit_test(none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
