// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Attacks on one worker, in-process: two million new flows against a full session table, floods at
// an own address and of ARP. An established flow, ARP of another port and a ping from another port
// must not lose a packet; what is refused must be counted; no walk may take more than its burst.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/worker.h"
#include "tests/packet/harness.h"
#include "tests/packet/test_port.h"
#include "tests/stress/traffic.h"

#define SESSIONS  4096
#define NEW_FLOWS 2000000
#define BURST	  200
#define FLOOD	  20000 // packets of each other flood

static const char config[] =
	"{\"version\":1,\"interfaces\":["
	"{\"name\":\"vpc1\",\"mac\":\"02:00:00:00:00:01\",\"role\":\"private\",\"addresses\":"
	"[\"10.0.0.1/8\"],\"port\":{\"driver\":\"tap\",\"address\":\"vpc1@test\"}},"
	"{\"name\":\"vpc2\",\"mac\":\"02:00:00:00:00:02\",\"role\":\"private\",\"addresses\":"
	"[\"192.168.11.1/24\"],\"port\":{\"driver\":\"tap\",\"address\":\"vpc2@test\"}},"
	"{\"name\":\"pub0\",\"mac\":\"02:00:00:00:00:03\",\"role\":\"public\",\"addresses\":"
	"[\"203.0.113.1/24\"],\"port\":{\"driver\":\"tap\",\"address\":\"pub0@test\"}}],"
	"\"snat\":[{\"name\":\"s1\",\"source\":\"10.0.0.0/8\",\"interface\":\"pub0\"},"
	"{\"name\":\"s2\",\"source\":\"192.168.11.0/24\",\"interface\":\"pub0\"}]}";

#define INTERNET IPV4(203, 0, 113, 10)
#define HOST2	 IPV4(192, 168, 11, 10)

struct flood {
	struct harness *h;
	uint64_t rng;
	uint64_t tsc;
	unsigned int sent[PORT_COUNT], punted[PORT_COUNT]; // since the last take()
};

static void expect(const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return;
	fprintf(stderr, "flood: %s: %llu, want %llu\n", what, (unsigned long long)got,
		(unsigned long long)want);
	exit(1);
}

void harness_settle(struct harness *h)
{
	while (control_round(h->dp, h->now_ms))
		;
}

static void receive(struct flood *f, unsigned int port, const void *frame, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->h->dp->pool);

	if (m == NULL)
		expect("buffers", 0, 1);
	memcpy(rte_pktmbuf_append(m, len), frame, len);
	expect("room in the receive ring", test_port_receive(dataplane_port(f->h->dp, port), 0, m),
		0);
}

struct frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp; // or ICMP: as long
	uint8_t data[16];
} __rte_packed __rte_aligned(2);

static void send_ip(struct flood *f, unsigned int port, uint8_t proto, uint32_t src, uint32_t dst,
	uint16_t sport, uint16_t dport)
{
	struct frame p = {
		.eth = { .dst_addr = { { 2, 0, 0, 0, 0, port } },
			.src_addr = { { 2, 0, 0, 0, 9 } },
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4) },
		.ip = { .version_ihl = 0x45,
			.time_to_live = 64,
			.next_proto_id = proto,
			.total_length = RTE_BE16(sizeof(p) - sizeof(p.eth)),
			.src_addr = rte_cpu_to_be_32(src),
			.dst_addr = rte_cpu_to_be_32(dst) },
		.udp = { .src_port = rte_cpu_to_be_16(sport),
			.dst_port = rte_cpu_to_be_16(dport),
			.dgram_len = RTE_BE16(sizeof(p.udp) + sizeof(p.data)) },
	};

	if (proto == IPPROTO_ICMP)
		memcpy(&p.udp, &(struct rte_icmp_hdr){ .icmp_type = RTE_IP_ICMP_ECHO_REQUEST },
			sizeof(struct rte_icmp_hdr));
	p.ip.hdr_checksum = rte_ipv4_cksum(&p.ip);
	receive(f, port, &p, sizeof(p));
}

static void send_arp(struct flood *f, unsigned int port)
{
	uint8_t arp[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 9, 0, 0x08, 0x06 };

	receive(f, port, arp, sizeof(arp));
}

