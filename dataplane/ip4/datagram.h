// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What is known of one datagram that comes in fragments: which of its bytes have come, and the L4
// identity that only its first fragment carries. No packets and no time here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "dataplane/main/limits.h"

// Bytes of the datagram that have come, in units of 8 bytes.
struct datagram_range {
	uint16_t first;
	uint16_t end; // the first one behind it
};

struct datagram_bytes {
	uint16_t length;   // of the datagram's payload in bytes, 0: its last fragment has not come
	uint16_t n_ranges; // ascending, none touches the next
	struct datagram_range range[LIMIT_DATAGRAM_PIECES];
};

enum datagram_news {
	DATAGRAM_NEW,
	DATAGRAM_DUPLICATE, // all of the fragment's bytes have come before
	DATAGRAM_OVERLAP,   // some have, or fragments contradict each other about the length
	DATAGRAM_FULL,	    // more gaps than LIMIT_DATAGRAM_PIECES: not noted
};

// Notes a fragment of `len` bytes (not 0) at byte `offset` (a multiple of 8), with `more` behind
// it. offset + len is at most 65535. Nothing changes but with DATAGRAM_NEW.
enum datagram_news datagram_note(
	struct datagram_bytes *b, uint32_t offset, uint32_t len, bool more);

// Whether all of its bytes have come.
bool datagram_complete(const struct datagram_bytes *b);
