// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Before and after the run: links, ARP, the rest that is under way.
#include "tests/perf/pktgen/phases.h"

#include <errno.h>
#include <netinet/in.h>

#include "tests/perf/pktgen/arp.h"
#include "tests/perf/pktgen/turn.h"

#define DEADLINE_S 30
#define ASK_MS	   100

int phase_links(struct engine *e)
{
	uint64_t end = rte_rdtsc() + DEADLINE_S * e->tsc_hz;
	struct rte_eth_link link;
	uint64_t now;

	for (unsigned int i = 0; i < e->options->n_ports && !turn_stopped(e);) {
		turn(e, &now);
		if (rte_eth_link_get_nowait(e->ports[i].id, &link) < 0 ||
			link.link_status == RTE_ETH_LINK_UP)
			i++; // a device that cannot tell is up
		else if (now > end)
			return error_set(&e->error, "port %s: no link after %d s",
				e->options->ports[i].name, DEADLINE_S);
	}
	return 0;
}

static const struct port *unresolved(const struct engine *e)
{
	for (unsigned int i = 0; i < e->options->n_ports; i++)
		if (!e->ports[i].has_router)
			return &e->ports[i];
	return NULL;
}

static void ask(struct engine *e)
{
	for (unsigned int i = 0; i < e->options->n_ports; i++)
		if (!e->ports[i].has_router && arp_ask(e, &e->ports[i]) < 0)
			return; // the next time
}

int phase_resolve(struct engine *e)
{
	uint64_t start = rte_rdtsc(), asked = 0, now;
	const struct port *p;

	while ((p = unresolved(e)) != NULL && !turn_stopped(e)) {
		turn(e, &now);
		if (now - start > DEADLINE_S * e->tsc_hz)
			return error_set(&e->error,
				"port %s: its gateway does not answer ARP in %d s",
				p->options->name, DEADLINE_S);
		if (asked != 0 && now - asked < ASK_MS * e->tsc_hz / 1000)
			continue;
		asked = now;
		ask(e);
	}
	return 0;
}

static bool set_arrived(const struct flow_set *s)
{
	const struct control_counts *c = &s->control;

	for (unsigned int d = 0; d < DIRECTIONS; d++)
		if (s->directions[d].counts.received < s->directions[d].counts.sent)
			return false;
	if (c->arrived < c->opened || c->close_arrived < c->closing)
		return false;
	if (s->options->proto != IPPROTO_TCP)
		return true;
	return c->answered >= c->opened &&
	       (s->options->closing != CLOSE_FIN || c->closed >= c->closing);
}

static bool all_arrived(const struct engine *e)
{
	for (unsigned int i = 0; i < e->options->n_sets; i++)
		if (!set_arrived(&e->sets[i]))
			return false;
	return true;
}

// What comes without a pause is waited for longer: this thread may have been late itself.
int phase_drain(struct engine *e)
{
	uint64_t start = rte_rdtsc(), now = start;
	uint64_t most = (uint64_t)(e->options->drain * (double)e->tsc_hz);
	unsigned int n = 1;

	while ((!turn_flush(e) || !all_arrived(e)) &&
		(now - start <= most || (n > 0 && now - start <= most + DEADLINE_S * e->tsc_hz)))
		n = turn(e, &now);
	return 0;
}
