// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Virtual fragment reassembly: gives later fragments the ports of their datagram's first one, so
// that services find their flow without putting the datagram together (RFC 4787 REQ-14). Fragments
// that come before the first wait for it. Each datagram belongs to one worker, to which the others
// hand its fragments; so nothing here is shared.
//
// Arrivals from private ports and all others have a half of the table each: whoever floods one
// side with fragments takes nothing from the other. Within a half the oldest give way.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_mbuf.h>

#include "dataplane/ip4/datagram.h"
#include "dataplane/main/limits.h"
#include "dataplane/packet/meta.h"
#include "dataplane/stats/reason.h"

struct worker;

#define VFR_HALVES    2
#define VFR_DATAGRAMS (LIMIT_DATAGRAMS / VFR_HALVES)
#define VFR_HELD_MAX  (LIMIT_FRAGMENTS / VFR_HALVES)
#define VFR_WAYS      8 // datagrams in a set, searched one by one
#define VFR_SECONDS   5 // a datagram is remembered, and its fragments wait for the first one

enum vfr_state {
	VFR_FREE,
	VFR_WAITING,  // for the first fragment
	VFR_KNOWN,    // it has come
	VFR_COMPLETE, // all of them have: the next fragment of that id is of a new datagram
	VFR_REFUSED,  // every fragment is dropped, for `reason`
};

// A chain of waiting packets: slots + 1, 0: none.
struct vfr_chain {
	uint16_t first, last;
	uint16_t n;
};

struct vfr_datagram {
	rte_be32_t src, dst;
	rte_be16_t id;
	uint8_t proto;
	uint8_t side;	   // enum side
	uint8_t state;	   // enum vfr_state
	uint8_t reason;	   // enum drop_reason, VFR_REFUSED
	uint8_t icmp_type; // of the first fragment, as the next ones
	uint8_t pad;
	uint16_t flags; // META_HAS_PORTS
	rte_be16_t sport, dport;
	struct vfr_chain held;
	uint64_t born; // TSC
	struct datagram_bytes bytes;
	TAILQ_ENTRY(vfr_datagram) waiting;
};

TAILQ_HEAD(vfr_list, vfr_datagram);

struct vfr_half {
	uint32_t held;		 // packets in datagrams that wait
	struct vfr_chain ready;	 // their first fragment has come: rx takes them out
	struct vfr_list waiting; // oldest first
	struct vfr_datagram datagram[VFR_DATAGRAMS];
};

struct vfr {
	uint32_t seed;
	uint16_t free_slot; // + 1
	uint16_t next_slot[LIMIT_FRAGMENTS];
	struct rte_mbuf *slot[LIMIT_FRAGMENTS];
	struct vfr_half half[VFR_HALVES];
};

// A fragment whose service needs ports that it may not have: not if its protocol has none.
bool vfr_needed_slow(const struct meta *meta);
static inline bool vfr_needed(const struct meta *meta)
{
	return unlikely(meta->flags & (META_FRAG_FIRST | META_FRAG_OTHER)) && vfr_needed_slow(meta);
}

struct vfr *vfr_create(uint32_t seed); // NULL on memory failure; rte_free() after vfr_flush()

// The worker that a fragment's datagram belongs to.
unsigned int vfr_owner(const struct worker *w, struct rte_mbuf *m, const struct meta *meta);

enum vfr_verdict {
	VFR_PASS, // meta knows its datagram now (META_FRAG_KNOWN): look it up again
	VFR_HELD, // it waits; no longer the caller's
	VFR_DROP, // for meta->reason
};

// Notes a fragment of a datagram that is this worker's.
enum vfr_verdict vfr_note(struct worker *w, struct rte_mbuf *m, struct meta *meta);

// Takes up to n packets out that waited and are known now, and drops those that waited too long.
uint16_t vfr_release(struct worker *w, struct rte_mbuf **pkts, uint16_t n);

void vfr_flush(struct worker *w); // drops all that waits; worker end only
