// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A TAP as a port: the netdev is the other end's, in a namespace of its own. Workers see rings; the
// punt thread spreads what the netdev sends over the receive queues by flow.
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/port/devargs.h"
#include "dataplane/port/driver.h"
#include "dataplane/punt/channel.h"
#include "dataplane/punt/err.h"
#include "dataplane/punt/thread.h"

static_assert(LIMIT_RXQ <= LIMIT_WORKERS, "a channel has a ring per receive queue");

static uint16_t tap_rx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return channel_receive(p->priv, queue, pkts, n);
}

static uint16_t tap_tx_burst(struct port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return channel_send(p->priv, queue, pkts, n);
}

static int tap_start(struct port *p)
{
	return punt_attach(p->env->punt, p->priv);
}

static int tap_port_set_mtu(struct port *p, uint16_t mtu, char *err, size_t errlen)
{
	struct channel *c = p->priv;

	return tap_set_mtu(&c->tap, mtu, err, errlen);
}

static void tap_port_close(struct port *p)
{
	struct channel *c = p->priv;

	punt_detach(p->env->punt, c);
	channel_destroy(c);
	free(c);
}

static bool tap_port_link_up(struct port *p)
{
	const struct channel *c = p->priv;

	return tap_link_up(&c->tap);
}

static const struct port_ops tap_ops = {
	.name = "tap",
	.rx_burst = tap_rx_burst,
	.tx_burst = tap_tx_burst,
	.start = tap_start,
	.set_mtu = tap_port_set_mtu,
	.close = tap_port_close,
	.link_up = tap_port_link_up,
};

void port_kept_tap(const struct obj_port *conf, char name[KEPT_NAME_MAX])
{
	snprintf(name, KEPT_NAME_MAX, "tap:%.*s", (int)KEPT_NAME_MAX - 5, conf->address);
}

int port_tap_open(const struct port_env *env, struct tap *t, const struct tap_conf *conf,
	const char *kept, bool *adopted, char *err, size_t errlen)
{
	int fd = env->adopt_fd != NULL ? env->adopt_fd(env->ctx, kept) : -ENOENT;
	int ret = -ENOENT;

	if (fd >= 0) {
		ret = tap_adopt(t, fd, conf, env->pool, err, errlen);
		if (ret < 0) {
			// It does not fit any more: its netdev must make room for a new one.
			close(fd);
			if (env->forget_fd != NULL)
				env->forget_fd(env->ctx, kept);
		}
	}
	if (adopted != NULL)
		*adopted = ret == 0;
	if (ret < 0)
		ret = tap_create(t, conf, env->pool, err, errlen);
	if (ret == 0 && env->keep_fd != NULL)
		env->keep_fd(env->ctx, kept, t->fd);
	return ret;
}

// The netdev's MAC is the other end's, so the router needs another one: made from the address, to
// be the same after a restart. Locally administered.
static void make_mac(const char *address, uint8_t mac[6])
{
	uint64_t hash = 0xcbf29ce484222325; // FNV-1a

	for (; *address != '\0'; address++)
		hash = (hash ^ (uint8_t)*address) * 0x100000001b3;
	memcpy(mac, &hash, 6);
	mac[0] = 0x02;
}

int port_open_tap(struct port *p, char *err, size_t errlen)
{
	char netdev[MSG_NAME_MAX], netns[64], kept[KEPT_NAME_MAX];
	struct tap_conf conf = { .name = netdev, .netns = netns, .mtu = p->conf.mtu };
	struct channel *c;
	int ret;

	if (!devargs_split_tap(p->conf.address, netdev, netns) ||
		strlen(p->conf.address) + sizeof("tap:") > sizeof(kept))
		return err_set(
			err, errlen, -EINVAL, "\"%s\" is not netdev@namespace", p->conf.address);
	p->nb_rxq = p->conf.queues > 0 ? p->conf.queues : 1;
	p->nb_txq = (uint16_t)p->env->workers;
	if (p->nb_rxq > LIMIT_RXQ)
		return err_set(err, errlen, -EINVAL, "driver tap has at most %d queues", LIMIT_RXQ);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return err_set(err, errlen, -ENOMEM, "out of memory");
	port_kept_tap(&p->conf, kept);
	ret = port_tap_open(p->env, &c->tap, &conf, kept, NULL, err, errlen);
	if (ret < 0) {
		free(c);
		return ret;
	}
	p->ops = &tap_ops;
	p->priv = c;
	p->ethdev = RTE_MAX_ETHPORTS;
	p->tx_csum = p->tx_multi_seg = true;
	if (memcmp(p->conf.mac, (uint8_t[6]){ 0 }, 6) == 0)
		make_mac(p->conf.address, p->conf.mac);
	ret = channel_create_rings(c, p->nb_rxq, p->nb_txq);
	if (ret < 0) {
		if (p->env->forget_fd != NULL)
			p->env->forget_fd(p->env->ctx, kept);
		tap_port_close(p);
		err_set(err, errlen, ret, "no memory for rings");
	}
	return ret;
}
