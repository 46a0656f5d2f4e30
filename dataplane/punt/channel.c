// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The rings of a TAP. They have no names (rte_ring_init on own memory), so there is nothing that
// could clash or be found by others.
#include "dataplane/punt/channel.h"

#include <errno.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>

static struct rte_ring *ring_create(void)
{
	struct rte_ring *r =
		rte_zmalloc("ring", (size_t)rte_ring_get_memsize(LIMIT_RING), RTE_CACHE_LINE_SIZE);

	if (r != NULL && rte_ring_init(r, "", LIMIT_RING, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		rte_free(r);
		return NULL;
	}
	return r;
}

static void ring_free(struct rte_ring *r)
{
	struct rte_mbuf *m;

	if (r == NULL)
		return;
	while (rte_ring_sc_dequeue(r, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	rte_free(r);
}

int channel_create_rings(struct channel *c, unsigned int n_in, unsigned int n_out)
{
	c->n_in = n_in;
	for (unsigned int i = 0; i < n_in; i++)
		if ((c->in[i] = ring_create()) == NULL)
			return -ENOMEM;
	for (unsigned int i = 0; i < n_out; i++)
		if ((c->out[i] = ring_create()) == NULL)
			return -ENOMEM;
	return 0;
}

void channel_destroy(struct channel *c)
{
	for (unsigned int i = 0; i < LIMIT_WORKERS; i++) {
		ring_free(c->in[i]);
		ring_free(c->out[i]);
		c->in[i] = c->out[i] = NULL;
	}
	tap_close(&c->tap);
}
