// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Memory, ports and tables of a run.
#include "tests/perf/pktgen/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>

#define POOL_CACHE  256
#define RING_PART   2048 // buffers for a queue: what its ring holds, what waits for it
#define POOL_EXTRA  2048 // in the hands of the generator and in the cache
#define SMALL_FRAME (1518 - FRAME_FCS)

static uint32_t longest(const struct options *o)
{
	uint32_t most = SMALL_FRAME;

	for (unsigned int i = 0; i < o->n_sets; i++)
		most = RTE_MAX(most, o->sets[i].size.last - FRAME_FCS);
	return most;
}

// Frames are sent with whatever their buffers hold behind FRAME_HEAD: zeros.
static void clear(struct rte_mempool *pool, void *arg, void *object, unsigned int i)
{
	struct rte_mbuf *m = object;

	memset(m->buf_addr, 0, m->buf_len);
}

static struct rte_mempool *make_pool(struct engine *e, const char *name)
{
	uint32_t queues = 0;
	uint16_t room = (uint16_t)(RTE_PKTMBUF_HEADROOM + RTE_ALIGN(longest(e->options), 64u) + 64);
	struct rte_mempool *pool;

	for (unsigned int i = 0; i < e->options->n_ports; i++)
		queues += e->options->ports[i].queues;
	pool = rte_pktmbuf_pool_create(
		name, queues * RING_PART + POOL_EXTRA, POOL_CACHE, 0, room, SOCKET_ID_ANY);
	if (pool == NULL)
		error_set(&e->error, "no memory for packets (%s): raise --memory",
			rte_strerror(rte_errno));
	else
		rte_mempool_obj_iter(pool, clear, NULL);
	return pool;
}

// Whether anything asks what a flow looks like behind the router.
static bool wants_learned(const struct options *o, const struct set_options *s)
{
	return s->learn || s->measured[REVERSE] || o->check == CHECK_ALL;
}

static int open_set(struct engine *e, unsigned int number)
{
	struct flow_set *s = &e->sets[number];
	const struct set_options *o = &e->options->sets[number];
	uint64_t seed = e->options->seed + number;
	size_t tracked =
		e->options->check == CHECK_ALL ? o->flows : (o->flows + SAMPLE - 1) / SAMPLE;

	s->options = o;
	s->number = (uint8_t)number;
	space_init(&s->space, o->src, o->dst, o->dst_step, o->sport, o->dport);
	churn_init(&s->churn, o->flows, s->space.size);
	s->n_lengths = schedule_lengths(s->lengths, o, seed);
	if (wants_learned(e->options, o)) {
		s->learned = calloc(o->flows, sizeof(*s->learned));
		if (s->learned == NULL)
			return -ENOMEM;
	}
	for (unsigned int d = 0; d < DIRECTIONS; d++) {
		permutation_init(&s->directions[d].order, o->flows, seed + 0x100 * (d + 1));
		if (e->options->check == CHECK_NONE || !o->measured[d])
			continue;
		s->directions[d].tracks = calloc(tracked, sizeof(struct track));
		if (s->directions[d].tracks == NULL)
			return -ENOMEM;
	}
	return 0;
}

int engine_open(struct engine *e, const struct options *o)
{
	e->options = o;
	e->tsc_hz = rte_get_tsc_hz();
	for (unsigned int i = 0; i < o->n_sets; i++)
		if (open_set(e, i) < 0) {
			error_set(&e->error, "no memory for %u flows", o->sets[i].flows);
			return -ENOMEM;
		}
	schedule_init(&e->schedule, o);
	e->rx_pool = make_pool(e, "pktgen_rx");
	e->tx_pool = e->rx_pool != NULL ? make_pool(e, "pktgen_tx") : NULL;
	if (e->tx_pool == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < o->n_ports; i++) {
		e->ports[i].options = &o->ports[i];
		if (port_open(e, &e->ports[i]) < 0)
			return -EIO;
	}
	return 0;
}

void engine_close(struct engine *e)
{
	for (unsigned int i = 0; i < e->options->n_ports; i++)
		port_close(&e->ports[i]);
	for (unsigned int i = 0; i < e->options->n_sets; i++) {
		free(e->sets[i].learned);
		for (unsigned int d = 0; d < DIRECTIONS; d++)
			free(e->sets[i].directions[d].tracks);
	}
	rte_mempool_free(e->rx_pool);
	rte_mempool_free(e->tx_pool);
}
