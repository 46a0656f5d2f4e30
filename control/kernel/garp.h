// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Gratuitous ARP for addresses that appeared: the kernel sends none for a new address. Each is
// announced three times, about a second apart (RFC 5227 2.3 asks for two).
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "control/kernel/links.h"

#define GARP_REPEATS 3
#define GARP_FRAMES                                                                                \
	512 // per call of garp_send(), so that thousands do not flood the mirrors' rings
#define GARP_FRAME_BYTES 60

struct garp_entry {
	char mirror[IFNAMSIZ];
	struct in_addr address;
	unsigned int left; // announcements still to make
};

struct garp {
	int fd; // AF_PACKET in the mirrors' namespace, -1: not open
	struct garp_entry *list;
	size_t count, capacity;
	size_t next; // round robin
};

int garp_open(struct garp *g, int netns_fd); // 0 or negative errno
void garp_close(struct garp *g);	     // also forgets what is queued

void garp_announce(struct garp *g, const char *mirror, struct in_addr address);
// Sends what is due, at most GARP_FRAMES frames; call it once a second. An address whose mirror is
// gone is dropped.
void garp_send(struct garp *g, const struct links *links);

// The frame: an ARP request for the own address, broadcast, padded to the Ethernet minimum.
void garp_frame(uint8_t frame[GARP_FRAME_BYTES], const uint8_t mac[6], struct in_addr address);
