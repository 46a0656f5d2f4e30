// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The data plane as a side of the differential test.
#include "tests/differential/dataplane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "dataplane/fib/l3.h"
#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/worker.h"
#include "tests/differential/site.h"
#include "tests/packet/harness.h"
#include "tests/packet/test_port.h"

#define LONGEST_TIMER 8000 // seconds
#define IDLE_WALKS    2	   // without a packet: everything has come out

void harness_settle(struct harness *h)
{
	while (control_round(h->dp, h->now_ms))
		;
}

static int collect_one(struct frames *out, uint8_t wire, struct rte_mbuf *m)
{
	struct frame *f = &out->f[out->n];
	const void *data;

	if (out->n == FRAMES_MAX || m->pkt_len > sizeof(f->data)) {
		rte_pktmbuf_free(m);
		return -ENOBUFS;
	}
	f->wire = wire;
	f->len = m->pkt_len;
	data = rte_pktmbuf_read(m, 0, m->pkt_len, f->data);
	if (data != f->data)
		memcpy(f->data, data, f->len);
	out->n++;
	rte_pktmbuf_free(m);
	return 1;
}

// Number of frames, or negative errno. What is punted is for the router itself: as in the kernel,
// nothing comes out of it.
static int collect(struct harness *h, struct frames *out)
{
	int n = 0;

	for (unsigned int wire = 1; wire < WIRE_COUNT; wire++) {
		struct port *p = dataplane_port(h->dp, wire);
		struct rte_mbuf *m;

		while ((m = test_port_sent(p)) != NULL) {
			if (collect_one(out, wire, m) < 0)
				return -ENOBUFS;
			n++;
		}
		while ((m = test_port_punted(p)) != NULL)
			rte_pktmbuf_free(m);
	}
	return n;
}

static int walk(struct harness *h, struct frames *out)
{
	for (unsigned int idle = 0; idle < IDLE_WALKS;) {
		unsigned int moved;
		int n;

		h->tsc += rte_get_tsc_hz() / 1000;
		moved = worker_walk(h->dp->workers[0], h->tsc);
		harness_settle(h);
		n = collect(h, out);
		if (n < 0)
			return n;
		idle = moved + n == 0 ? idle + 1 : 0;
	}
	return 0;
}

static int play(void *state, struct exchange *x)
{
	struct harness *h = state;
	int rc = 0;

	x->out.n = 0;
	x->invalid = false;
	for (unsigned int i = 0; rc == 0 && i < x->in.n; i++) {
		const struct frame *f = &x->in.f[i];
		struct rte_mbuf *m = rte_pktmbuf_alloc(h->dp->pool);

		if (m == NULL)
			return -ENOMEM;
		memcpy(rte_pktmbuf_append(m, f->len), f->data, f->len);
		rc = test_port_receive(dataplane_port(h->dp, f->wire), 0, m);
		if (rc == 0)
			rc = walk(h, &x->out);
	}
	return rc;
}

static int pass(void *state, uint32_t seconds)
{
	struct frames none = { .n = 0 };
	struct harness *h = state;
	int rc;

	h->tsc += seconds * rte_get_tsc_hz();
	h->now_ms += seconds * 1000ull;
	for (unsigned int i = 0; i < 4; i++)
		while (!sweeper_step(&h->dp->sweeper, dataplane_tick(h->dp, h->tsc), 65536))
			;
	harness_settle(h);
	rc = walk(h, &none);
	return rc != 0 ? rc : none.n == 0 ? 0 : -EPROTO;
}

static int reset(void *state)
{
	struct harness *h = state;
	int rc = pass(h, LONGEST_TIMER);

	if (rc == 0 && slab_used(&h->dp->sessions.slabs[ARENA_SESSIONS]) != 0)
		rc = -EBUSY;
	return rc;
}

static int start(struct harness *h)
{
	const char *args[] = { "differential", "--no-huge", "-m", "256", "--no-pci",
		"--no-telemetry", "--no-shconf", "--iova-mode=va", "-l", "0",
		"--log-level=*:error" };
	struct options o;
	int rc;

	if (rte_eal_init(RTE_DIM(args), (char **)(uintptr_t)args) < 0)
		return -EINVAL;
	options_default(&o);
	o.no_huge = true;
	o.n_cores = 1;
	o.sessions = 64;
	o.hosts = 16;
	o.mbufs = 2048;
	o.routes = 512;
	o.tbl8 = 64;
	rc = dataplane_create(&o, &h->dp);
	if (rc < 0)
		return rc;
	h->dp->port_create = test_port_create;
	h->dp->port_env = (struct port_env){ .workers = 1, .pool = h->dp->pool };
	h->tsc = h->dp->start_tsc;
	h->now_ms = 1000;
	return 0;
}

static int configure(struct harness *h)
{
	char text[16384];
	FILE *f = fopen(SITE "/site.json", "r");
	size_t n = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	harness_configure(h, text, n);
	if (n == 0 || h->reply_used != 0) {
		fprintf(stderr, "site.json: %.*s\n", (int)h->reply_used, h->reply);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < SITE_HOSTS; i++) {
		const struct rte_ether_addr mac = { { 2, 0, 0, 0, 1, i } };

		neigh_update(h->dp->l3->neigh, site_hosts[i].wire, htonl(site_hosts[i].ip),
			NEIGH_PERMANENT, &mac);
	}
	harness_settle(h);
	return 0;
}

int dataplane_side(struct side *side)
{
	struct harness *h = calloc(1, sizeof(*h)); // for the life of the process
	int rc;

	if (h == NULL)
		return -ENOMEM;
	*side = (struct side){
		.name = "vrouter", .state = h, .play = play, .pass = pass, .reset = reset
	};
	rc = start(h);
	return rc < 0 ? rc : configure(h);
}
