// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Whole runs against a router that makes mistakes and knows them: a ring, and a callback that
// translates, loses, doubles, delays, damages. What the generator says must be what was done.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <getopt.h>
#include <rte_arp.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "tests/perf/pktgen/engine.h"
#include "tests/perf/pktgen/losses.h"

#define PACKETS	 2000
#define FLOWS	 100
#define OUTSIDE	 0x80000000u // source addresses behind the router have this bit
#define MAC_TAIL 0x99

// One data packet in so many gets what it is about; 0: none.
struct router {
	struct rte_mempool *pool;
	const struct rte_eth_rxtx_callback *callback;
	unsigned int drop, twice, swap, damage, change;
	bool dead, busy; // busy: learning is over
	unsigned int seen, dropped, doubled, swapped, damaged, changed;
	bool flow_dropped[FLOWS];
};

static void complete(struct rte_ipv4_hdr *ip)
{
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	if (ip->next_proto_id == IPPROTO_TCP) {
		struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

		tcp->cksum = 0;
		tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	} else {
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	}
}

// Translates sources to their outside address and port, and back; `off` is added to the port.
static void translate(struct rte_ipv4_hdr *ip, uint16_t off)
{
	struct rte_udp_hdr *ports =
		(struct rte_udp_hdr *)(ip + 1); // TCP has them in the same place

	if (ip->dst_addr & RTE_BE32(OUTSIDE)) {
		ip->dst_addr &= ~RTE_BE32(OUTSIDE);
		ports->dst_port = rte_cpu_to_be_16(rte_be_to_cpu_16(ports->dst_port) - 1000);
	} else {
		ip->src_addr |= RTE_BE32(OUTSIDE);
		ports->src_port = rte_cpu_to_be_16(rte_be_to_cpu_16(ports->src_port) + 1000 + off);
	}
	complete(ip);
}

static void answer_arp(struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(eth + 1);
	uint32_t asked = arp->arp_data.arp_tip;

	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP))
		return;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sip = asked;
	arp->arp_data.arp_sha = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, MAC_TAIL } };
}

static bool chance(unsigned int every, const struct router *r)
{
	return every != 0 && r->seen % every == 0;
}

// What happens to one packet; false: it is lost.
static bool handle(struct router *r, struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(data + sizeof(struct rte_ether_hdr));
	struct seen seen;

	if (!frame_parse(data, m->data_len, &seen)) {
		answer_arp(m);
		return true;
	}
	if (r->dead)
		return false;
	r->busy = !(seen.tag.flow & TAG_CONTROL);
	r->seen += r->busy;
	if (r->busy && chance(r->drop, r)) {
		r->dropped++;
		r->flow_dropped[seen.tag.flow & TAG_SLOT] = true;
		return false;
	}
	translate(ip, r->busy && chance(r->change, r) ? 7 : 0);
	r->changed += r->busy && chance(r->change, r);
	if (r->busy && chance(r->damage, r)) {
		data[m->data_len - 1] ^= 1;
		r->damaged++;
	}
	return true;
}

static uint16_t route(
	uint16_t port, uint16_t queue, struct rte_mbuf *pkts[], uint16_t n, uint16_t max, void *arg)
{
	struct router *r = arg;
	uint16_t out = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (!handle(r, pkts[i])) {
			rte_pktmbuf_free(pkts[i]);
			continue;
		}
		pkts[out++] = pkts[i];
		if (out > 1 && r->busy && chance(r->swap, r)) {
			struct rte_mbuf *last = pkts[out - 1];

			pkts[out - 1] = pkts[out - 2];
			pkts[out - 2] = last;
			r->swapped++;
		}
	}
	if (out > 0 && out < max && r->busy && r->twice != 0) {
		pkts[out] = rte_pktmbuf_copy(pkts[out - 1], r->pool, 0, UINT32_MAX);
		assert_non_null(pkts[out]);
		out++;
		r->doubled++;
	}
	return out;
}

