// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The data plane of the fuzz targets, see dataplane.h.
#include "tests/fuzz/dataplane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "dataplane/main/control.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/sweep.h"
#include "dataplane/main/worker.h"
#include "tests/packet/test_port.h"

#define LONGEST_TIMER 8000 // seconds
#define IDLE_WALKS    2	   // without a packet: everything has come out

void fuzz_start(struct harness *h)
{
	const char *args[] = { "fuzz", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry",
		"--no-shconf", "--iova-mode=va", "-l", "0", "--log-level=*:critical" };
	struct options o;

	if (rte_eal_init(RTE_DIM(args), (char **)(uintptr_t)args) < 0)
		exit(1);
	options_default(&o);
	o.no_huge = true;
	o.n_cores = 1;
	o.sessions = 64; // small enough to be filled
	o.hosts = 16;
	o.mbufs = 2048;
	o.routes = 512;
	o.tbl8 = 64;
	if (dataplane_create(&o, &h->dp) < 0)
		exit(1);
	h->dp->port_create = test_port_create;
	h->dp->port_env = (struct port_env){ .workers = 1, .pool = h->dp->pool };
	h->tsc = h->dp->start_tsc;
	h->now_ms = 1000;
}

void harness_settle(struct harness *h)
{
	while (control_round(h->dp, h->now_ms))
		;
}

static unsigned int free_sent(struct harness *h)
{
	unsigned int n = 0;

	for (unsigned int id = 1; id < LIMIT_PORTS; id++) {
		struct port *p = dataplane_port(h->dp, id);
		struct rte_mbuf *m;

		while (p != NULL &&
			((m = test_port_sent(p)) != NULL || (m = test_port_punted(p)) != NULL)) {
			rte_pktmbuf_free(m);
			n++;
		}
	}
	return n;
}

void fuzz_walk(struct harness *h)
{
	for (unsigned int idle = 0; idle < IDLE_WALKS;) {
		unsigned int moved;

		h->tsc += rte_get_tsc_hz() / 1000;
		moved = worker_walk(h->dp->workers[0], h->tsc);
		sweep_serve(h->dp, dataplane_tick(h->dp, h->tsc));
		harness_settle(h);
		moved += free_sent(h);
		idle = moved == 0 ? idle + 1 : 0;
	}
}

void fuzz_advance(struct harness *h, unsigned int seconds)
{
	h->tsc += seconds * rte_get_tsc_hz();
	h->now_ms += seconds * 1000ull;
	for (unsigned int i = 0; i < 8; i++) // sessions, peers, mappings, hosts
		while (!sweeper_step(&h->dp->sweeper, dataplane_tick(h->dp, h->tsc), 65536))
			;
	harness_settle(h);
	fuzz_walk(h);
}

static void say_books(const struct worker_stats *s)
{
#define X(sym, name) name,
	static const char *const names[] = { ACCOUNTS(X) };
#undef X
	for (unsigned int i = 0; i < ACCT_COUNT; i++)
		fprintf(stderr, "%s %llu\n", names[i], (unsigned long long)s->accounts[i]);
}

void fuzz_check_books(struct harness *h)
{
	const struct worker_stats *s = &h->dp->workers[0]->stats;
	const uint64_t *a = s->accounts;
	uint64_t came =
		a[ACCT_RECEIVED] + a[ACCT_INJECTED] + a[ACCT_GENERATED] + a[ACCT_TAKEN_OVER];
	uint64_t went = a[ACCT_SENT] + a[ACCT_PUNTED] + a[ACCT_DROPPED] + a[ACCT_CONSUMED] +
			a[ACCT_HANDED_OVER] + a[ACCT_HELD];
	unsigned int buffers = rte_mempool_in_use_count(h->dp->pool);
	uint64_t drops = 0;

	for (unsigned int i = 0; i < DROP_COUNT; i++)
		drops += s->drops[i];
	if (came == went && drops == a[ACCT_DROPPED] && s->drops[DROP_NONE] == 0 &&
		(a[ACCT_HELD] == 0 ? buffers == 0 : buffers >= a[ACCT_HELD])) // some have several
		return;
	say_books(s);
	fprintf(stderr, "drops by reason %llu, buffers in use %u\n", (unsigned long long)drops,
		buffers);
	abort();
}

void fuzz_check_drained(struct harness *h)
{
	const struct slab *slabs = h->dp->sessions.slabs;

	fuzz_advance(h, LONGEST_TIMER);
	fuzz_check_books(h);
	for (unsigned int i = 0; i < ARENA_SLABS; i++)
		if (slab_used(&slabs[i]) != 0) {
			fprintf(stderr, "%u slots of slab %u are left\n", slab_used(&slabs[i]), i);
			abort();
		}
}
