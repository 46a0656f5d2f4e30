// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The parser: what it says of good packets in every segmentation, why it drops bad ones, and that
// it stays inside of what it is given, whatever that is.

#include "tests/unit/packet/packet_test.h"

#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "dataplane/packet/csum.h"
#include "tests/unit/packet/vectors_packet.h"

// Copies of a frame may be changed.
static uint8_t *copy_of(const uint8_t *data, uint32_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return copy;
}

static void good_packets(void **state)
{
	FOR_VECTORS(v, parse_vectors)
	{
		struct meta want = expected_meta(&v->meta);
		struct frame trimmed = { v->in.data, sizeof(struct rte_ether_hdr) + want.ip_len };

		FOR_SHAPES(shape)
		{
			struct rte_mbuf *m = mbuf_shaped(&v->in, shape);

			CHECK(v, parse_poisoned(m, v->rx_partial) == PARSE_IP4);
			CHECK(v, memcmp(mbuf_meta(m), &want, sizeof(want)) == 0);
			CHECK(v, packet_is(m, &trimmed));
			CHECK(v, m->ol_flags == 0);
			rte_pktmbuf_free(m);
		}
	}
}

static void arp(void **state)
{
	FOR_VECTORS(v, arp_vectors)
	{
		struct rte_mbuf *m = mbuf_exact(v->in.data, v->in.len);
		struct meta want = expected_meta(&v->meta);

		CHECK(v, parse_poisoned(m, false) == PARSE_ARP);
		CHECK(v, memcmp(mbuf_meta(m), &want, sizeof(want)) == 0);
		rte_pktmbuf_free(m);
	}
}

static void dropped_packets(void **state)
{
	FOR_VECTORS(v, drop_vectors)
	{
		struct rte_mbuf *m = mbuf_exact(v->in.data, v->in.len);

		CHECK(v, parse_poisoned(m, false) == PARSE_DROP);
		CHECK(v, mbuf_meta(m)->reason == v->reason);
		rte_pktmbuf_free(m);
		FOR_SHAPES(shape)
		{
			m = mbuf_shaped(&v->in, shape);
			CHECK(v, parse_poisoned(m, false) == PARSE_DROP);
			CHECK(v, mbuf_meta(m)->reason == v->reason);
			rte_pktmbuf_free(m);
		}
	}
}

// The kernel may use addresses and options that others may not; bounds hold for it as well.
static void kernel_packets(void **state)
{
	FOR_VECTORS(v, drop_vectors)
	{
		struct rte_mbuf *m = mbuf_exact(v->in.data, v->in.len);
		struct meta *meta = mbuf_meta(m);
		enum parse_result result = packet_parse_kernel(m, meta);

		switch (v->reason) {
		case DROP_ETH_NOT_OURS:
		case DROP_IP_SOURCE:
		case DROP_IP_DESTINATION:
		case DROP_IP_BROADCAST:
		case DROP_IP_OPTIONS:
		case DROP_IP_SOURCE_ROUTE:
			CHECK(v, result == PARSE_IP4);
			break;
		default:
			CHECK(v, result == PARSE_DROP && meta->reason == v->reason);
		}
		rte_pktmbuf_free(m);
	}
}

// Headers in segments without room behind them cannot be made contiguous.
static void split_headers(void **state)
{
	const struct vector *v = &parse_vectors[0];

	for (uint32_t cut = 0; cut < 42; cut++) {
		struct rte_mbuf *m = mbuf_exact(v->in.data, cut);
		struct rte_mbuf *rest = mbuf_exact(v->in.data + cut, v->in.len - cut);

		assert_int_equal(rte_pktmbuf_chain(m, rest), 0);
		assert_int_equal(parse_poisoned(m, false), PARSE_DROP);
		assert_int_equal(mbuf_meta(m)->reason, DROP_HEADER_SPLIT);
		rte_pktmbuf_free(m);
	}
}

static void try_bytes(const uint8_t *data, uint32_t len)
{
	for (int rx_partial = 0; rx_partial < 2; rx_partial++) {
		struct rte_mbuf *m = mbuf_exact(data, len);

		if (parse_poisoned(m, rx_partial) == PARSE_IP4)
			assert_true(exercise(m));
		rte_pktmbuf_free(m);
	}
}

