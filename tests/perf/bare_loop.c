// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What any router pays: receive, look up, TTL, checksum, Ethernet header, send, over two vhost-user
// ports that are opened as the data plane opens its own. It validates nothing, counts little and
// has no services. SIGUSR1 begins a measurement anew; SIGTERM ends the program, which prints cycles
// per packet of full bursts as JSON, of all and of each tenth of a second.
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_fib.h>
#include <rte_ip.h>

#include "dataplane/packet/csum.h"
#include "dataplane/packet/rewrite.h"
#include "dataplane/port/driver.h"
#include "dataplane/port/pool.h"
#include "dataplane/stats/cycles.h"

#define PORTS	   2
#define NEXT_HOPS  16
#define BUFFERS	   32768
#define POOL_CACHE 512
#define SLICES	   2048 // of a tenth of a second; there are no later ones

// Of the program's only thread; the handlers set the flags.
static volatile sig_atomic_t stop, renew;

struct next_hop {
	_Alignas(8) struct rte_ether_hdr eth;
	struct port *port;
};

struct bare_loop {
	struct port port[PORTS];
	struct rte_fib *fib;
	struct next_hop hop[NEXT_HOPS + 1]; // 0: none, the packet is dropped
	unsigned int n_hops;
	uint64_t received, sent;
	struct cycles_histogram cycles;
	uint64_t slice_end; // TSC
	struct cycles_histogram slice;
	struct {
		uint64_t bursts;
		double median;
	} slices[SLICES];
	unsigned int n_slices;
};

static void on_signal(int signal)
{
	if (signal == SIGUSR1)
		renew = 1;
	else
		stop = 1;
}

static int start_eal(const char *core, const char *prefix, const char *memory, bool huge)
{
	const char *args[] = { "bare-loop", "-l", core, "-m", memory,
		huge ? "--in-memory" : "--no-huge", "--iova-mode=va", "--file-prefix", prefix,
		"--no-telemetry", "--no-pci", "--no-shconf", "--log-level=*:warning" };

	return rte_eal_init(RTE_DIM(args), (char **)(uintptr_t)args) < 0 ? -EINVAL : 0;
}

static int open_port(
	struct bare_loop *b, const struct port_env *env, unsigned int i, const char *path)
{
	struct port *p = &b->port[i];
	char err[128];

	if (strlen(path) >= sizeof(p->conf.address))
		return -EINVAL;
	*p = (struct port){ .id = (uint16_t)(i + 1), .env = env };
	p->conf = (struct obj_port){
		.id = i + 1, .driver = PORT_VHOST_USER, .mtu = 1500, .mac = { 2, 0, 0, 0, 0, i + 1 }
	};
	strcpy(p->conf.address, path);
	if (port_open_ethdev(p, err, sizeof(err)) == 0 && p->ops->start(p) == 0)
		return 0;
	fprintf(stderr, "bare-loop: %s: %s\n", path, err);
	return -EIO;
}

// "PREFIX/LEN,PORT,MAC[,COUNT]": COUNT prefixes of that length, one after the other.
struct route {
	struct in_addr prefix;
	unsigned int len, port, count;
	struct rte_ether_addr mac;
};

static int parse_route(const char *text, struct route *r)
{
	char prefix[16], mac[18];

	r->count = 1;
	if (sscanf(text, "%15[0-9.]/%u,%u,%17[0-9a-fA-F:],%u", prefix, &r->len, &r->port, mac,
		    &r->count) < 4)
		return -EINVAL;
	if (inet_pton(AF_INET, prefix, &r->prefix) != 1 || r->len > 32 ||
		(r->count > 1 && r->len == 0) || r->port >= PORTS || r->count == 0 ||
		rte_ether_unformat_addr(mac, &r->mac) != 0)
		return -EINVAL;
	return 0;
}