// One walk, `us` microseconds after the last one; what came out is counted and freed.
static void walk(struct flood *f, unsigned int us)
{
	memset(f->sent, 0, sizeof(f->sent));
	memset(f->punted, 0, sizeof(f->punted));
	f->tsc += rte_get_tsc_hz() / 1000000 * us;
	if (worker_walk(f->h->dp->workers[0], f->tsc) > LIMIT_BURST)
		expect("packets in one walk", LIMIT_BURST + 1, LIMIT_BURST);
	for (unsigned int id = 1; id < PORT_COUNT; id++) {
		struct rte_mbuf *m;

		for (; (m = test_port_sent(dataplane_port(f->h->dp, id))) != NULL; f->sent[id]++)
			rte_pktmbuf_free(m);
		for (; (m = test_port_punted(dataplane_port(f->h->dp, id))) != NULL;
			f->punted[id]++)
			rte_pktmbuf_free(m);
	}
}

static uint64_t dropped(const struct flood *f, enum drop_reason reason)
{
	return f->h->dp->workers[0]->stats.drops[reason];
}

// The table fills and stays full: old flows go on, new ones are refused and counted.
static void new_flows(struct flood *f)
{
	struct worker *w = f->h->dp->workers[0];
	uint64_t refused, made;

	send_ip(f, PORT_VPC2, IPPROTO_UDP, HOST2, INTERNET, 5000, 53);
	walk(f, 200);
	expect("first packet of the established flow", f->sent[PORT_PUB0], 1);
	for (unsigned int n = 0; n < NEW_FLOWS; n += BURST) {
		uint64_t before = w->stats.sessions_created;

		for (unsigned int i = 0; i < BURST; i++) {
			uint64_t r = traffic_next(&f->rng);

			send_ip(f, PORT_VPC1, IPPROTO_UDP, IPV4(10, 0, 0, 2) + r % 4000000,
				INTERNET, 1024 + (r >> 32) % 60000, 53);
		}
		send_ip(f, PORT_VPC2, IPPROTO_UDP, HOST2, INTERNET, 5000, 53);
		walk(f, 200); // a million new flows a second
		// Every new session's packet, and the established flow's.
		expect("packets to the internet", f->sent[PORT_PUB0],
			w->stats.sessions_created - before + 1);
		if (n % 200000 == 0)
			fprintf(stderr, "flood: %u new flows\n", n);
	}
	made = slab_used(&f->h->dp->sessions.slabs[ARENA_SESSIONS]);
	refused = dropped(f, DROP_NAT_TABLE_FULL) + dropped(f, DROP_NAT_INDEX_FULL) +
		  dropped(f, DROP_NAT_NO_PORT);
	expect("sessions and refusals", w->stats.sessions_created + refused, NEW_FLOWS + 1);
	if (made < SESSIONS / 2 || refused < NEW_FLOWS / 2)
		expect("a full table", made, SESSIONS);
	printf("flood: %llu sessions made, %llu new flows refused\n", (unsigned long long)made,
		(unsigned long long)refused);
}

// Floods of what goes to the kernel, from vpc1. Meanwhile vpc2 asks once a millisecond, within the
// rate of its own bucket.
static void punt_floods(struct flood *f)
{
	unsigned int arp = 0, echo = 0, flow = 0, attacker = 0, rounds = 0;

	for (unsigned int n = 0; n < FLOOD; n += BURST, rounds++) {
		for (unsigned int i = 0; i < BURST / 2; i++) {
			send_arp(f, PORT_VPC1);
			send_ip(f, PORT_VPC1, IPPROTO_ICMP, IPV4(10, 0, 0, 9), IPV4(10, 0, 0, 1), 0,
				0);
		}
		send_arp(f, PORT_VPC2);
		send_ip(f, PORT_VPC2, IPPROTO_ICMP, HOST2, IPV4(192, 168, 11, 1), 0, 0);
		send_ip(f, PORT_VPC2, IPPROTO_UDP, HOST2, INTERNET, 5000, 53);
		walk(f, 10000);
		attacker += f->punted[PORT_VPC1];
		arp += f->punted[PORT_VPC2] >= 1;
		echo += f->punted[PORT_VPC2] >= 2;
		flow += f->sent[PORT_PUB0];
	}
	expect("ARP of the other port", arp, rounds);
	expect("pings of the other port", echo, rounds);
	expect("packets of the established flow", flow, rounds);
	expect("the attacker's packets, punted or policed",
		attacker + dropped(f, DROP_PUNT_POLICED), FLOOD);
	if (dropped(f, DROP_PUNT_POLICED) == 0)
		expect("policed packets", 0, FLOOD);
	printf("flood: %u of the attacker's packets reached the kernel, %llu were policed\n",
		attacker, (unsigned long long)dropped(f, DROP_PUNT_POLICED));
}

