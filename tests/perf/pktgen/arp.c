// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ARP, in the generator's thread.
#include "tests/perf/pktgen/arp.h"

#include <errno.h>
#include <string.h>

#include <rte_arp.h>

#include "tests/perf/pktgen/lane.h"

struct arp_frame {
	struct rte_ether_hdr eth;
	struct rte_arp_hdr arp;
} __attribute__((packed, aligned(2)));

static bool within(struct range r, uint32_t address)
{
	return r.first <= address && address <= r.last;
}

static bool on_link(const struct port_options *p, uint32_t address)
{
	uint32_t mask = p->prefix_len > 0 ? UINT32_MAX << (32 - p->prefix_len) : 0;

	return p->address != 0 && ((p->address ^ address) & mask) == 0;
}

bool arp_answers_for(const struct options *o, unsigned int port, uint32_t address)
{
	const struct port_options *p = &o->ports[port];

	if (address == p->gateway)
		return false;
	if (address == p->address)
		return address != 0;
	for (unsigned int i = 0; i < p->n_arp; i++)
		if (within(p->arp[i], address))
			return true;
	for (unsigned int i = 0; i < o->n_sets && on_link(p, address); i++)
		if ((o->sets[i].tx == port && within(o->sets[i].src, address)) ||
			(o->sets[i].rx == port && within(o->sets[i].dst, address)))
			return true;
	return false;
}

static void write_arp(struct arp_frame *f, const struct port *p, uint16_t opcode, uint32_t sender,
	const struct rte_ether_addr *target_mac, uint32_t target)
{
	*f = (struct arp_frame){ .eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP),
		.eth.src_addr = p->options->mac,
		.arp = { .arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
			.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
			.arp_hlen = RTE_ETHER_ADDR_LEN,
			.arp_plen = sizeof(uint32_t),
			.arp_opcode = opcode,
			.arp_data = { .arp_sha = p->options->mac,
				.arp_sip = sender,
				.arp_tip = target } } };
	if (opcode == RTE_BE16(RTE_ARP_OP_REPLY)) {
		f->eth.dst_addr = *target_mac;
		f->arp.arp_data.arp_tha = *target_mac;
	} else {
		memset(&f->eth.dst_addr, 0xff, RTE_ETHER_ADDR_LEN);
	}
}

static void put(struct port *p, struct rte_mbuf *m, const struct arp_frame *f)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	memset(data, 0, FRAME_HEAD); // what follows the headers stays zero
	memcpy(data, f, sizeof(*f));
	m->ol_flags = 0;
	m->data_len = FRAME_MIN;
	m->pkt_len = FRAME_MIN;
	lane_put(&p->lanes[0], m);
}

int arp_ask(struct engine *e, struct port *p)
{
	const struct port_options *o = p->options;
	struct rte_mbuf *m = rte_pktmbuf_alloc(e->tx_pool);
	struct arp_frame f;

	if (m == NULL)
		return -ENOBUFS;
	if (!lane_has_room(&p->lanes[0])) {
		rte_pktmbuf_free(m);
		return -ENOBUFS;
	}
	write_arp(&f, p, RTE_BE16(RTE_ARP_OP_REQUEST), rte_cpu_to_be_32(o->address), NULL,
		rte_cpu_to_be_32(o->gateway));
	put(p, m, &f);
	return 0;
}

// True when the packet has become the answer.
static bool answer(
	struct engine *e, struct port *p, struct rte_mbuf *m, const struct rte_arp_hdr *arp)
{
	unsigned int port = (unsigned int)(p - e->ports);
	uint32_t target = arp->arp_data.arp_tip;
	struct arp_frame f;

	p->arp_requests++;
	if (!arp_answers_for(e->options, port, rte_be_to_cpu_32(target)))
		return false;
	if (!lane_has_room(&p->lanes[0])) {
		p->overflowed++;
		return false;
	}
	write_arp(&f, p, RTE_BE16(RTE_ARP_OP_REPLY), target, &arp->arp_data.arp_sha,
		arp->arp_data.arp_sip);
	put(p, m, &f);
	p->arp_replies++;
	return true;
}

bool arp_packet(struct engine *e, struct port *p, struct rte_mbuf *m)
{
	const struct arp_frame *f = rte_pktmbuf_mtod(m, struct arp_frame *);

	if (m->data_len < sizeof(*f) || f->eth.ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP) ||
		f->arp.arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		f->arp.arp_hlen != RTE_ETHER_ADDR_LEN || f->arp.arp_plen != sizeof(uint32_t)) {
		p->unexpected++;
		return false;
	}
	if (!p->has_router && p->options->gateway != 0 &&
		f->arp.arp_data.arp_sip == rte_cpu_to_be_32(p->options->gateway)) {
		p->router = f->arp.arp_data.arp_sha;
		p->has_router = true;
	}
	return f->arp.arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) && answer(e, p, m, &f->arp);
}
