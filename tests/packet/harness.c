// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The real graph behind a pipe: a test program sends commands on standard input and reads answers
// on standard output, each a 32-bit length (host order) and as many bytes, the first of which is
// the command. Configuration comes as JSON through control's parser; packets go through test ports;
// time moves only by command. The packet tests (python, scapy) drive it.
//
//   C json             apply a configuration           -> text of the errors, empty: applied
//   R json             prepare one                 -> the same
//   K json             commit one, up to the flip  -> the same
//   Z                  settle what that has begun  -> empty
//   E                  what is left: flip or abort -> empty
//   N port ip mac      the kernel resolved a neighbour -> empty
//   F port ip          the kernel gave up on it        -> empty
//   G port ip          the kernel gave up and forgot  -> empty
//   P packets          receive and forward             -> packets
//   T seconds          move the clock, sweep           -> empty
//   B n                leave n buffers free, -1: all   -> empty
//   S                  counters                        -> JSON
// A packet: port u16, kind u8 ('r' receive, 'k' from the kernel; 's' sent, 'p' punted), partial u8,
// segment u16 (bytes per buffer, 0: as few as possible), length u32, bytes.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/sweep.h"
#include "dataplane/main/worker.h"
#include "dataplane/fib/l3.h"
#include "tests/packet/harness.h"
#include "tests/packet/test_port.h"

#define IDLE_WALKS 4 // without a packet: everything has come out
#define MBUFS	   8192

static bool read_all(void *data, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = read(STDIN_FILENO, (char *)data + done, n - done);

		if (got <= 0)
			return false;
		done += got;
	}
	return true;
}

static bool write_all(const void *data, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t put = write(STDOUT_FILENO, (const char *)data + done, n - done);

		if (put <= 0)
			return false;
		done += put;
	}
	return true;
}

// Control rounds until the FIB and all grace periods are settled.
void harness_settle(struct harness *h)
{
	while (control_round(h->dp, h->now_ms))
		;
}

static struct port *find_port(struct harness *h, uint16_t id)
{
	return id < LIMIT_PORTS ? dataplane_port(h->dp, id) : NULL;
}

static void neighbour(struct harness *h, char *text, enum neigh_news news)
{
	unsigned int port, b[6] = { 0 };
	struct rte_ether_addr mac = { { 0 } };
	char ip[32];
	struct in_addr addr;

	if (sscanf(text, "%u %31s %x:%x:%x:%x:%x:%x", &port, ip, &b[0], &b[1], &b[2], &b[3], &b[4],
		    &b[5]) < 2 ||
		inet_pton(AF_INET, ip, &addr) != 1)
		exit(2);
	for (int i = 0; i < 6; i++)
		mac.addr_bytes[i] = b[i];
	neigh_glean(h->dp->l3->neigh, port, addr.s_addr, h->now_ms);
	neigh_update(h->dp->l3->neigh, port, addr.s_addr, news, &mac);
	harness_settle(h);
}

// The kernel forgets a neighbour that did not answer: `ip neigh del`, or a link that is back.
static void neighbour_forgotten(struct harness *h, const char *text)
{
	struct in_addr addr;
	unsigned int port;
	char ip[32];

	if (sscanf(text, "%u %31s", &port, ip) != 2 || inet_pton(AF_INET, ip, &addr) != 1)
		exit(2);
	neigh_update(h->dp->l3->neigh, port, addr.s_addr, NEIGH_FAILED, NULL);
	neigh_update(h->dp->l3->neigh, port, addr.s_addr, NEIGH_GONE, NULL);
	harness_settle(h);
}

// The bytes as a chain of buffers of at most `segment` bytes each; NULL when there are too few.
static struct rte_mbuf *make_packet(
	struct harness *h, const struct harness_packet *p, const uint8_t *bytes)
{
	uint32_t room = p->segment != 0 ? p->segment : RTE_MBUF_DEFAULT_DATAROOM, done = 0;
	struct rte_mbuf *head = NULL;

	do {
		uint32_t n = RTE_MIN(room, p->length - done);
		struct rte_mbuf *m = rte_pktmbuf_alloc(h->dp->pool);

		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		memcpy(rte_pktmbuf_append(m, n), bytes + done, n);
		if (head == NULL)
			head = m;
		else if (rte_pktmbuf_chain(head, m) < 0)
			exit(3);
		done += n;
	} while (done < p->length);
	if (p->partial)
		head->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	return head;
}

static void reply(struct harness *h, const void *data, size_t n)
{
	if (h->reply_used + n > sizeof(h->reply))
		exit(4);
	memcpy(h->reply + h->reply_used, data, n);
	h->reply_used += n;
}

static void collect(struct harness *h, uint16_t port, uint8_t kind, struct rte_mbuf *m)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	struct harness_packet p = { .port = port,
		.kind = kind,
		.length = m->pkt_len,
		.partial = l4 == RTE_MBUF_F_TX_TCP_CKSUM || l4 == RTE_MBUF_F_TX_UDP_CKSUM };

	reply(h, &p, sizeof(p));
	for (const struct rte_mbuf *s = m; s != NULL; s = s->next)
		reply(h, rte_pktmbuf_mtod(s, void *), s->data_len);
	rte_pktmbuf_free(m);
}

static unsigned int collect_all(struct harness *h)
{
	unsigned int n = 0;

	for (uint16_t id = 1; id < LIMIT_PORTS; id++) {
		struct port *p = find_port(h, id);
		struct rte_mbuf *m;

		while (p != NULL && (m = test_port_sent(p)) != NULL) {
			collect(h, id, 's', m);
			n++;
		}
		while (p != NULL && (m = test_port_punted(p)) != NULL) {
			collect(h, id, 'p', m);
			n++;
		}
	}
	return n;
}