// A scan for hosts that do not exist: the waiting table is full, the rest is dropped and counted.
static void scan(struct flood *f)
{
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, 2 } };
	struct worker *w = f->h->dp->workers[0];

	neigh_glean(f->h->dp->l3->neigh, PORT_VPC2, rte_cpu_to_be_32(HOST2), f->h->now_ms);
	neigh_update(f->h->dp->l3->neigh, PORT_VPC2, rte_cpu_to_be_32(HOST2), NEIGH_VALID, &mac);
	for (unsigned int n = 0; n < FLOOD; n += BURST) {
		for (unsigned int i = 0; i < BURST; i++)
			send_ip(f, PORT_VPC2, IPPROTO_UDP, HOST2, IPV4(10, 1, 0, 0) + n + i, 1, 2);
		send_ip(f, PORT_VPC2, IPPROTO_UDP, HOST2, INTERNET, 5000, 53);
		walk(f, 200);
		harness_settle(f->h);
		expect("the established flow during a scan", f->sent[PORT_PUB0], 1);
		if (w->stats.accounts[ACCT_HELD] > LIMIT_HELD)
			expect("packets that wait", w->stats.accounts[ACCT_HELD], LIMIT_HELD);
	}
	if (neigh_count(f->h->dp->l3->neigh) > LIMIT_UNRESOLVED + PORT_COUNT)
		expect("neighbours", neigh_count(f->h->dp->l3->neigh), LIMIT_UNRESOLVED);
	if (dropped(f, DROP_NEIGHBOUR_QUEUE) == 0)
		expect("drops of the waiting table", 0, FLOOD);
	printf("flood: %llu packets of the scan found no room to wait, %u neighbours\n",
		(unsigned long long)dropped(f, DROP_NEIGHBOUR_QUEUE),
		neigh_count(f->h->dp->l3->neigh));
}

static int start(struct flood *f)
{
	const char *args[] = { "flood", "--no-huge", "-m", "512", "--no-pci", "--no-telemetry",
		"--no-shconf", "--iova-mode=va", "-l", "0", "--log-level=*:error" };
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, 1 } };
	struct options o;
	struct neigh *n;

	if (rte_eal_init(RTE_DIM(args), (char **)(uintptr_t)args) < 0)
		return -1;
	options_default(&o);
	o.no_huge = true;
	o.sessions = SESSIONS;
	o.hosts = SESSIONS;
	o.mbufs = 8192;
	if (dataplane_create(&o, &f->h->dp) < 0)
		return -1;
	f->h->dp->port_create = test_port_create;
	f->h->dp->port_env = (struct port_env){ .workers = 1, .pool = f->h->dp->pool };
	f->tsc = f->h->dp->start_tsc;
	f->h->now_ms = 1000;
	harness_configure(f->h, config, sizeof(config) - 1);
	expect("errors of the configuration", f->h->reply_used, 0);
	n = f->h->dp->l3->neigh;
	neigh_glean(n, PORT_PUB0, rte_cpu_to_be_32(INTERNET), f->h->now_ms);
	neigh_update(n, PORT_PUB0, rte_cpu_to_be_32(INTERNET), NEIGH_VALID, &mac);
	harness_settle(f->h);
	return 0;
}

int main(void)
{
	struct flood f = { .h = calloc(1, sizeof(*f.h)), .rng = 20261121 };
	const uint64_t *a;

	if (f.h == NULL || start(&f) < 0)
		return 2;
	new_flows(&f);
	punt_floods(&f);
	scan(&f);
	a = f.h->dp->workers[0]->stats.accounts;
	expect("the accounts", a[ACCT_RECEIVED] + a[ACCT_GENERATED],
		a[ACCT_SENT] + a[ACCT_PUNTED] + a[ACCT_DROPPED] + a[ACCT_HELD]);
	expect("buffers in use", rte_mempool_in_use_count(f.h->dp->pool), a[ACCT_HELD]);
	harness_finish(f.h);
	dataplane_destroy(f.h->dp);
	free(f.h);
	return 0;
}
