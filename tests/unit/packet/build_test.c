// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets that the library makes or completes: ICMP errors, fragments, checksums, time to live.

#include "tests/unit/packet/packet_test.h"

#include <stdalign.h>
#include <string.h>

#include <rte_ip.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/fragment.h"
#include "dataplane/packet/icmp_error.h"
#include "dataplane/packet/rewrite.h"
#include "tests/unit/packet/vectors_packet.h"

#define ROUTER RTE_BE32(0xac100901) // 172.16.9.1, as in the vectors

// Whether metadata says what the parser would say of the packet, apart from `flags`.
static bool meta_is_true(struct rte_mbuf *m, uint16_t flags)
{
	const struct meta was = *mbuf_meta(m);
	struct meta again = was;
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	enum parse_result result = packet_parse(m, &again, &eth->dst_addr);

	again.flags |= flags;
	again.adj = was.adj;
	again.out_port = was.out_port;
	return result == PARSE_IP4 && memcmp(&was, &again, sizeof(was)) == 0;
}

static void make_icmp_error(void **state)
{
	FOR_VECTORS(v, make_error_vectors)
	{
		struct rte_mbuf *m = mbuf_shaped(&v->in, &shapes[0]);
		struct meta *meta = mbuf_meta(m);

		CHECK(v, parse_poisoned(m, v->rx_partial) == PARSE_IP4);
		CHECK(v, packet_make_icmp_error(m, meta, v->type, v->code, v->mtu, ROUTER) == 0);
		CHECK(v, packet_is(m, &v->out[0]));
		CHECK(v, m->nb_segs == 1);
		CHECK(v, meta->flags == (META_GENERATED | META_DF | META_ICMP_ERROR));
		CHECK(v, meta_is_true(m, META_GENERATED));
		rte_pktmbuf_free(m);
	}
}

// Only the first segment is quoted; headers in it are enough.
static void make_icmp_error_of_segments(void **state)
{
	FOR_VECTORS(v, make_error_vectors)
	{
		FOR_SHAPES(shape)
		{
			struct rte_mbuf *m = mbuf_shaped(&v->in, shape);
			struct meta *meta = mbuf_meta(m);

			CHECK(v, parse_poisoned(m, v->rx_partial) == PARSE_IP4);
			CHECK(v, packet_make_icmp_error(
					 m, meta, v->type, v->code, v->mtu, ROUTER) == 0);
			CHECK(v, m->nb_segs == 1 && m->data_len <= 14 + 576);
			CHECK(v, m->data_len == 14 + meta->ip_len && meta->quoted_len >= 20);
			CHECK(v, meta_is_true(m, META_GENERATED));
			rte_pktmbuf_free(m);
		}
	}
}

static void no_icmp_error(void **state)
{
	struct rte_mbuf *m;

	FOR_VECTORS(v, no_error_vectors)
	{
		m = mbuf_shaped(&v->in, &shapes[0]);
		CHECK(v, parse_poisoned(m, false) == PARSE_IP4);
		CHECK(v, packet_make_icmp_error(m, mbuf_meta(m), v->type, v->code, 0, ROUTER) ==
				 -EPERM);
		CHECK(v, packet_is(m, &v->in));
		rte_pktmbuf_free(m);
	}
	m = mbuf_exact(make_error_vectors[0].in.data, make_error_vectors[0].in.len);
	assert_int_equal(parse_poisoned(m, false), PARSE_IP4);
	assert_int_equal(packet_make_icmp_error(m, mbuf_meta(m), 11, 0, 0, ROUTER), -ENOBUFS);
	rte_pktmbuf_free(m);
}

// What one error reports must not be reported by another.
static void no_icmp_error_about_own(void **state)
{
	const struct vector *v = &make_error_vectors[0];
	struct rte_mbuf *m = mbuf_shaped(&v->in, &shapes[0]);

	assert_int_equal(parse_poisoned(m, false), PARSE_IP4);
	assert_int_equal(packet_make_icmp_error(m, mbuf_meta(m), 11, 0, 0, ROUTER), 0);
	assert_int_equal(packet_make_icmp_error(m, mbuf_meta(m), 11, 0, 0, ROUTER), -EPERM);
	rte_pktmbuf_free(m);
}

