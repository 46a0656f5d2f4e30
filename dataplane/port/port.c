// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A port's life: device and mirror together.
#include "dataplane/port/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/port/devargs.h"
#include "dataplane/port/driver.h"
#include "dataplane/port/rxq_map.h"
#include "dataplane/punt/err.h"
#include "dataplane/punt/mirror.h"
#include "dataplane/punt/thread.h"
#include "dataplane/stats/shm.h"

#define DEFAULT_MTU 1500

void port_kept_mirror(const struct obj_port *conf, char name[KEPT_NAME_MAX])
{
	snprintf(name, KEPT_NAME_MAX, "mirror:%.*s", MSG_NAME_MAX - 1, conf->name);
}

// What no client may send, whatever it is.
static int check_conf(const struct obj_port *conf, char *err, size_t errlen)
{
	if (conf->id == 0 || conf->id >= LIMIT_PORTS)
		return err_set(
			err, errlen, -EINVAL, "port id %u is not 1..%d", conf->id, LIMIT_PORTS - 1);
	if (memchr(conf->name, '\0', sizeof(conf->name)) == NULL ||
		memchr(conf->address, '\0', sizeof(conf->address)) == NULL)
		return err_set(err, errlen, -EINVAL, "text without an end");
	if (!devargs_netdev_ok(conf->name))
		return err_set(
			err, errlen, -EINVAL, "\"%s\" cannot be a netdev's name", conf->name);
	if (conf->mac[0] & 1)
		return err_set(err, errlen, -EINVAL, "the MAC is a group address");
	return 0;
}

static void mirror_destroy(struct port *p)
{
	if (p->mirror == NULL)
		return;
	punt_detach(p->env->punt, &p->mirror->channel);
	channel_destroy(&p->mirror->channel);
	free(p->mirror);
	p->mirror = NULL;
}

static int mirror_create(struct port *p, char *err, size_t errlen)
{
	struct tap_conf conf = {
		.name = p->conf.name,
		.netns = p->env->mirror_netns,
		.mac = p->conf.mac,
		.mtu = p->conf.mtu,
	};
	struct mirror *m = calloc(1, sizeof(*m));
	char kept[KEPT_NAME_MAX];
	bool adopted;
	int ret;

	if (m == NULL)
		return err_set(err, errlen, -ENOMEM, "out of memory");
	m->owner = mirror_worker(p->id, p->env->workers);
	port_kept_mirror(&p->conf, kept);
	ret = port_tap_open(p->env, &m->channel.tap, &conf, kept, &adopted, err, errlen);
	if (ret < 0) {
		free(m);
		return ret;
	}
	p->mirror = m;
	ret = channel_create_rings(&m->channel, 1, p->env->workers);
	// No carrier before the port's link is known; an adopted one keeps what it has, so that
	// routing protocols do not notice a restart.
	if (ret == 0 && !adopted)
		ret = tap_set_carrier(&m->channel.tap, false);
	if (ret < 0)
		err_set(err, errlen, ret, "mirror \"%s\": %s", conf.name, strerror(-ret));
	return ret;
}

static void forget(const struct port *p)
{
	char kept[KEPT_NAME_MAX];

	if (p->env->forget_fd == NULL)
		return;
	if (p->mirror != NULL) {
		port_kept_mirror(&p->conf, kept);
		p->env->forget_fd(p->env->ctx, kept);
	}
	if (p->conf.driver != PORT_TAP)
		return;
	port_kept_tap(&p->conf, kept);
	p->env->forget_fd(p->env->ctx, kept);
}

void port_release(struct port *p)
{
	if (p == NULL)
		return;
	mirror_destroy(p);
	p->ops->close(p);
	free(p);
}

void port_destroy(struct port *p)
{
	if (p == NULL)
		return;
	forget(p);
	port_release(p);
}

static int open_device(struct port *p, char *err, size_t errlen)
{
	if (p->conf.driver == PORT_TAP)
		return port_open_tap(p, err, errlen);
	if (p->conf.driver == PORT_AF_XDP)
		return port_open_xdp(p, err, errlen);
	return port_open_ethdev(p, err, errlen);
}

int port_create(const struct port_env *env, const struct obj_port *conf, struct port **out,
	char *err, size_t errlen)
{
	int ret = check_conf(conf, err, errlen);
	struct port *p;

	if (ret < 0)
		return ret;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return err_set(err, errlen, -ENOMEM, "out of memory");
	p->conf = *conf;
	p->conf.mtu = conf->mtu > 0 ? conf->mtu : DEFAULT_MTU;
	p->id = (uint16_t)conf->id;
	p->env = env;
	ret = open_device(p, err, errlen);
	if (ret < 0) {
		free(p);
		return ret;
	}
	ret = mirror_create(p, err, errlen);
	if (ret < 0) {
		port_destroy(p);
		return ret;
	}
	*out = p;
	return 0;
}

int port_start(struct port *p, char *err, size_t errlen)
{
	int ret = punt_attach(p->env->punt, &p->mirror->channel);

	if (ret == 0)
		ret = p->ops->start(p);
	if (ret < 0)
		return err_set(err, errlen, ret, "port \"%s\" does not start: %s", p->conf.name,
			strerror(-ret));
	port_link_update(p);
	return 0;
}

bool port_equal(const struct obj_port *a, const struct obj_port *b)
{
	return a->id == b->id && a->driver == b->driver && a->queues == b->queues &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 &&
	       strncmp(a->name, b->name, sizeof(a->name)) == 0 &&
	       strncmp(a->address, b->address, sizeof(a->address)) == 0;
}

int port_update(struct port *p, const struct obj_port *conf, char *err, size_t errlen)
{
	uint16_t before = p->conf.mtu;
	uint16_t mtu = conf->mtu > 0 ? conf->mtu : DEFAULT_MTU;
	char unused[1];
	int ret = 0;

	if (mtu != before)
		ret = p->ops->set_mtu(p, mtu, err, errlen);
	if (ret < 0)
		return ret;
	if (mtu != before)
		ret = tap_set_mtu(&p->mirror->channel.tap, mtu, err, errlen);
	if (ret < 0) {
		p->ops->set_mtu(p, before, unused, sizeof(unused));
		return ret;
	}
	p->conf.mtu = mtu;
	return 0;
}

bool port_link_update(struct port *p)
{
	bool up = p->ops->link_up(p);
	bool changed = up != p->link_up;

	tap_set_carrier(&p->mirror->channel.tap, up);
	p->link_up = up;
	return changed;
}

void port_read_losses(struct port *p, struct port_losses *out)
{
	if (p->ops->losses == NULL || p->ops->losses(p, out) < 0)
		*out = (struct port_losses){ 0 };
}