static int add_route(struct bare_loop *b, const struct route *r)
{
	struct next_hop *hop = &b->hop[++b->n_hops];
	int rc = 0;

	hop->port = &b->port[r->port];
	hop->eth = (struct rte_ether_hdr){ .dst_addr = r->mac,
		.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4) };
	memcpy(&hop->eth.src_addr, hop->port->conf.mac, RTE_ETHER_ADDR_LEN);
	for (uint32_t i = 0; i < r->count && rc == 0; i++) {
		uint32_t step = r->count > 1 ? i << (32 - r->len) : 0;

		rc = rte_fib_add(
			b->fib, ntohl(r->prefix.s_addr) + step, (uint8_t)r->len, b->n_hops);
	}
	return rc;
}

static int make_fib(struct bare_loop *b, const struct route *routes, unsigned int n)
{
	struct rte_fib_conf conf = { .type = RTE_FIB_DIR24_8,
		.max_routes = 1024,
		.dir24_8 = { .nh_sz = RTE_FIB_DIR24_8_4B, .num_tbl8 = 4096 } };
	int rc = 0;

	for (unsigned int i = 0; i < n; i++)
		conf.max_routes += (int)routes[i].count;
	b->fib = rte_fib_create("bare", SOCKET_ID_ANY, &conf);
	if (b->fib == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < n && rc == 0; i++)
		rc = add_route(b, &routes[i]);
	return rc;
}

static void rewrite(struct rte_mbuf *m, const struct next_hop *hop)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));

	ip->hdr_checksum = csum_update(ip->hdr_checksum, csum_diff16(RTE_BE16(0x0100), 0));
	ip->time_to_live--;
	packet_set_ethernet(m, &hop->eth);
}

// Returns how many were sent; the others are gone.
static uint16_t transmit(struct port *p, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t done = n > 0 ? p->ops->tx_burst(p, 0, pkts, n) : 0;

	if (done < n)
		rte_pktmbuf_free_bulk(&pkts[done], n - done);
	return done;
}

static uint16_t forward(struct bare_loop *b, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *out[PORTS + 1][LIMIT_RX_BURST];
	uint16_t n_out[PORTS + 1] = { 0 };
	uint32_t dst[LIMIT_RX_BURST];
	uint64_t next[LIMIT_RX_BURST];
	uint16_t sent = 0;

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (uint16_t i = 0; i < n; i++)
		dst[i] = rte_be_to_cpu_32(rte_pktmbuf_mtod_offset(
			pkts[i], struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr))
						  ->dst_addr);
	rte_fib_lookup_bulk(b->fib, dst, next, n);
	for (uint16_t i = 0; i < n; i++) {
		const struct next_hop *hop = &b->hop[next[i]];
		unsigned int to = next[i] != 0 ? (unsigned int)(hop->port - b->port) : PORTS;

		rewrite(pkts[i], hop);
		out[to][n_out[to]++] = pkts[i];
	}
	for (unsigned int i = 0; i < PORTS; i++)
		sent += transmit(&b->port[i], out[i], n_out[i]);
	rte_pktmbuf_free_bulk(out[PORTS], n_out[PORTS]);
	return sent;
}

static void end_slice(struct bare_loop *b, uint64_t now)
{
	uint64_t n = cycles_samples(&b->slice);

	if (n > 0 && b->n_slices < SLICES) {
		b->slices[b->n_slices].bursts = n;
		b->slices[b->n_slices++].median = cycles_quantile(&b->slice, 0.5);
	}
	memset(&b->slice, 0, sizeof(b->slice));
	b->slice_end = now + rte_get_tsc_hz() / 10;
}

// A burst that found no room in the other ring costs less and does not count.
static void burst(struct bare_loop *b, struct port *p)
{
	struct rte_mbuf *pkts[LIMIT_RX_BURST];
	uint64_t start = rte_rdtsc();
	uint16_t n = port_rx_burst(p, 0, pkts, LIMIT_RX_BURST), sent;

	if (n == 0)
		return;
	sent = forward(b, pkts, n);
	b->received += n;
	b->sent += sent;
	if (sent == n) {
		uint64_t cycles = rte_rdtsc() - start;

		cycles_count(&b->cycles, cycles, n, LIMIT_RX_BURST);
		cycles_count(&b->slice, cycles, n, LIMIT_RX_BURST);
	}
}

