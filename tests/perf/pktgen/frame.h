// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The generator's packets: Ethernet, IPv4 without options, UDP, TCP or an ICMP query, and a tag
// that says which packet of which flow it is. The tag fits into frames of 64 bytes, and is nowhere
// that a NAT changes:
//
//   UDP, ICMP  payload: flow 4, sequence 4, stamp 4, magic 1, set 1; zeros
//   TCP        sequence number = sequence, acknowledgment number = stamp;
//              payload: flow 4, magic 1, set 1; zeros
//
// The flow's word is its slot (24 bits), generation (6), whether it is a control packet (opens,
// closes or answers) and the direction.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "tests/perf/pktgen/space.h"

#define FRAME_FCS     4	   // sizes of the command line count it, lengths here do not
#define FRAME_MIN     60   // length
#define FRAME_SIZE    64   // on the command line, with FCS
#define FRAME_MAX     9018 // an MTU of 9000
#define FRAME_LONGEST (FRAME_MAX - FRAME_FCS) // length
#define FRAME_HEAD    64 // bytes that frame_build() writes, whatever the length
#define FRAME_MAGIC   0xa7

#define TAG_SLOT	     0xffffffu
#define TAG_GENERATION_SHIFT 24
#define TAG_CONTROL	     (1u << 30)
#define TAG_REVERSE	     (1u << 31)

// The sequence number of control packets: what arrives late belongs to where it was sent.
#define TAG_SEQ_LEARN 0
#define TAG_SEQ_RUN   1

enum {
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_PSH = 0x08,
	FLAG_ACK = 0x10,
};

struct tag {
	uint32_t flow; // slot and TAG_*
	uint32_t seq;
	uint32_t stamp; // time of sending, in units of FRAME_STAMP_SHIFT
	uint8_t set;
};

// Stamps are TSC cycles / 16: 6 ns at 2.6 GHz, and 26 s until they wrap.
#define FRAME_STAMP_SHIFT 4

// What all packets of a set in one direction share, with the sums of it.
struct frame_template {
	uint8_t bytes[FRAME_HEAD];
	uint64_t ip_sum, l4_sum;
	uint8_t proto;
};

// `reverse`: ICMP queries are answered.
void frame_template_init(struct frame_template *t, uint8_t proto, bool reverse,
	const struct rte_ether_addr *src, const struct rte_ether_addr *dst);

// Writes FRAME_HEAD bytes of a frame of `len` bytes (FRAME_MIN at least) whose further bytes are
// zeros. `flags` are TCP's.
void frame_build(uint8_t *data, uint16_t len, const struct frame_template *t,
	const struct tuple *tuple, const struct tag *tag, uint8_t flags);

// What a received packet says of itself.
struct seen {
	struct tuple tuple;
	struct tag tag;
	uint8_t proto, flags;
	uint8_t type; // ICMP
};

// False when it is none of ours: another kind, a fragment, no tag. Reads at most FRAME_MIN bytes.
bool frame_parse(const uint8_t *data, uint16_t len, struct seen *seen);

// Whether both checksums are right. The frame is one that frame_parse() took.
bool frame_checksums_ok(const uint8_t *data, uint16_t len);
