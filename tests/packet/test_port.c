// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The port driver of packet tests: rings in the place of a device.
#include "tests/packet/test_port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "dataplane/port/rxq_map.h"
#include "dataplane/punt/mirror.h"
#include "dataplane/stats/shm.h"

static uint16_t rx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return channel_receive(p->priv, queue, pkts, n);
}

static uint16_t tx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return channel_send(p->priv, queue, pkts, n);
}

static int start(struct port *p)
{
	return 0;
}

static int set_mtu(struct port *p, uint16_t mtu, char *err, size_t errlen)
{
	return 0;
}

static bool link_up(struct port *p)
{
	return true;
}

struct test_device {
	struct channel channel;
	uint64_t lost;
};

static int losses(struct port *p, struct port_losses *out)
{
	*out = (struct port_losses){ .rx_no_buffer = ((struct test_device *)p->priv)->lost };
	return 0;
}

void test_port_lose(struct port *p)
{
	((struct test_device *)p->priv)->lost++;
}

static void close_port(struct port *p)
{
	channel_destroy(p->priv);
	free(p->priv);
	p->priv = NULL;
}

static const struct port_ops ops = {
	.name = "test",
	.rx_burst = rx_burst,
	.tx_burst = tx_burst,
	.start = start,
	.set_mtu = set_mtu,
	.close = close_port,
	.link_up = link_up,
	.losses = losses,
};

// `size`: of the struct whose first member the channel is.
static void *rings(unsigned int n_in, unsigned int n_out, size_t size)
{
	struct channel *c = calloc(1, size);

	if (c == NULL || channel_create_rings(c, n_in, n_out) < 0)
		return NULL;
	c->tap.fd = -1;
	return c;
}

int test_port_create(const struct port_env *env, const struct obj_port *conf, struct port **out,
	char *err, size_t errlen)
{
	struct port *p;

	if (conf->queues == 0 || conf->queues > LIMIT_RXQ)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	p->ops = &ops;
	p->conf = *conf;
	p->id = conf->id;
	p->nb_rxq = conf->queues;
	p->nb_txq = env->workers;
	p->tx_csum = strcmp(conf->address, "nocsum@test") != 0;
	p->tx_multi_seg = true;
	p->ethdev = RTE_MAX_ETHPORTS;
	p->env = env;
	p->priv = rings(conf->queues, env->workers, sizeof(struct test_device));
	p->mirror = rings(1, env->workers, sizeof(struct mirror));
	if (p->priv == NULL || p->mirror == NULL)
		return -ENOMEM;
	p->mirror->owner = mirror_worker(p->id, env->workers);
	p->link_up = true;
	*out = p;
	return 0;
}

int test_port_receive(struct port *p, unsigned int queue, struct rte_mbuf *m)
{
	struct channel *c = p->priv;

	return rte_ring_sp_enqueue(c->in[queue % p->nb_rxq], m);
}

void test_port_discard(struct port *p)
{
	struct channel *c = p->priv;
	void *m;

	for (unsigned int q = 0; q < p->nb_rxq; q++)
		while (rte_ring_sc_dequeue(c->in[q], &m) == 0)
			rte_pktmbuf_free(m);
}

static struct rte_mbuf *take(struct channel *c, unsigned int workers)
{
	void *m;

	for (unsigned int i = 0; i < workers; i++)
		if (rte_ring_sc_dequeue(c->out[i], &m) == 0)
			return m;
	return NULL;
}

struct rte_mbuf *test_port_sent(struct port *p)
{
	return take(p->priv, p->env->workers);
}

struct rte_mbuf *test_port_punted(struct port *p)
{
	return take(&p->mirror->channel, p->env->workers);
}

int test_port_from_kernel(struct port *p, struct rte_mbuf *m)
{
	return rte_ring_sp_enqueue(p->mirror->channel.in[0], m);
}