static int parse(struct options *o, const char *flows, const char *port)
{
	static char texts[16][256];
	static unsigned int device;
	char *argv[16] = { texts[0] };
	const char *const fixed[] = { "--packets", "2000", "--rate", "0", "--drain", "0.05",
		"--learn-rounds", "2", "--port" };
	int argc = 1;

	for (unsigned int i = 0; i < RTE_DIM(fixed); i++, argc++)
		snprintf(texts[argc], sizeof(texts[0]), "%s", fixed[i]);
	snprintf(texts[argc++], sizeof(texts[0]), "a,%s,device=net_ring%u", port, device++);
	snprintf(texts[argc++], sizeof(texts[0]), "--flows");
	snprintf(texts[argc++], sizeof(texts[0]),
		"s,tx=a,rx=a,src=10.0.0.1-10.0.0.10,dst=20.0.0.1,%s", flows);
	for (int i = 1; i < argc; i++)
		argv[i] = texts[i];
	optind = 0;
	return options_parse(o, argc, argv);
}

#define ROUTER_MAC "router-mac=02:00:00:00:00:01"
#define HUNDRED	   "sport=1000-1009,count=100"

// A run through the router; the engine is the caller's to close.
static struct engine *run(struct options *o, struct router *r, const char *flows, const char *port)
{
	struct engine *e = calloc(1, sizeof(*e));

	assert_int_equal(parse(o, flows, port), 0);
	if (engine_open(e, o) < 0)
		fail_msg("%s", e->error.text);
	r->pool = e->rx_pool;
	r->callback = rte_eth_add_rx_callback(e->ports[0].id, 0, route, r);
	assert_non_null(r->callback);
	engine_run(e);
	assert_int_equal(e->phase, PHASE_END);
	return e;
}

// A port's number is used again, with the callbacks that it had.
static void end(struct engine *e, struct router *r)
{
	assert_int_equal(rte_eth_remove_rx_callback(e->ports[0].id, 0, r->callback), 0);
	engine_close(e);
	free(e);
}

static const struct counts *counts_of(const struct engine *e, enum direction d)
{
	return &e->sets[0].directions[d].counts;
}

static void assert_good(const struct counts *c)
{
	assert_int_equal(c->received, c->sent);
	assert_int_equal(c->bytes_received, c->bytes_sent);
	assert_int_equal(c->reordered, 0);
	assert_int_equal(c->duplicated, 0);
	assert_int_equal(c->corrupt, 0);
	assert_int_equal(c->mistranslated, 0);
	assert_int_equal(c->skipped, 0);
}

static void nothing_goes_wrong(void **state)
{
	static const char *const flows[] = { HUNDRED ",direction=both",
		HUNDRED ",direction=both,proto=tcp,size=imix" };

	for (unsigned int i = 0; i < RTE_DIM(flows); i++) {
		struct router r = { 0 };
		struct options o;
		struct engine *e = run(&o, &r, flows[i], ROUTER_MAC);

		assert_int_equal(e->rc, 0);
		assert_int_equal(e->stopped_by, STOPPED_PACKETS);
		assert_int_equal(e->sets[0].n_learned, FLOWS);
		assert_int_equal(
			counts_of(e, FORWARD)->sent + counts_of(e, REVERSE)->sent, PACKETS);
		assert_in_range(counts_of(e, REVERSE)->sent, PACKETS * 0.4, PACKETS * 0.6);
		assert_good(counts_of(e, FORWARD));
		assert_good(counts_of(e, REVERSE));
		assert_int_equal(r.seen, PACKETS);
		assert_int_equal(
			e->sets[0].directions[FORWARD].latency.count, counts_of(e, FORWARD)->sent);
		assert_int_equal(e->ports[0].unexpected, 0);
		end(e, &r);
	}
}

static void what_is_lost_is_told(void **state)
{
	struct router r = { .drop = 17 };
	struct flow_losses l;
	struct options o;
	struct engine *e = run(&o, &r, HUNDRED, ROUTER_MAC);
	unsigned int flows = 0;

	for (unsigned int i = 0; i < FLOWS; i++)
		flows += r.flow_dropped[i];
	assert_int_equal(r.dropped, PACKETS / 17);
	assert_int_equal(losses_count(counts_of(e, FORWARD)), r.dropped);
	losses_of_flows(e, &e->sets[0], FORWARD, &l);
	assert_int_equal(l.lost, r.dropped);
	assert_int_equal(l.with_loss, flows);
	assert_int_equal(counts_of(e, FORWARD)->reordered, 0);
	end(e, &r);
}

