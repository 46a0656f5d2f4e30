// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What needs no device: policing, the queue rule, device arguments, flow hashing, sending.
#include "tests/unit/port/lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/packet/meta.h"
#include "dataplane/port/devargs.h"
#include "dataplane/port/rxq_map.h"
#include "dataplane/port/tx.h"
#include "dataplane/punt/flow.h"
#include "dataplane/punt/police.h"

#define HZ UINT64_C(2600000000)

// Packets admitted from `tsc` on at one moment.
static unsigned int admitted(struct police *p, uint16_t port, enum punt_class class, uint64_t tsc)
{
	unsigned int n = 0;

	while (police_admit(p, port, class, tsc))
		assert_true(++n < 1000000);
	return n;
}

static void police_rates(void **state)
{
	static const struct {
		enum punt_class class;
		unsigned int rate, burst; // of one worker alone
	} table[] = {
		{ PUNT_ARP, 1000, 100 },
		{ PUNT_ROUTING, 5000, 500 },
		{ PUNT_IKE, 1000, 100 },
		{ PUNT_SERVICE, 50000, 5000 },
		{ PUNT_ICMP, 1000, 100 },
		{ PUNT_ANSWER, 1000, 100 },
		{ PUNT_REST, 500, 50 },
	};
	struct police *p = police_create(1, HZ);

	assert_non_null(p);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned int total = 0, rate = table[i].rate;
		uint64_t tsc = HZ;

		assert_int_equal(admitted(p, 1, table[i].class, tsc), table[i].burst);
		// Ten seconds of flood, looked at each millisecond: the rate, to a packet.
		for (unsigned int ms = 0; ms < 10000; ms++)
			total += admitted(p, 1, table[i].class, tsc += HZ / 1000);
		assert_in_range(total, 10 * rate - 1, 10 * rate + 1);
		// After a rest: the burst, not more.
		assert_int_equal(admitted(p, 1, table[i].class, tsc + 60 * HZ), table[i].burst);
	}
	police_destroy(p);
}

static void police_shares_and_independence(void **state)
{
	struct police *p = police_create(4, HZ);
	unsigned int total = 0;

	assert_int_equal(admitted(p, 3, PUNT_REST, HZ), 32); // never less
	assert_int_equal(admitted(p, 3, PUNT_SERVICE, HZ), 1250);
	assert_int_equal(admitted(p, 4, PUNT_SERVICE, HZ), 1250);
	assert_int_equal(admitted(p, 3, PUNT_SERVICE, HZ), 0);
	for (unsigned int ms = 1; ms <= 1000; ms++)
		total += admitted(p, 3, PUNT_ARP, HZ + ms * (HZ / 1000));
	assert_in_range(total, 250 + 32 - 1, 250 + 32);
	police_destroy(p);
}

static void rxq_rule(void **state)
{
	struct port a = { .id = 1, .nb_rxq = 3 }, b = { .id = 2, .nb_rxq = 1 };
	struct port *ports[] = { &a, NULL, &b };
	struct rxq_map *map = rxq_map_build(ports, 3, 2);
	char text[32];

	assert_non_null(map);
	// Port 1: queues 0 1 2 to workers 1 0 1; port 2: queue 0 to worker 0.
	assert_int_equal(map->rxq_of[0].count, 2);
	assert_int_equal(map->rxq_of[1].count, 2);
	assert_ptr_equal(map->rxq[map->rxq_of[0].first].port, &a);
	assert_int_equal(map->rxq[map->rxq_of[0].first].queue, 1);
	assert_ptr_equal(map->rxq[map->rxq_of[0].first + 1].port, &b);
	assert_int_equal(map->rxq[map->rxq_of[1].first].queue, 0);
	assert_int_equal(map->rxq[map->rxq_of[1].first + 1].queue, 2);
	assert_int_equal(map->mirror_of[0].count, 1);
	assert_ptr_equal(map->mirror[map->mirror_of[0].first], &b);
	assert_ptr_equal(map->mirror[map->mirror_of[1].first], &a);
	rxq_map_free(map);

	rxq_map_text(&a, 2, text, sizeof(text));
	assert_string_equal(text, "1 0 1");
	rxq_map_text(&a, 2, text, 4); // cut off, not beyond
	assert_string_equal(text, "1 0");
	a.nb_rxq = 0;
	rxq_map_text(&a, 2, text, sizeof(text));
	assert_string_equal(text, "");
	map = rxq_map_build(ports, 0, LIMIT_WORKERS);
	assert_non_null(map);
	rxq_map_free(map);
}

