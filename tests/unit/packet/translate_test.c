// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Translation: the bytes that scapy builds for the new addresses and ports, in every segmentation,
// and the same bytes again after translating back.

#include "tests/unit/packet/packet_test.h"

#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/translate.h"
#include "tests/unit/packet/vectors_packet.h"

#define RANDOM_ROUNDS 200

// Metadata of a packet as the parser sees it from scratch.
static struct meta parsed_again(const struct frame *frame, bool rx_partial)
{
	struct rte_mbuf *m = mbuf_exact(frame->data, frame->len);
	struct meta meta;

	assert_int_equal(parse_poisoned(m, rx_partial), PARSE_IP4);
	meta = *mbuf_meta(m);
	rte_pktmbuf_free(m);
	return meta;
}

static void translate(void **state)
{
	FOR_VECTORS(v, translate_vectors)
	{
		struct meta want = parsed_again(&v->out[0], v->rx_partial);

		FOR_SHAPES(shape)
		{
			struct rte_mbuf *m = mbuf_shaped(&v->in, shape);
			struct tuple before;

			CHECK(v, parse_poisoned(m, v->rx_partial) == PARSE_IP4);
			before = meta_tuple(mbuf_meta(m));
			packet_translate(m, mbuf_meta(m), &v->to);
			CHECK(v, packet_is(m, &v->out[0]));
			CHECK(v, memcmp(mbuf_meta(m), &want, sizeof(want)) == 0);
			packet_translate(m, mbuf_meta(m), &before);
			CHECK(v, packet_is(m, &v->in));
			rte_pktmbuf_free(m);
		}
	}
}

static void translate_error(void **state)
{
	FOR_VECTORS(v, error_vectors)
	{
		struct meta want = parsed_again(&v->out[0], false);

		FOR_SHAPES(shape)
		{
			struct rte_mbuf *m = mbuf_shaped(&v->in, shape);

			CHECK(v, parse_poisoned(m, false) == PARSE_IP4);
			CHECK(v, packet_translate_error(m, mbuf_meta(m), &v->to, v->src, v->dst) ==
					 0);
			CHECK(v, packet_is(m, &v->out[0]));
			CHECK(v, memcmp(mbuf_meta(m), &want, sizeof(want)) == 0);
			rte_pktmbuf_free(m);
		}
	}
}

// Metadata that does not fit the packet is refused before anything is written.
static void translate_error_bounds(void **state)
{
	const struct vector *v = &error_vectors[0];

	for (uint32_t len = 42; len < 42 + 40; len++) {
		struct rte_mbuf *m = mbuf_exact(v->in.data, v->in.len);
		struct meta *meta = mbuf_meta(m);
		struct frame cut = { v->in.data, len };

		assert_int_equal(parse_poisoned(m, false), PARSE_IP4);
		assert_int_equal(rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - len)), 0);
		assert_int_equal(
			packet_translate_error(m, meta, &v->to, v->src, v->dst), -EMSGSIZE);
		assert_true(packet_is(m, &cut));
		meta->flags = 0;
		assert_int_equal(packet_translate_error(m, meta, &v->to, v->src, v->dst), -EINVAL);
		rte_pktmbuf_free(m);
	}
}

// The plain sum of RFC 1071 1, of bytes in pairs from the left.
static uint32_t sum_of(const uint8_t *data, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	return sum;
}

static bool sums_to_ones(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

// Whether IPv4 and L4 checksum of an unfragmented packet in one segment verify.
static bool verifies(struct rte_mbuf *m, const struct meta *meta)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);
	uint32_t header = meta->l4_off - meta->l3_off, len = meta->ip_len - header;
	uint32_t sum = sum_of(l4, len);

	if (meta->proto != IPPROTO_ICMP)
		sum += sum_of(ip + 12, 8) + meta->proto + len;
	return sums_to_ones(sum_of(ip, header)) && sums_to_ones(sum);
}

// One field in four is zero or all ones: where one's complement has two zeros.
static uint32_t random_word(unsigned int *seed)
{
	const uint32_t corners[] = { 0, UINT32_MAX };
	unsigned int choice = (unsigned int)rand_r(seed) % 8;

	return choice < 2 ? corners[choice] : (uint32_t)rand_r(seed) * 2 + (choice & 1);
}

static void random_tuples(void **state)
{
	const struct shape whole = { 2000, 2000 };
	unsigned int seed = 7, verified = 0;

	FOR_VECTORS(v, translate_vectors)
	{
		struct rte_mbuf *m;
		struct meta *meta;

		if (v->in.len > whole.first)
			continue;
		m = mbuf_shaped(&v->in, &whole);
		meta = mbuf_meta(m);
		CHECK(v, parse_poisoned(m, false) == PARSE_IP4);
		for (int i = 0; i < RANDOM_ROUNDS && verifies(m, meta); i++) {
			const struct tuple to = { random_word(&seed), random_word(&seed),
				(uint16_t)random_word(&seed), (uint16_t)random_word(&seed), 0 };

			packet_translate(m, meta, &to);
			CHECK(v, verifies(m, meta));
			CHECK(v, meta->src == to.src && meta->dst == to.dst);
			verified++;
		}
		rte_pktmbuf_free(m);
	}
	assert_true(verified > 20 * RANDOM_ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translate),
		cmocka_unit_test(translate_error),
		cmocka_unit_test(translate_error_bounds),
		cmocka_unit_test(random_tuples),
	};

	return cmocka_run_group_tests(tests, packet_setup, packet_teardown);
}
