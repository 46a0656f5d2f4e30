// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A TAP with its rings to and from the workers: what the punt thread serves, mirrors and TAP ports
// alike. Each ring has one producer and one consumer. Created and destroyed by the control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_ring.h>

#include "dataplane/main/limits.h"
#include "dataplane/punt/tap.h"

struct channel {
	struct tap tap;
	unsigned int n_in; // receive queues that packets are spread over by flow
	// From the kernel: the punt thread fills them, a worker each empties them. To the kernel:
	// the reverse, by worker.
	struct rte_ring *in[LIMIT_WORKERS];
	struct rte_ring *out[LIMIT_WORKERS];
	TAILQ_ENTRY(channel) next; // punt thread's list
	bool attached;		   // is in that list; control thread
};

// Rings for `n_in` receive queues and `n_out` workers; the tap must be open. 0 or -ENOMEM.
int channel_create_rings(struct channel *c, unsigned int n_in, unsigned int n_out);
// Frees the rings with what is in them and closes the tap. Not attached to the punt thread.
void channel_destroy(struct channel *c);

// Worker side; never waits.
static inline uint16_t channel_receive(
	struct channel *c, unsigned int queue, struct rte_mbuf **pkts, uint16_t n)
{
	return (uint16_t)rte_ring_sc_dequeue_burst(c->in[queue], (void **)pkts, n, NULL);
}

static inline uint16_t channel_send(
	struct channel *c, unsigned int worker, struct rte_mbuf **pkts, uint16_t n)
{
	return (uint16_t)rte_ring_sp_enqueue_burst(c->out[worker], (void *const *)pkts, n, NULL);
}