// Every queue of every port has one worker, and another port's arrival changes none.
static void rxq_each_once(void **state)
{
	struct port ports[LIMIT_PORTS], *list[LIMIT_PORTS];
	unsigned int seen[LIMIT_PORTS] = { 0 };

	for (unsigned int i = 0; i < LIMIT_PORTS; i++) {
		ports[i] = (struct port){ .id = (uint16_t)i, .nb_rxq = LIMIT_RXQ };
		list[i] = &ports[i];
	}
	for (unsigned int n = 1; n <= LIMIT_WORKERS; n++) {
		struct rxq_map *map = rxq_map_build(list, LIMIT_PORTS, n);

		memset(seen, 0, sizeof(seen));
		for (unsigned int w = 0; w < n; w++)
			for (unsigned int i = 0; i < map->rxq_of[w].count; i++) {
				const struct rxq *q = &map->rxq[map->rxq_of[w].first + i];

				assert_int_equal(rxq_worker(q->port->id, q->queue, n), w);
				seen[q->port->id] |= 1u << q->queue;
			}
		for (unsigned int i = 0; i < LIMIT_PORTS; i++)
			assert_int_equal(seen[i], (1u << LIMIT_RXQ) - 1);
		rxq_map_free(map);
	}
}

static int build(enum port_driver driver, const char *address, char *args, char *err)
{
	struct obj_port conf = { .id = 7, .driver = driver, .queues = 2 };
	char name[64];

	strncpy(conf.address, address, sizeof(conf.address) - 1);
	return devargs_build(&conf, name, args, err, 128);
}

static void devargs_good(void **state)
{
	char args[DEVARGS_MAX], err[128];

	assert_int_equal(build(PORT_VHOST_USER, "/run/vr/h-1.sock", args, err), 0);
	assert_string_equal(args, "net_vhost7,iface=/run/vr/h-1.sock,queues=2");
	assert_int_equal(build(PORT_MEMIF, "/tmp/m", args, err), 0);
	assert_string_equal(args, "net_memif7,role=server,id=0,socket=/tmp/m,socket-abstract=no");
	assert_int_equal(build(PORT_PCI, "0000:00:05.0", args, err), 0);
	assert_string_equal(args, "0000:00:05.0");
	assert_int_equal(build(PORT_AF_PACKET, "eth0.100", args, err), 0);
	assert_string_equal(args, "net_af_packet7,iface=eth0.100,qpairs=1,blocksz=65536,"
				  "framesz=2048,framecnt=2048,qdisc_bypass=1");
}

static void devargs_bad(void **state)
{
	static const struct {
		enum port_driver driver;
		const char *address;
		int code;
	} table[] = {
		{ PORT_VHOST_USER, "", -EINVAL },
		{ PORT_VHOST_USER, "/", -EINVAL },
		{ PORT_VHOST_USER, "relative", -EINVAL },
		{ PORT_VHOST_USER, "/a,client=1", -EINVAL },
		{ PORT_VHOST_USER, "/a b", -EINVAL },
		{ PORT_VHOST_USER, "/a\n", -EINVAL },
		{ PORT_VHOST_USER, "/dir/", -EINVAL },
		{ PORT_MEMIF, "/a=b", -EINVAL },
		{ PORT_MEMIF, "/a[0]", -EINVAL },
		{ PORT_MEMIF, "@abstract", -EINVAL },
		{ PORT_PCI, "00:05.0", -EINVAL },
		{ PORT_PCI, "0000:00:05.8", -EINVAL },
		{ PORT_PCI, "0000:00:05.0,x=1", -EINVAL },
		{ PORT_PCI, "0000:0G:05.0", -EINVAL },
		{ PORT_PCI, "0000:0A:05.0", -EINVAL },
		{ PORT_PCI, "0000-00:05.0", -EINVAL },
		{ PORT_AF_PACKET, "", -EINVAL },
		{ PORT_AF_PACKET, "eth0,x", -EINVAL },
		{ PORT_AF_PACKET, "../eth0", -EINVAL },
		{ PORT_AF_PACKET, "..", -EINVAL },
		{ PORT_AF_PACKET, "sixteencharacter", -EINVAL },
		{ PORT_AF_XDP, "eth0,x", -EINVAL },
		{ (enum port_driver)99, "eth0", -ENOTSUP },
	};
	char args[DEVARGS_MAX], err[128];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		err[0] = '\0';
		assert_int_equal(
			build(table[i].driver, table[i].address, args, err), table[i].code);
		assert_true(strlen(err) > 0);
	}
}