static void run(struct bare_loop *b)
{
	while (!stop) {
		uint64_t now;

		for (unsigned int i = 0; i < PORTS; i++)
			burst(b, &b->port[i]);
		if (renew) {
			memset(&b->cycles, 0, sizeof(b->cycles));
			memset(&b->slice, 0, sizeof(b->slice));
			b->n_slices = 0;
			b->slice_end = 0;
			renew = 0;
		}
		now = rte_rdtsc();
		if (now >= b->slice_end)
			end_slice(b, now);
	}
}

static void report(const struct bare_loop *b)
{
	const char *comma = "";

	printf("{\"received\": %lu, \"sent\": %lu, \"walks\": %lu, \"p10\": %.1f, \"median\": "
	       "%.1f, "
	       "\"counts\": [",
		(unsigned long)b->received, (unsigned long)b->sent,
		(unsigned long)cycles_samples(&b->cycles), cycles_quantile(&b->cycles, 0.1),
		cycles_quantile(&b->cycles, 0.5));
	for (unsigned int i = 0; i < CYCLES_BUCKETS; i++)
		if (b->cycles.bucket[i] != 0) {
			printf("%s[%u, %lu]", comma, cycles_floor(i),
				(unsigned long)b->cycles.bucket[i]);
			comma = ", ";
		}
	printf("], \"slices\": [");
	for (unsigned int i = 0; i < b->n_slices; i++)
		printf("%s{\"walks\": %lu, \"median\": %.1f}", i > 0 ? ", " : "",
			(unsigned long)b->slices[i].bursts, b->slices[i].median);
	printf("]}\n");
}

// --port in order, then --route.
static int set_up(struct bare_loop *b, struct port_env *env, int argc, char **argv)
{
	static const struct option options[] = { { "core", required_argument, NULL, 'c' },
		{ "memory", required_argument, NULL, 'm' },
		{ "file-prefix", required_argument, NULL, 'f' },
		{ "port", required_argument, NULL, 'p' }, { "route", required_argument, NULL, 'r' },
		{ "no-huge", no_argument, NULL, 'n' }, { NULL, 0, NULL, 0 } };
	const char *core = "1", *prefix = "bare-loop", *memory = "512", *path[PORTS];
	struct route routes[NEXT_HOPS];
	unsigned int n_paths = 0, n_routes = 0;
	bool huge = true;
	int c, rc = 0;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			core = optarg;
		else if (c == 'm')
			memory = optarg;
		else if (c == 'f')
			prefix = optarg;
		else if (c == 'n')
			huge = false;
		else if (c == 'p' && n_paths < PORTS)
			path[n_paths++] = optarg;
		else if (c == 'r' && n_routes < RTE_DIM(routes))
			rc = parse_route(optarg, &routes[n_routes++]);
		else
			rc = -EINVAL;
		if (rc < 0)
			return rc;
	}
	if (optind != argc || n_paths != PORTS || start_eal(core, prefix, memory, huge) < 0)
		return -EINVAL;
	env->pool = port_pool_create("packets", BUFFERS, POOL_CACHE);
	if (env->pool == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < PORTS; i++)
		if (open_port(b, env, i, path[i]) < 0)
			return -EIO;
	return make_fib(b, routes, n_routes);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct bare_loop *b = calloc(1, sizeof(*b));
	struct port_env env = { .workers = 1 };

	if (b == NULL || set_up(b, &env, argc, argv) < 0) {
		fputs("usage: bare-loop --port SOCKET --port SOCKET --route "
		      "PREFIX/LEN,PORT,MAC[,COUNT]...\n"
		      "                 [--core N] [--memory MIB] [--file-prefix TEXT] "
		      "[--no-huge]\n",
			stderr);
		return 2;
	}
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	puts("ready");
	fflush(stdout);
	run(b);
	for (unsigned int i = 0; i < PORTS; i++)
		b->port[i].ops->close(&b->port[i]);
	report(b);
	rte_eal_cleanup();
	free(b);
	return 0;
}