static void check_fragments(const struct vector *v, struct rte_mbuf **frags, int n)
{
	CHECK(v, n == (int)v->nb_out);
	for (int i = 0; i < n; i++) {
		const struct meta *meta = mbuf_meta(frags[i]);
		bool fits = v->mtu + 14 <= RTE_MBUF_DEFAULT_DATAROOM;

		CHECK(v, packet_is(frags[i], &v->out[i]));
		CHECK(v, meta->adj == 1234 && meta->out_port == 5);
		CHECK(v, !fits || frags[i]->nb_segs == 1);
		CHECK(v, meta_is_true(frags[i], 0));
	}
	rte_pktmbuf_free_bulk(frags, (unsigned int)n);
}

static void fragment(void **state)
{
	struct rte_mbuf *frags[VECTOR_FRAMES];

	FOR_VECTORS(v, fragment_vectors)
	{
		FOR_SHAPES(shape)
		{
			struct rte_mbuf *m = mbuf_shaped(&v->in, shape);
			int n;

			CHECK(v, parse_poisoned(m, v->rx_partial) == PARSE_IP4);
			mbuf_meta(m)->adj = 1234;
			mbuf_meta(m)->out_port = 5;
			n = packet_fragment(m, v->mtu, packet_pool(), frags, VECTOR_FRAMES);
			rte_pktmbuf_free(m);
			check_fragments(v, frags, n);
		}
	}
}

static void no_fragment(void **state)
{
	struct rte_mbuf *frags[VECTOR_FRAMES];

	FOR_VECTORS(v, no_fragment_vectors)
	{
		struct rte_mbuf *m = mbuf_shaped(&v->in, &shapes[0]);

		CHECK(v, parse_poisoned(m, false) == PARSE_IP4);
		CHECK(v, packet_fragment(m, v->mtu, packet_pool(), frags, VECTOR_FRAMES) == v->ret);
		CHECK(v, packet_is(m, &v->in));
		rte_pktmbuf_free(m);
	}
}