static void tap_addresses(void **state)
{
	char netdev[MSG_NAME_MAX], netns[64];

	assert_true(devargs_split_tap("eth0@host1", netdev, netns));
	assert_string_equal(netdev, "eth0");
	assert_string_equal(netns, "host1");
	assert_false(devargs_split_tap("eth0", netdev, netns));
	assert_false(devargs_split_tap("@host1", netdev, netns));
	assert_false(devargs_split_tap("eth0@", netdev, netns));
	assert_false(devargs_split_tap("eth0@a/b", netdev, netns));
	assert_false(devargs_split_tap("eth0@..", netdev, netns));
	assert_false(devargs_split_tap("eth0@a@b", netdev, netns));
	assert_false(devargs_split_tap("eth/0@host1", netdev, netns));
	assert_false(devargs_split_tap("sixteencharacter@host1", netdev, netns));
	assert_false(devargs_split_tap("eth0@"
				       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				       "aaaaaaaaaaaaaaa",
		netdev, netns));
}

struct udp_frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
} __rte_packed __rte_aligned(2);

static struct rte_mbuf *udp_frame(
	struct rte_mempool *pool, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct udp_frame *f = (struct udp_frame *)rte_pktmbuf_append(m, sizeof(*f));

	memset(f, 0, sizeof(*f));
	f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = 0x45;
	f->ip.next_proto_id = IPPROTO_UDP;
	f->ip.src_addr = rte_cpu_to_be_32(src);
	f->ip.dst_addr = rte_cpu_to_be_32(dst);
	f->udp.src_port = rte_cpu_to_be_16(sport);
	f->udp.dst_port = rte_cpu_to_be_16(dport);
	return m;
}

static uint32_t hash_of(
	struct rte_mempool *pool, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	struct rte_mbuf *m = udp_frame(pool, src, dst, sport, dport);
	uint32_t hash = flow_hash(m);

	rte_pktmbuf_free(m);
	return hash;
}

static void flows(void **state)
{
	const struct lab *lab = *state;
	struct rte_mbuf *m = udp_frame(lab->pool, 0x0a000001, 0x0a000002, 1000, 53);
	struct udp_frame *f = rte_pktmbuf_mtod(m, struct udp_frame *);
	uint32_t first, hits[4] = { 0 };

	assert_int_equal(hash_of(lab->pool, 0x0a000001, 0x0a000002, 1000, 53),
		hash_of(lab->pool, 0x0a000002, 0x0a000001, 53, 1000));
	// Fragments: the first one has ports, the others have not.
	f->ip.fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG);
	first = flow_hash(m);
	f->ip.fragment_offset = RTE_BE16(100);
	f->udp.src_port = 0x1234;
	assert_int_equal(flow_hash(m), first);
	// Neither TCP nor UDP, not IPv4, cut off: queue 0.
	f->ip.next_proto_id = IPPROTO_ICMP;
	assert_int_equal(flow_hash(m), 0);
	f->ip.next_proto_id = IPPROTO_UDP;
	f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	assert_int_equal(flow_hash(m), 0);
	f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	rte_pktmbuf_trim(m, sizeof(f->udp) + 1);
	assert_int_equal(flow_hash(m), 0);
	rte_pktmbuf_free(m);

	for (uint16_t i = 0; i < 1000; i++)
		hits[hash_of(lab->pool, 0x0a000001, 0x0a000002, 10000 + i, 80) % 4]++;
	for (unsigned int q = 0; q < 4; q++)
		assert_in_range(hits[q], 150, 350);
}

// A driver that remembers what it was given.
struct sink {
	uint16_t room, count, queue;
	struct rte_mbuf *pkts[64];
};

static uint16_t sink_tx(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct sink *s = p->priv;
	uint16_t k = n < s->room ? n : s->room;

	memcpy(s->pkts, pkts, k * sizeof(*pkts));
	s->count = k;
	s->queue = queue;
	return k;
}

static const struct port_ops sink_ops = { .name = "sink", .tx_burst = sink_tx };

static void set_partial(struct rte_mbuf *m)
{
	*mbuf_meta(m) = (struct meta){ .flags = META_CSUM_PARTIAL,
		.proto = IPPROTO_UDP,
		.l3_off = 14,
		.l4_off = 34,
		.ip_len = 28 };
}

