// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Raw frames on the mirrors; what the kernel sends on a mirror leaves by its port.
#include "control/kernel/garp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/kernel/netns.h"
#include "control/main/log.h"

static int open_inside(void *arg)
{
	struct garp *g = arg;

	// Protocol 0: this socket never receives.
	g->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return g->fd < 0 ? -errno : 0;
}

int garp_open(struct garp *g, int netns_fd)
{
	*g = (struct garp){ .fd = -1 };
	return netns_run(netns_fd, open_inside, g);
}

void garp_close(struct garp *g)
{
	if (g->fd >= 0)
		close(g->fd);
	free(g->list);
	*g = (struct garp){ .fd = -1 };
}

static int reserve(struct garp *g)
{
	size_t capacity = g->capacity ? g->capacity * 2 : 64;
	struct garp_entry *list;

	if (g->count < g->capacity)
		return 0;
	list = realloc(g->list, capacity * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	g->list = list;
	g->capacity = capacity;
	return 0;
}

void garp_announce(struct garp *g, const char *mirror, struct in_addr address)
{
	struct garp_entry *e;

	if (reserve(g) < 0) {
		log_warning("no memory to announce an address on %s", mirror);
		return;
	}
	e = &g->list[g->count++];
	snprintf(e->mirror, sizeof(e->mirror), "%s", mirror);
	e->address = address;
	e->left = GARP_REPEATS;
}

void garp_frame(uint8_t frame[GARP_FRAME_BYTES], const uint8_t mac[6], struct in_addr address)
{
	struct ether_header *eth = (void *)frame;
	struct arphdr *arp = (void *)(eth + 1);
	uint8_t *body = (uint8_t *)(arp + 1);

	memset(frame, 0, GARP_FRAME_BYTES);
	memset(eth->ether_dhost, 0xff, sizeof(eth->ether_dhost));
	memcpy(eth->ether_shost, mac, sizeof(eth->ether_shost));
	eth->ether_type = htons(ETHERTYPE_ARP);
	arp->ar_hrd = htons(ARPHRD_ETHER);
	arp->ar_pro = htons(ETHERTYPE_IP);
	arp->ar_hln = 6;
	arp->ar_pln = 4;
	arp->ar_op = htons(ARPOP_REQUEST);
	memcpy(body, mac, 6); // sender, its address; the target's MAC stays zero
	memcpy(body + 6, &address, 4);
	memcpy(body + 16, &address, 4);
}

static void send_one(struct garp *g, const struct link *l, struct in_addr address)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_ifindex = l->ifindex,
		.sll_halen = 6,
		.sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	uint8_t frame[GARP_FRAME_BYTES];

	garp_frame(frame, l->mac, address);
	if (sendto(g->fd, frame, sizeof(frame), 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
		log_debug("gratuitous ARP on %s: %s", l->name, strerror(errno));
}

// One walk over what was queued before: an entry is sent at most once per call.
void garp_send(struct garp *g, const struct links *links)
{
	size_t turns = g->count < GARP_FRAMES ? g->count : GARP_FRAMES;

	while (turns-- > 0) {
		struct garp_entry *e;
		const struct link *l;

		if (g->next >= g->count)
			g->next = 0;
		e = &g->list[g->next];
		l = links_by_name(links, e->mirror);
		if (l != NULL)
			send_one(g, l, e->address);
		if (l == NULL || --e->left == 0)
			*e = g->list[--g->count];
		else
			g->next++;
	}
}
