// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A port comes with the rules of its configuration: a packet waits in the receive queue of a new
// private port before a worker polls it, and must leave translated, in each of a thousand
// configurations. The worker walks all the time.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ip.h>
#include <rte_launch.h>
#include <rte_udp.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/grace.h"
#include "dataplane/main/worker.h"
#include "tests/packet/harness.h"
#include "tests/packet/test_port.h"
#include "tests/stress/traffic.h"

#define ROUNDS	   1000
#define DEADLINE_S 10 // for one packet

#define PUB0 1 // id of the port that stays

#define HOST	 IPV4(192, 168, 10, 10)
#define INTERNET IPV4(203, 0, 113, 10)
#define EXTERNAL IPV4(203, 0, 113, 1)

#define UPLINK                                                                                     \
	"{\"name\":\"pub0\",\"mac\":\"02:00:00:00:00:01\",\"role\":\"public\",\"addresses\":"      \
	"[\"203.0.113.1/24\"],\"port\":{\"driver\":\"tap\",\"address\":\"pub0@test\"}}"
static const char alone[] = "{\"version\":1,\"interfaces\":[" UPLINK "]}";
static const char site[] =
	"{\"version\":1,\"interfaces\":[" UPLINK ","
	"{\"name\":\"vpc1\",\"mac\":\"02:00:00:00:00:02\",\"role\":\"private\",\"addresses\":"
	"[\"192.168.10.1/24\"],\"port\":{\"driver\":\"tap\",\"address\":\"vpc1@test\"}}],"
	"\"snat\":[{\"name\":\"s\",\"source\":\"192.168.10.0/24\",\"interface\":\"pub0\"}]}";

void harness_settle(struct harness *h)
{
	while (control_round(h->dp, h->now_ms))
		;
}

static void fail(const char *what, unsigned int round)
{
	fprintf(stderr, "flip: round %u: %s\n", round, what);
	exit(1);
}

struct frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
} __rte_packed __rte_aligned(2);

static struct rte_mbuf *datagram(struct rte_mempool *pool)
{
	const struct frame f = {
		.eth = { .dst_addr = { { 2, 0, 0, 0, 0, 2 } },
			.src_addr = { { 2, 0, 0, 0, 9 } },
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4) },
		.ip = { .version_ihl = 0x45,
			.time_to_live = 64,
			.next_proto_id = IPPROTO_UDP,
			.total_length = RTE_BE16(sizeof(f) - sizeof(f.eth)),
			.src_addr = rte_cpu_to_be_32(HOST),
			.dst_addr = rte_cpu_to_be_32(INTERNET) },
		.udp = { .src_port = RTE_BE16(5000),
			.dst_port = RTE_BE16(53),
			.dgram_len = RTE_BE16(sizeof(f.udp)) },
	};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL)
		return NULL;
	memcpy(rte_pktmbuf_append(m, sizeof(f)), &f, sizeof(f));
	rte_pktmbuf_mtod(m, struct frame *)->ip.hdr_checksum =
		rte_ipv4_cksum(&rte_pktmbuf_mtod(m, struct frame *)->ip);
	return m;
}

// What a device has received by the time that it is polled first.
static int create_with_packet(const struct port_env *env, const struct obj_port *conf,
	struct port **out, char *err, size_t errlen)
{
	int rc = test_port_create(env, conf, out, err, errlen);
	struct rte_mbuf *m;

	if (rc < 0 || conf->role != ROLE_PRIVATE)
		return rc;
	m = datagram(env->pool);
	return m == NULL ? -ENOMEM : test_port_receive(*out, 0, m);
}

static void configure(struct harness *h, const char *text, unsigned int round)
{
	harness_configure(h, text, strlen(text));
	if (h->reply_used != 0)
		fail("the configuration was refused", round);
}

static struct rte_mbuf *await_sent(struct harness *h, unsigned int round)
{
	uint64_t end = rte_rdtsc() + DEADLINE_S * rte_get_tsc_hz();
	struct rte_mbuf *m;

	while ((m = test_port_sent(dataplane_port(h->dp, PUB0))) == NULL) {
		if (rte_rdtsc() > end)
			fail("the packet did not come out", round);
		control_round(h->dp, ++h->now_ms);
	}
	return m;
}

static void run(struct harness *h)
{
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, 1 } };
	struct neigh *n = h->dp->l3->neigh;

	configure(h, alone, 0);
	neigh_glean(n, PUB0, rte_cpu_to_be_32(INTERNET), h->now_ms);
	neigh_update(n, PUB0, rte_cpu_to_be_32(INTERNET), NEIGH_VALID, &mac);
	harness_settle(h);
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		struct rte_mbuf *m;

		configure(h, site, round);
		m = await_sent(h, round);
		if (rte_pktmbuf_mtod(m, struct frame *)->ip.src_addr != rte_cpu_to_be_32(EXTERNAL))
			fail("a private address left the router", round);
		rte_pktmbuf_free(m);
		configure(h, alone, round);
	}
}

static int start(struct harness *h)
{
	const char *args[] = { "flip", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry",
		"--no-shconf", "--iova-mode=va", "--lcores", "0@(0-1),1@(0-1)",
		"--log-level=*:error" };
	struct options o;

	if (rte_eal_init(RTE_DIM(args), (char **)(uintptr_t)args) < 0)
		return -1;
	options_default(&o);
	o.no_huge = true;
	o.sessions = 2048;
	o.hosts = 64;
	o.mbufs = 4096;
	o.routes = 1024;
	if (dataplane_create(&o, &h->dp) < 0)
		return -1;
	h->dp->port_create = create_with_packet;
	h->dp->port_env = (struct port_env){ .workers = 1, .pool = h->dp->pool };
	return rte_eal_remote_launch(worker_main, h->dp->workers[0], 1);
}

int main(void)
{
	struct harness *h = calloc(1, sizeof(*h));

	if (h == NULL || start(h) != 0)
		return 2;
	run(h);
	atomic_store(&h->dp->stop, true);
	rte_eal_mp_wait_lcore();
	// The worker is gone; what it wrote is seen from here on.
	if (!grace_passed(h->dp->qsbr, rte_rcu_qsbr_start(h->dp->qsbr)))
		fail("the worker is still online", ROUNDS);
	harness_settle(h);
	printf("flip: %u configurations, each with a port and its rule\n", ROUNDS);
	harness_finish(h);
	dataplane_destroy(h->dp);
	free(h);
	return 0;
}