static void send_in_order(void **state)
{
	const struct lab *lab = *state;
	struct sink sink = { .room = 3 };
	struct port p = { .ops = &sink_ops, .nb_txq = 1, .priv = &sink };
	struct rte_mbuf *pkts[5], *was[5];

	for (int i = 0; i < 5; i++) {
		was[i] = pkts[i] = udp_frame(lab->pool, 1, 2, 3, 4);
		*mbuf_meta(pkts[i]) = (struct meta){ 0 };
	}
	// The second one says it is longer than it is: its checksum cannot be completed.
	set_partial(pkts[1]);
	mbuf_meta(pkts[1])->ip_len = 2000;
	assert_int_equal(port_send(&p, 0, pkts, 5), 3);
	assert_ptr_equal(sink.pkts[0], was[0]);
	assert_ptr_equal(sink.pkts[1], was[2]);
	assert_ptr_equal(sink.pkts[2], was[3]);
	assert_ptr_equal(pkts[3], was[4]);
	assert_int_equal(mbuf_meta(pkts[3])->reason, DROP_TX_FULL);
	assert_ptr_equal(pkts[4], was[1]);
	assert_int_equal(mbuf_meta(pkts[4])->reason, DROP_TX_CHECKSUM);
	// A worker without a queue sends nothing.
	assert_int_equal(port_tx_worker(&p, 1), 0);
	assert_int_equal(port_send(&p, 1, pkts, 2), 0);
	assert_int_equal(mbuf_meta(pkts[1])->reason, DROP_TX_FULL);
	rte_pktmbuf_free_bulk(was, 5);
}

static void send_checksums(void **state)
{
	const struct lab *lab = *state;
	struct sink sink = { .room = 1 };
	struct port p = { .ops = &sink_ops, .nb_txq = 1, .priv = &sink, .tx_csum = true };
	struct rte_mbuf *m = udp_frame(lab->pool, 1, 2, 3, 4);
	const struct udp_frame *f = rte_pktmbuf_mtod(m, const struct udp_frame *);

	set_partial(m);
	assert_int_equal(port_send(&p, 0, &m, 1), 1);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_TX_L4_MASK, RTE_MBUF_F_TX_UDP_CKSUM);
	assert_int_equal(m->l2_len, 14);
	assert_int_equal(m->l3_len, 20);
	assert_int_equal(f->udp.dgram_cksum, 0);

	m->ol_flags = 0;
	p.tx_csum = false;
	assert_int_equal(port_send(&p, 0, &m, 1), 1);
	assert_int_equal(m->ol_flags, 0);
	// RFC 768 sum of the words 3 and 4 alone: the rest of this header is zero.
	assert_int_equal(f->udp.dgram_cksum, RTE_BE16(0xfff8));
	assert_false(mbuf_meta(m)->flags & META_CSUM_PARTIAL);
	rte_pktmbuf_free(m);
}

static struct rte_mbuf *chain(struct rte_mempool *pool, uint16_t first, uint16_t second)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *next = rte_pktmbuf_alloc(pool);

	memset(rte_pktmbuf_append(m, first), 1, first);
	memset(rte_pktmbuf_append(next, second), 2, second);
	rte_pktmbuf_chain(m, next);
	*mbuf_meta(m) = (struct meta){ 0 };
	return m;
}

static void send_chains(void **state)
{
	const struct lab *lab = *state;
	struct sink sink = { .room = 2 };
	struct port p = { .ops = &sink_ops, .nb_txq = 1, .priv = &sink };
	struct rte_mbuf *fits = chain(lab->pool, 1000, 500), *large = chain(lab->pool, 2000, 2000);
	struct rte_mbuf *pkts[] = { large, fits };

	assert_int_equal(port_send(&p, 0, pkts, 2), 1);
	assert_ptr_equal(sink.pkts[0], fits);
	assert_int_equal(fits->nb_segs, 1);
	assert_int_equal(fits->data_len, 1500);
	assert_int_equal(*rte_pktmbuf_mtod_offset(fits, uint8_t *, 1499), 2);
	assert_ptr_equal(pkts[1], large);
	assert_int_equal(mbuf_meta(large)->reason, DROP_MTU);
	p.tx_multi_seg = true;
	assert_int_equal(port_send(&p, 0, &large, 1), 1);
	assert_int_equal(large->nb_segs, 2);
	rte_pktmbuf_free(large);
	rte_pktmbuf_free(fits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(police_rates),
		cmocka_unit_test(police_shares_and_independence),
		cmocka_unit_test(rxq_rule),
		cmocka_unit_test(rxq_each_once),
		cmocka_unit_test(devargs_good),
		cmocka_unit_test(devargs_bad),
		cmocka_unit_test(tap_addresses),
		cmocka_unit_test(flows),
		cmocka_unit_test(send_in_order),
		cmocka_unit_test(send_checksums),
		cmocka_unit_test(send_chains),
	};

	return cmocka_run_group_tests_name("port rules", tests, lab_setup, lab_teardown);
}
