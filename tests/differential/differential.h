// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The differential test: what its parts have in common. A sequence is a list of steps; each step is
// packets or time. It is played to two routers, the data plane and the Linux kernel, and after each
// step what they sent is compared. Addresses and ports are in host order, except in frames.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULE_TEXT_MAX 512

// Networks of the site (site.json, site.nft, site.ip); the numbers are port ids.
enum wire {
	WIRE_NONE,
	WIRE_VPC1,
	WIRE_VPC2,
	WIRE_PUB0,
	WIRE_COUNT,
	WIRE_INVALID = WIRE_COUNT, // the kernel alone: packets that conntrack calls invalid
};

enum step_kind {
	STEP_SEND,  // a packet of its own
	STEP_REPLY, // answers what came out at step `ref`
	STEP_ERROR, // an ICMP error about what came out at step `ref`
	STEP_TIME,  // `seconds` pass
};

enum step_flag {
	STEP_NO_CHECKSUM = 1,  // UDP without checksum
	STEP_BAD_CHECKSUM = 2, // of TCP, UDP or ICMP
	STEP_DF = 4,
	STEP_OPTIONS = 8,    // four bytes of IP options that do nothing
	STEP_BACKWARDS = 16, // its fragments in reverse order
};

struct step {
	uint16_t id;  // its place before the sequence was shrunk
	uint16_t ref; // id of an earlier step
	uint8_t kind;
	uint8_t flags;
	uint8_t wire; // SEND: where it arrives
	uint8_t proto;
	uint8_t tcp_flags;
	uint8_t icmp_type; // of a query or an error
	uint8_t icmp_code;
	uint8_t ttl;
	uint8_t tos;
	uint16_t ip_id;
	uint16_t payload;
	uint16_t sport; // ICMP query: id
	uint16_t dport;
	uint16_t quote; // ERROR: bytes of the IP packet that are quoted
	uint16_t piece; // payload bytes per fragment, 0: not fragmented
	uint32_t src;	// ERROR: 0: from where the packet went, else a router on the way there
	uint32_t dst;
	uint32_t seconds;
};

#define STEPS_MAX 24

struct sequence {
	uint64_t seed;
	unsigned int n;
	struct step steps[STEPS_MAX];
};

#define FRAME_MAX  2048
#define FRAMES_MAX 8

struct frame {
	uint8_t wire;
	uint16_t len;
	uint8_t data[FRAME_MAX]; // Ethernet header and all
};

struct frames {
	unsigned int n;
	struct frame f[FRAMES_MAX];
};

// What went into one router at one step and came out of it.
struct exchange {
	struct frames in;
	struct frames out;
	bool invalid;	    // the kernel took it for invalid
	const char *broken; // what is wrong with the fragments that came out, NULL: nothing
};

// One of the two routers.
struct side {
	const char *name;
	void *state;
	// Sends the frames one after another and collects what comes out. 0 or negative errno.
	int (*play)(void *state, struct exchange *x);
	// Lets time pass. 0 or negative errno.
	int (*pass)(void *state, uint32_t seconds);
	// Forgets every flow. 0 or negative errno.
	int (*reset)(void *state);
};
