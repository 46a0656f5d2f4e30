// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the packet library's tests share: vectors, mbufs made of them in every shape, comparisons.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dataplane/packet/meta.h"
#include "dataplane/packet/parse.h"
#include "dataplane/packet/tuple.h"
#include "dataplane/stats/reason.h"

#define VECTOR_FRAMES 12

struct frame {
	const uint8_t *data;
	uint32_t len;
};

// A row of tests/lib/vectors_packet.py; each table uses what it needs.
struct vector {
	const char *name;
	struct frame in;
	struct frame out[VECTOR_FRAMES];
	unsigned int nb_out;
	bool rx_partial; // the port says that the checksum is partial
	uint8_t reason;
	struct meta meta;
	struct tuple to;
	rte_be32_t src; // outer addresses of an ICMP error
	rte_be32_t dst;
	struct tuple quoted;
	uint16_t quoted_flags;
	uint16_t mtu;
	uint8_t type;
	uint8_t code;
	int ret;
};

// How a frame lies in segments: bytes in the first and in each of the others.
struct shape {
	uint32_t first;
	uint32_t rest;
};

extern const struct shape shapes[];
extern const unsigned int nb_shapes;
extern const struct rte_ether_addr own_mac;

#define FOR_VECTORS(v, table) for (const struct vector *v = table; v < table + RTE_DIM(table); v++)
#define FOR_SHAPES(s)	      for (const struct shape *s = shapes; s < shapes + nb_shapes; s++)

// Fails the test with the vector's name in front.
#define CHECK(v, condition)                                                                        \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s: %s", (v)->name, #condition);                                 \
	} while (0)

// EAL without huge pages and one pool; the teardown fails when a buffer is missing.
int packet_setup(void **state);
int packet_teardown(void **state);
struct rte_mempool *packet_pool(void);

// An mbuf of one segment in a buffer of exactly `len` bytes from malloc(), so that the address
// sanitizer sees every access beyond it. No headroom, no tailroom.
struct rte_mbuf *mbuf_exact(const uint8_t *data, uint32_t len);

// An mbuf from the pool, in segments of a shape.
struct rte_mbuf *mbuf_shaped(const struct frame *frame, const struct shape *shape);

// Parses with poisoned metadata, so that a field the parser forgets is seen. rx_partial sets the
// receive flags of a partial checksum.
enum parse_result parse_poisoned(struct rte_mbuf *m, bool rx_partial);

// The metadata of a vector, with what parse_poisoned() sets.
struct meta expected_meta(const struct meta *vector);

// Whether the packet has exactly these bytes, and its segments are what they say.
bool packet_is(const struct rte_mbuf *m, const struct frame *frame);

// Makes a cut or changed frame true on its face: IPv4 total length, UDP length and header checksum
// fit again, so that the parser looks further.
void repair_frame(uint8_t *data, uint32_t len);

// Does to a parsed packet everything that writes to it. Whether all of it worked as it must.
bool exercise(struct rte_mbuf *m);