static void try_truncations(const struct vector *table, unsigned int n)
{
	for (const struct vector *v = table; v < table + n; v++) {
		for (uint32_t len = 0; len <= RTE_MIN(v->in.len, 400u); len++) {
			uint8_t *data = copy_of(v->in.data, len);

			try_bytes(data, len);
			repair_frame(data, len);
			try_bytes(data, len);
			free(data);
		}
	}
}

static void truncations(void **state)
{
	try_truncations(parse_vectors, RTE_DIM(parse_vectors));
	try_truncations(error_vectors, RTE_DIM(error_vectors));
	try_truncations(drop_vectors, RTE_DIM(drop_vectors));
}

// Random bytes in good frames, with the header checksum right so that the rest is looked at.
static void try_mutations(const struct vector *table, unsigned int n)
{
	unsigned int seed = 1;

	for (const struct vector *v = table; v < table + n; v++) {
		uint32_t len = RTE_MIN(v->in.len, 400u);

		for (int round = 0; round < 300; round++) {
			uint8_t *data = copy_of(v->in.data, len);

			for (int i = rand_r(&seed) % 4; i >= 0; i--)
				data[14 + rand_r(&seed) % (len - 14)] = (uint8_t)rand_r(&seed);
			repair_frame(data, len);
			try_bytes(data, len);
			free(data);
		}
	}
}

static void mutations(void **state)
{
	try_mutations(parse_vectors, RTE_DIM(parse_vectors));
	try_mutations(error_vectors, RTE_DIM(error_vectors));
}

// A frame that is long enough for the parser's short cut, which parse_poisoned() compares; 64 bytes
// of IPv4, padding behind them.
static void short_cut_frame(uint8_t *frame, uint8_t proto)
{
	memcpy(frame, own_mac.addr_bytes, sizeof(own_mac));
	memcpy(frame + 12, "\x08\x00\x45", 3);
	memcpy(frame + 16, "\x00\x40\x00\x00\x00\x00\x40", 7);
	frame[23] = proto;
	memcpy(frame + 26, "\x0a\x01\x02\x03\x0a\x01\x02\x04", 8);
	memcpy(frame + 34, "\x04\x00\x00\x35\x00\x2c", 6); // 44 bytes of UDP
	frame[46] = 0x50;				   // a TCP header of 20 bytes
}

// Each value of each byte of the headers, with the checksum right but where it is the byte itself,
// and padding of each length.
static void short_cut(void **state)
{
	static const uint8_t protos[] = { IPPROTO_UDP, IPPROTO_TCP };

	for (unsigned int i = 0; i < 2 * 256 * 54; i++) {
		uint8_t frame[90] = { 0 }, byte = i / 2 / 256;
		uint16_t csum;

		short_cut_frame(frame, protos[i % 2]);
		frame[byte] = (uint8_t)(i / 2);
		csum = csum_compute(frame + 14, 20);
		if (byte != 24 && byte != 25)
			memcpy(frame + 24, &csum, sizeof(csum));
		try_bytes(frame, 78 + i % 13);
	}
}

static void quoted_tuples(void **state)
{
	FOR_VECTORS(v, error_vectors)
	{
		struct rte_mbuf *m = mbuf_exact(v->in.data, v->in.len);
		const struct meta *meta = mbuf_meta(m);
		struct tuple quoted;
		uint16_t flags;
		bool ports;

		CHECK(v, parse_poisoned(m, false) == PARSE_IP4);
		ports = packet_quoted_tuple(m, meta, &quoted, &flags);
		CHECK(v, ports == !!(flags & META_HAS_PORTS));
		CHECK(v, quoted.src == v->quoted.src && quoted.dst == v->quoted.dst);
		CHECK(v, quoted.sport == v->quoted.sport && quoted.dport == v->quoted.dport);
		CHECK(v, quoted.proto == v->quoted.proto && flags == v->quoted_flags);
		rte_pktmbuf_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_packets),
		cmocka_unit_test(arp),
		cmocka_unit_test(dropped_packets),
		cmocka_unit_test(kernel_packets),
		cmocka_unit_test(split_headers),
		cmocka_unit_test(quoted_tuples),
		cmocka_unit_test(truncations),
		cmocka_unit_test(mutations),
		cmocka_unit_test(short_cut),
	};

	return cmocka_run_group_tests(tests, packet_setup, packet_teardown);
}