static void what_comes_twice_is_told(void **state)
{
	struct router r = { .twice = 1 };
	struct options o;
	struct engine *e = run(&o, &r, HUNDRED, ROUTER_MAC);
	const struct counts *c = counts_of(e, FORWARD);

	assert_true(r.doubled > 0);
	assert_int_equal(c->duplicated, r.doubled);
	assert_int_equal(c->received, c->sent + r.doubled);
	assert_int_equal(losses_count(c), 0);
	end(e, &r);
}

// Neighbours of one flow change places.
static void what_is_late_is_told(void **state)
{
	struct router r = { .swap = 7 };
	struct options o;
	struct engine *e = run(&o, &r, "sport=5,count=1", ROUTER_MAC);
	const struct counts *c = counts_of(e, FORWARD);

	assert_true(r.swapped > 0);
	assert_int_equal(c->reordered, r.swapped);
	assert_int_equal(c->received, c->sent);
	assert_int_equal(c->duplicated, 0);
	end(e, &r);
}

static void what_is_damaged_is_told(void **state)
{
	struct router r = { .damage = 50 };
	struct options o;
	struct engine *e = run(&o, &r, HUNDRED ",size=64-1518", ROUTER_MAC);
	const struct counts *c = counts_of(e, FORWARD);

	assert_int_equal(r.damaged, PACKETS / 50);
	assert_int_equal(c->corrupt, r.damaged);
	assert_int_equal(losses_count(c), r.damaged);
	end(e, &r);
}

static void a_changed_translation_is_told(void **state)
{
	struct router r = { .change = 40 };
	struct options o;
	struct engine *e = run(&o, &r, HUNDRED, ROUTER_MAC);
	const struct counts *c = counts_of(e, FORWARD);

	assert_int_equal(r.changed, PACKETS / 40);
	assert_int_equal(c->mistranslated, r.changed);
	assert_int_equal(c->received, c->sent);
	end(e, &r);
}

static void connections_open_and_close(void **state)
{
	struct router r = { 0 };
	struct options o;
	struct engine *e = run(&o, &r, "sport=1000-1999,count=50,proto=tcp,new=25%", ROUTER_MAC);
	const struct control_counts *c = &e->sets[0].control;

	assert_int_equal(c->opened, PACKETS / 4);
	assert_int_equal(c->arrived, c->opened);
	assert_int_equal(c->answered, c->opened);
	assert_int_equal(c->closing, c->opened);
	assert_int_equal(c->close_arrived, c->opened);
	assert_int_equal(c->closed, c->opened);
	assert_int_equal(counts_of(e, FORWARD)->sent, PACKETS - c->opened);
	assert_good(counts_of(e, FORWARD));
	end(e, &r);
}

static void the_gateway_is_asked_for(void **state)
{
	struct router r = { 0 };
	struct options o;
	struct engine *e = run(&o, &r, HUNDRED, "ip=10.0.0.100/24,gateway=10.0.0.254");

	assert_int_equal(e->rc, 0);
	assert_int_equal(e->ports[0].router.addr_bytes[5], MAC_TAIL);
	assert_good(counts_of(e, FORWARD));
	end(e, &r);
}

static void nothing_comes_out(void **state)
{
	struct router r = { .dead = true };
	struct options o;
	struct engine *e = run(&o, &r, HUNDRED, ROUTER_MAC);

	assert_true(e->rc < 0);
	assert_string_equal(e->error.text, "flows s: nothing of 200 packets came out of port a");
	end(e, &r);
}

int main(void)
{
	char line[] =
		"test --no-huge -m 256 --no-pci --no-telemetry --no-shconf --iova-mode=va -l 0 "
		"--log-level=*:4";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_goes_wrong),
		cmocka_unit_test(what_is_lost_is_told),
		cmocka_unit_test(what_comes_twice_is_told),
		cmocka_unit_test(what_is_late_is_told),
		cmocka_unit_test(what_is_damaged_is_told),
		cmocka_unit_test(a_changed_translation_is_told),
		cmocka_unit_test(connections_open_and_close),
		cmocka_unit_test(the_gateway_is_asked_for),
		cmocka_unit_test(nothing_comes_out),
	};
	char *args[16] = { NULL }, *save = NULL;
	int n = 0;

	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		args[n++] = w;
	if (rte_eal_init(n, args) < 0)
		return 1;
	n = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return n;
}