static void no_memory_to_fragment(void **state)
{
	const struct vector *v = &fragment_vectors[0];
	struct rte_mempool *small = rte_pktmbuf_pool_create(
		"small", 3, 0, sizeof(struct meta), RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rte_mbuf *m = mbuf_shaped(&v->in, &shapes[0]), *frags[VECTOR_FRAMES];

	assert_non_null(small);
	assert_int_equal(parse_poisoned(m, false), PARSE_IP4);
	assert_int_equal(packet_fragment(m, v->mtu, small, frags, VECTOR_FRAMES), -ENOMEM);
	assert_int_equal(rte_mempool_avail_count(small), 3);
	assert_true(packet_is(m, &v->in));
	rte_pktmbuf_free(m);
	rte_mempool_free(small);
}

static void finish_checksum(void **state)
{
	FOR_VECTORS(v, finish_vectors)
	{
		FOR_SHAPES(shape)
		{
			struct rte_mbuf *m = mbuf_shaped(&v->in, shape);
			struct meta *meta = mbuf_meta(m);

			CHECK(v, parse_poisoned(m, v->rx_partial) == PARSE_IP4);
			CHECK(v, meta->flags & META_CSUM_PARTIAL);
			CHECK(v, packet_csum_finish(m, meta) == 0);
			CHECK(v, packet_is(m, &v->out[0]));
			CHECK(v, !(meta->flags & META_CSUM_PARTIAL));
			CHECK(v, packet_csum_finish(m, meta) == 0); // nothing more to do
			CHECK(v, packet_is(m, &v->out[0]));
			rte_pktmbuf_free(m);
		}
	}
}

static void offload_checksum(void **state)
{
	FOR_VECTORS(v, finish_vectors)
	{
		struct rte_mbuf *m = mbuf_shaped(&v->in, &shapes[0]);
		struct meta *meta = mbuf_meta(m);
		uint64_t l4;

		CHECK(v, parse_poisoned(m, v->rx_partial) == PARSE_IP4);
		l4 = meta->proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
		packet_csum_offload(m, meta);
		CHECK(v, m->ol_flags == (RTE_MBUF_F_TX_IPV4 | l4));
		CHECK(v, m->l2_len == 14 && m->l3_len == 20);
		CHECK(v, packet_is(m, &v->in));
		m->ol_flags = 0;
		CHECK(v, packet_csum_finish(m, meta) == 0);
		packet_csum_offload(m, meta);
		CHECK(v, m->ol_flags == 0);
		rte_pktmbuf_free(m);
	}
}

static void decrement_ttl(void **state)
{
	FOR_VECTORS(v, ttl_vectors)
	{
		struct rte_mbuf *m = mbuf_shaped(&v->in, &shapes[0]);

		CHECK(v, parse_poisoned(m, false) == PARSE_IP4);
		packet_decrement_ttl(m, mbuf_meta(m));
		CHECK(v, packet_is(m, &v->out[0]));
		CHECK(v, meta_is_true(m, 0));
		rte_pktmbuf_free(m);
	}
}

static void set_ethernet(void **state)
{
	const struct frame *in = &ttl_vectors[0].in;
	struct rte_mbuf *m = mbuf_exact(in->data, in->len);
	alignas(8) struct rte_ether_hdr eth;

	memset(&eth, 0x5a, sizeof(eth));
	packet_set_ethernet(m, &eth);
	assert_memory_equal(rte_pktmbuf_mtod(m, const void *), &eth, sizeof(eth));
	assert_memory_equal(
		rte_pktmbuf_mtod_offset(m, const void *, 14), in->data + 14, in->len - 14);
	rte_pktmbuf_free(m);
}

// RFC 1071 3: the worked example, summed as words of either half.
static void rfc1071_example(void **state)
{
	const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	uint16_t sum;
	struct rte_mbuf *m = mbuf_exact(bytes, sizeof(bytes));

	assert_int_equal(csum_fold(0x2ddf0), 0xddf2); // "fold" of the example
	assert_int_equal(csum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(csum_fold(0), 0);
	assert_int_equal(csum_compute(bytes, sizeof(bytes)), RTE_BE16(0x220d));
	assert_int_equal(csum_mbuf(m, 0, sizeof(bytes), &sum), 0);
	assert_int_equal(sum, RTE_BE16(0xddf2));
	assert_int_equal(csum_mbuf(m, 1, sizeof(bytes), &sum), -EINVAL);
	assert_int_equal(csum_mbuf(m, 9, 0, &sum), -EINVAL);
	rte_pktmbuf_free(m);
}

// A sum of nothing but ones is all ones: every addition carries.
static void every_carry(void **state)
{
	uint8_t header[60];

	memset(header, 0xff, sizeof(header));
	assert_true(csum_ip4_plain_ok(header));
	assert_true(csum_ip4_ok(header, 5));
	assert_true(csum_ip4_ok(header, 15));
	header[19] = 0xfe;
	assert_false(csum_ip4_plain_ok(header));
	assert_false(csum_ip4_ok(header, 5));
}

// RFC 1624 4: the example where eqn. 2 of RFC 1141 goes wrong.
static void rfc1624_example(void **state)
{
	assert_int_equal(
		csum_update(RTE_BE16(0xdd2f), csum_diff16(RTE_BE16(0x5555), RTE_BE16(0x3285))), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(make_icmp_error),
		cmocka_unit_test(make_icmp_error_of_segments),
		cmocka_unit_test(no_icmp_error),
		cmocka_unit_test(no_icmp_error_about_own),
		cmocka_unit_test(fragment),
		cmocka_unit_test(no_fragment),
		cmocka_unit_test(no_memory_to_fragment),
		cmocka_unit_test(finish_checksum),
		cmocka_unit_test(offload_checksum),
		cmocka_unit_test(decrement_ttl),
		cmocka_unit_test(set_ethernet),
		cmocka_unit_test(rfc1071_example),
		cmocka_unit_test(every_carry),
		cmocka_unit_test(rfc1624_example),
	};

	return cmocka_run_group_tests(tests, packet_setup, packet_teardown);
}
