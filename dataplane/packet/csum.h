// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The one place of Internet checksum arithmetic (RFC 1071, RFC 1624). All words are raw memory
// words in network order: one's complement sums do not depend on byte order.
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct meta;
struct rte_mbuf;

// One's complement sum folded to 16 bits, not complemented. Adding the halves crosswise leaves in
// the upper half their sum with the carry added to it.
static inline uint16_t csum_fold(uint64_t sum)
{
	uint32_t half;

	sum += sum << 32 | sum >> 32;
	half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t)(half >> 16);
}

// What replacing a word does to a sum: ~m + m' of RFC 1624 eqn. 3. Differences may be added up, a
// uint64_t holds 2^31 of them; csum_update() applies them.
static inline uint64_t csum_diff16(uint16_t before, uint16_t after)
{
	return (uint64_t)(uint16_t)~before + after;
}

static inline uint64_t csum_diff32(uint32_t before, uint32_t after)
{
	return (uint64_t)(uint32_t)~before + after;
}

// What a folded difference, not 0, is the other way round; not 0 either.
static inline uint16_t csum_diff_back(uint16_t diff)
{
	return diff == UINT16_MAX ? diff : (uint16_t)~diff;
}

// Checksum field after a difference: HC' = ~(~HC + ~m + m'), RFC 1624 eqn. 3.
static inline uint16_t csum_update(uint16_t csum, uint64_t diff)
{
	return (uint16_t)~csum_fold((uint16_t)~csum + diff);
}

// The same for a partial checksum, which is the sum of the pseudo-header, not complemented.
static inline uint16_t csum_update_partial(uint16_t sum, uint64_t diff)
{
	return csum_fold(sum + diff);
}

// UDP and UDP-Lite: a computed 0 is sent as 0xffff (RFC 768); both mean the same sum.
static inline uint16_t csum_nonzero(uint16_t csum)
{
	return csum != 0 ? csum : 0xffff;
}

// Whether an IPv4 header of `words` 32-bit words (5 to 15) carries a correct checksum.
static inline bool csum_ip4_ok(const void *ip, unsigned int words)
{
	const uint8_t *p = ip;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < words; i++) {
		uint32_t word;
		memcpy(&word, p + 4 * i, sizeof(word));
		sum += word;
	}
	return csum_fold(sum) == 0xffff;
}

// The same for a header without options, 20 bytes: the additions wrap around by themselves.
static inline bool csum_ip4_plain_ok(const void *ip)
{
	const uint8_t *p = ip;
	uint64_t a, b;
	uint32_t c;
	unsigned long long sum;
	unsigned char carry;

	memcpy(&a, p, sizeof(a));
	memcpy(&b, p + 8, sizeof(b));
	memcpy(&c, p + 16, sizeof(c));
	carry = _addcarry_u64(0, a, b, &sum);
	carry = _addcarry_u64(carry, sum, c, &sum);
	return csum_fold(sum + carry) == 0xffff;
}

// Checksum of an IPv4 header or of contiguous data whose checksum field is zero. `len` in bytes.
uint16_t csum_compute(const void *data, uint32_t len);

// Sum (not complemented) of `len` bytes from offset `off` of a packet, over all its segments.
// 0, or -EINVAL when they are not all there.
int csum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint16_t *sum);

// Completes a partial TCP or UDP checksum in software and clears META_CSUM_PARTIAL; does nothing
// to other packets. 0, or -EINVAL when the metadata does not fit the packet.
int packet_csum_finish(struct rte_mbuf *m, struct meta *meta);

// Asks the port to complete a partial checksum (it must have tx_csum); does nothing to other
// packets. META_CSUM_PARTIAL stays: the bytes are still partial.
void packet_csum_offload(struct rte_mbuf *m, const struct meta *meta);