static void walk(struct harness *h)
{
	unsigned int idle = 0;

	while (idle < IDLE_WALKS) {
		unsigned int moved = 0;

		// Far enough apart for held packets to be looked at again.
		h->tsc += rte_get_tsc_hz() / 1000;
		for (unsigned int i = 0; i < h->dp->n_workers; i++)
			moved += worker_walk(h->dp->workers[i], h->tsc);
		harness_settle(h);
		moved += collect_all(h);
		idle = moved == 0 ? idle + 1 : 0;
	}
}

static void packets(struct harness *h, const uint8_t *data, size_t n)
{
	struct harness_packet p;

	for (unsigned int i = 0; n >= sizeof(p); i++) {
		struct port *port;
		struct rte_mbuf *m;

		memcpy(&p, data, sizeof(p));
		if (n < sizeof(p) + p.length || (port = find_port(h, p.port)) == NULL)
			exit(2);
		m = make_packet(h, &p, data + sizeof(p));
		if (m == NULL)
			test_port_lose(port);
		else if ((p.kind == 'k' ? test_port_from_kernel(port, m)
					: test_port_receive(port, i, m)) < 0)
			exit(5);
		data += sizeof(p) + p.length;
		n -= sizeof(p) + p.length;
	}
	walk(h);
}

static void move_time(struct harness *h, const char *text)
{
	unsigned int seconds = atoi(text);

	h->tsc += seconds * rte_get_tsc_hz();
	h->now_ms += seconds * 1000ull;
	while (sweep_serve(h->dp, dataplane_tick(h->dp, h->tsc)))
		;
	for (unsigned int i = 0; i < 8; i++) // sessions, peers, mappings, hosts
		while (!sweeper_step(&h->dp->sweeper, dataplane_tick(h->dp, h->tsc), 65536))
			;
	harness_settle(h);
	walk(h);
}

// To the start of the next tick: what a test sees does not depend on the tests before it.
static void align_time(struct harness *h)
{
	uint64_t hz = rte_get_tsc_hz();

	h->tsc += hz - (h->tsc - h->dp->start_tsc) % hz;
}

static void leave_buffers(struct harness *h, const char *text)
{
	int left = atoi(text);

	rte_pktmbuf_free_bulk(h->hoard, h->n_hoard);
	h->n_hoard = 0;
	if (left < 0)
		return;
	while ((h->hoard[h->n_hoard] = rte_pktmbuf_alloc(h->dp->pool)) != NULL)
		h->n_hoard++;
	if (h->n_hoard < (unsigned int)left)
		exit(3);
	h->n_hoard -= left;
	rte_pktmbuf_free_bulk(h->hoard + h->n_hoard, left);
}

static void command(struct harness *h, char *text, size_t n)
{
	switch (text[0]) {
	case 'C':
		harness_configure(h, text + 1, n - 1);
		break;
	case 'R':
	case 'K':
		harness_stage(h, text + 1, n - 1, text[0] == 'K');
		break;
	case 'Z':
		harness_settle(h);
		break;
	case 'E':
		harness_stage_end(h);
		break;
	case 'V':
		harness_service(h, text + 1);
		break;
	case 'N':
		neighbour(h, text + 1, NEIGH_VALID);
		break;
	case 'F':
		neighbour(h, text + 1, NEIGH_FAILED);
		break;
	case 'G':
		neighbour_forgotten(h, text + 1);
		break;
	case 'P':
		packets(h, (uint8_t *)text + 1, n - 1);
		break;
	case 'T':
		move_time(h, text + 1);
		break;
	case 'A':
		align_time(h);
		break;
	case 'B':
		leave_buffers(h, text + 1);
		break;
	case 'S':
		harness_stats(h);
		break;
	default:
		exit(2);
	}
}

static int start(struct harness *h, unsigned int workers)
{
	const char *args[] = { "harness", "--no-huge", "-m", "512", "--no-pci", "--no-telemetry",
		"--no-shconf", "--iova-mode=va", "-l", "0", "--log-level=*:error" };
	struct options o;
	int rc;

	if (rte_eal_init(RTE_DIM(args), (char **)(uintptr_t)args) < 0)
		return -EINVAL;
	options_default(&o);
	o.no_huge = true;
	o.n_cores = workers;
	o.sessions = 4096;
	o.hosts = 1024;
	o.mbufs = MBUFS;
	o.routes = 4096;
	o.tbl8 = 512;
	rc = dataplane_create(&o, &h->dp);
	if (rc < 0)
		return rc;
	h->dp->port_create = test_port_create;
	h->dp->port_env = (struct port_env){ .workers = workers, .pool = h->dp->pool };
	h->hoard = calloc(MBUFS + 1, sizeof(struct rte_mbuf *));
	if (h->hoard == NULL)
		return -ENOMEM;
	h->tsc = h->dp->start_tsc;
	h->now_ms = 1000;
	return 0;
}

int main(int argc, char **argv)
{
	struct harness *h = calloc(1, sizeof(*h));
	uint32_t n;

	if (h == NULL || start(h, argc > 1 ? atoi(argv[1]) : 1) < 0)
		return 1;
	while (read_all(&n, sizeof(n))) {
		char *text = malloc(n + 1);
		uint32_t used;

		if (text == NULL || !read_all(text, n))
			return 1;
		text[n] = '\0';
		h->reply_used = 0;
		command(h, text, n);
		free(text);
		used = h->reply_used;
		if (!write_all(&used, sizeof(used)) || !write_all(h->reply, used))
			return 1;
	}
	harness_finish(h);
	leave_buffers(h, "-1");
	free(h->hoard);
	dataplane_destroy(h->dp);
	free(h);
	return 0;
}
